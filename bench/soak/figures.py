"""The figures of the soak: they add up over calls, and every promise that was broken is kept with its words."""

from __future__ import annotations

import json
import time
from pathlib import Path

ENOUGH = {
    "killed": ("kills", 60),
    "killed while reviewing": ("kills", 20),
    "killed while training": ("kills", 12),
    "killed while searching": ("kills", 12),
    "killed while serving": ("kills", 12),
    "mutated": ("inputs", 10_000),
    "used": ("seconds_used", 3600),
}
"""Part -> the figure that bounds it, over all calls; the other parts end by themselves or with their time."""
_WORDS = {
    "kills": "killed before a file operation, or with kill -9",
    "lost": "acknowledged and lost",
    "half": "half visible, or lost by others",
    "not_repeatable": "not repeatable, or ended with other bits",
    "inputs": "hostile inputs",
    "of_them_file": "of them files",
    "of_them_setting": "of them settings of recipes",
    "of_them_address": "of them paths of addresses",
    "faults": "ended as a fault in the program, or not within a minute",
    "outside": "wrote outside the workspace",
    "files": "files damaged (half, middle, gone, wrong shape)",
    "not_named": "not named by the doctor",
    "harmed": "harmed something else",
    "sessions": "sessions at once during a training",
    "pages": "pages drawn",
    "failed_pages": "pages that failed",
    "decisions": "decisions acknowledged",
    "p50_ms": "median of a page, ms",
    "p95_ms": "95th percentile of a page, ms",
    "memory_mb": "memory of the server at the end, MB",
    "growth_mb": "growth over the second half, MB",
    "seconds_used": "seconds of scripted use",
    "seconds": "seconds spent",
}


class Figures:
    """What is known so far. Several parts may be at work at once, each in a process of its own.

    Args:
        folder: keeps a file for each part.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.parts: dict[str, dict[str, float]] = {}
        self.broken: list[dict[str, str]] = []
        for path in sorted(folder.glob("*.json")):
            known = json.loads(path.read_text())
            self.parts[path.stem] = known["figures"]
            self.broken += [{"part": path.stem, "words": words} for words in known["broken"]]

    def add(self, part: str, **counts: float) -> None:
        """Add to counts of a part; those of milliseconds and memory are of the last call. Written at once."""
        row = self.parts.setdefault(part, {})
        for name, value in counts.items():
            row[name] = value if name.endswith(("_ms", "_mb", "_at_end")) else row.get(name, 0) + value
        self._keep(part)

    def broke(self, part: str, words: str) -> None:
        """A promise was not kept."""
        self.broken.append({"part": part, "words": words[:2000]})
        self._keep(part)

    def goes_on(self, part: str, until: float) -> bool:
        """Whether there is time left, and the part has not reached what is enough."""
        name, enough = ENOUGH.get(part, ("", 0))
        return time.monotonic() < until and not (name and self.parts.get(part, {}).get(name, 0) >= enough)

    def _keep(self, part: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        broken = [each["words"] for each in self.broken if each["part"] == part]
        told = {"figures": self.parts.setdefault(part, {}), "broken": broken}
        waiting = self._folder / f"{part}.json.new"
        waiting.write_text(json.dumps(told, indent=1) + "\n")
        waiting.replace(self._folder / f"{part}.json")

    def table(self) -> str:
        """As Markdown."""
        lines = ["| part | what | figure |", "| --- | --- | ---: |"]
        for part, row in self.parts.items():
            lines += [
                f"| {part} | {_WORDS.get(name, name.replace('_', ' '))} | {value:,.0f} |"
                for name, value in row.items()
            ]
        return "\n".join(lines)
