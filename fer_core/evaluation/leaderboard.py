"""The rows of the leaderboard: every run of a workspace, read once and again only when its files change."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fer_core.evaluation import cost, marks
from fer_core.evaluation.report import leaderboard
from fer_core.runs.run import ACTIVE, Run
from fer_core.runs.store import list_runs
from fer_core.workspace import Workspace

EXTRA: tuple[str, ...] = (
    "created", "resumed", "experiment", "member", "number", "seed", "recipe_key", "star", "tags", "note", "archived",
    "on", "promoted", "flops", "model_bytes", "ms", "ms_32", "energy",
)  # fmt: skip
"""What a row has besides `report.COLUMNS`."""
_WATCHED = ("run.json", "metrics.jsonl", "evaluation.json", "marks.json", "recipe.toml", "cost.json")
_SEED = re.compile(r"^seed\s*=.*$", re.MULTILINE)
_known: dict[Path, tuple[tuple[int, ...], dict[str, Any]]] = {}
_MOST = 4000  # rows kept in memory


def rows(workspace: Workspace) -> list[dict[str, Any]]:
    """One row per run, newest first.

    Returns:
        as `report.leaderboard`, with created and resumed (UTC or None), experiment and member (what it is one of
        several of), number (of its version), recipe_key (equal for runs that differ in their seed alone), star, tags,
        note, archived, on (ids of other versions it has predictions for), promoted (it answers on Try it), energy
        (watt hours of its training, estimated), and what `cost.measure` found: flops, model_bytes, ms and ms_32 (per
        face, one at a time and 32 at once); None until somebody measured.
    """
    return [row for row, _ in stamped(workspace)]


def stamped(workspace: Workspace) -> list[tuple[dict[str, Any], tuple[int, ...]]]:
    """`rows`, each with numbers that stay the same while nothing about the run changes; of one at work they never do."""
    if len(_known) > _MOST:
        _known.clear()
    chosen = marks.promoted(workspace)
    found = [(run.id == chosen, *_row(run)) for run in list_runs(workspace)]
    return [({**row, "promoted": promoted}, stamp) for promoted, row, stamp in found]


def folded(rows: Sequence[dict[str, Any]], fold: bool = True) -> list[list[dict[str, Any]]]:
    """Rows that differ in their seed alone together, if `fold`; the best on validation first."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        same = (row["recipe_key"], row["version"]) if row["recipe_key"] else None
        key = same if fold and same and row["state"] in ("finished", "stopped") else row["run"]
        groups.setdefault(key, []).append(row)
    return [sorted(group, key=lambda r: -(r["val_accuracy"] or 0)) for group in groups.values()]


def _row(run: Run) -> tuple[dict[str, Any], tuple[int, ...]]:
    stamp = _stamp(run.folder)
    held = _known.get(run.folder)
    if held is not None and held[0] == stamp:
        return held[1], stamp
    (row,) = leaderboard([run])
    info = run.info
    row |= {name: info.get(name) for name in ("created", "resumed", "experiment", "member", "seed")}
    row["number"] = info.get("version_number")
    row["recipe_key"] = _recipe_key(run.folder)
    row["on"] = sorted(path.name.removeprefix("on-") for path in run.folder.glob("on-*") if path.is_dir())
    row |= marks.read(run) | _cost(run, row)
    if row["state"] in ACTIVE:  # what is at work changes without a file of its own
        return row, (time.monotonic_ns(),)
    _known[run.folder] = (stamp, row)
    return row, stamp


def _cost(run: Run, row: dict[str, Any]) -> dict[str, Any]:
    found = cost.stored(run) if (run.folder / cost.FILE).is_file() else {}
    times = found.get("ms") or {}
    seconds, device = row.get("seconds"), str(row.get("device") or "")
    return {
        "flops": found.get("flops"),
        "model_bytes": found.get("model_bytes"),
        "ms": times.get("1"),
        "ms_32": times.get("32"),
        "energy": cost.energy(device, float(seconds)) if seconds and device else None,
    }


def _stamp(folder: Path) -> tuple[int, ...]:
    place = str(folder)  # hundreds of runs are asked for with every draw: no objects for paths
    found = [os.stat(place).st_mtime_ns]
    for name in _WATCHED:
        try:
            about = os.stat(f"{place}/{name}")
        except OSError:
            found.append(0)
        else:
            found += [about.st_mtime_ns, about.st_size]
    return tuple(found)


def _recipe_key(folder: Path) -> str:
    try:
        return recipe_key((folder / "recipe.toml").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def recipe_key(text: str) -> str:
    """A digest of a `recipe.toml` that is equal for recipes that differ in their seed alone."""
    return hashlib.blake2b(_SEED.sub("", text).encode(), digest_size=8).hexdigest()
