"""The figures of the soak: they add up over calls, and every promise that was broken is kept with its words."""

from __future__ import annotations

import json
from pathlib import Path

_WORDS = {
    "kills": "killed before a file operation, or with kill -9",
    "lost": "acknowledged and lost",
    "half": "half visible, or lost by others",
    "not_repeatable": "not repeatable, or ended with other bits",
    "inputs": "hostile inputs",
    "faults": "ended as a fault in the program",
    "outside": "wrote outside the workspace",
    "files": "files damaged (half, middle, gone, wrong shape)",
    "not_named": "not named by the doctor",
    "harmed": "harmed something else",
    "sessions": "sessions at once during a training",
    "pages": "pages drawn",
    "failed_pages": "pages that failed",
    "p50_ms": "median of a page, ms",
    "p95_ms": "95th percentile of a page, ms",
    "memory_mb": "memory of the server at the end, MB",
    "growth_mb": "growth over the second half, MB",
    "seconds": "seconds spent",
}


class Figures:
    """What is known so far.

    Args:
        path: the file that keeps it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        known = json.loads(path.read_text()) if path.is_file() else {}
        self.parts: dict[str, dict[str, float]] = known.get("parts", {})
        self.broken: list[dict[str, str]] = known.get("broken", [])

    def add(self, part: str, **counts: float) -> None:
        """Add to counts of a part; those of milliseconds and memory are of the last call."""
        row = self.parts.setdefault(part, {})
        for name, value in counts.items():
            row[name] = value if name.endswith(("_ms", "_mb")) else row.get(name, 0) + value

    def broke(self, part: str, words: str) -> None:
        """A promise was not kept."""
        self.broken.append({"part": part, "words": words[:2000]})
        self.keep()

    def keep(self) -> None:
        """Write it down."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps({"parts": self.parts, "broken": self.broken}, indent=1) + "\n")

    def table(self) -> str:
        """As Markdown."""
        lines = ["| part | what | figure |", "| --- | --- | ---: |"]
        for part, row in self.parts.items():
            lines += [f"| {part} | {_WORDS.get(name, name)} | {value:,.0f} |" for name, value in row.items()]
        return "\n".join(lines)
