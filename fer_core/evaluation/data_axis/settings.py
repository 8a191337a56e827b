"""The data a run has learned from as settings like those of its recipe: copies, pictures, labels, merged ones, splits.

of_run(run)          # {"data.version": "v3", "data.copies": "1,456 dropped, v2", "data.merged": "none", ...}
name(run)            # "v3"
told(first, second)  # "v1 → v3 (1,456 copies dropped, 310 relabelled)"

A value names the version that changed it last, so that equal words mean equal data.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from fer_core.base.errors import FerError
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.data.versions import Version
from fer_core.evaluation.data_axis.changes import VersionStep, between, steps
from fer_core.review.lineage import lineage
from fer_core.runs.run import Run
from fer_core.splits.merge import save

PREFIX = "data."
VERSION = "data.version"
_NONE = "none"
_known: dict[tuple[str, str], tuple[int, dict[str, str]]] = {}
_MOST = 4000  # versions kept in memory


def of_run(run: Run) -> Mapping[str, str]:
    """What is known of the version a run has learned from, by dotted name. Do not change it.

    A version that is gone, or whose pictures are, has its id alone: it is equal to itself and to nothing else.
    """
    folder = f"{run.workspace.data}/{run.dataset}/versions"
    try:
        stamp = os.stat(folder).st_mtime_ns
    except OSError:
        return _gone(run)
    key = (folder, run.version)
    held = _known.get(key)
    if held is None or held[0] != stamp:
        if len(_known) > _MOST:
            _known.clear()
        held = _known[key] = (stamp, _read(run))
    return held[1]


def name(run: Run) -> str:
    """`v3`, the version a run has learned from; with the start of its id where it is gone."""
    return of_run(run)[VERSION]


def number(run: Run) -> int:
    """Of the version a run has learned from, for its place in an order; 0 where it is not known."""
    return int(run.info.get("version_number") or 0)


def told(first: Run, second: Run) -> str:
    """`v1 → v3 (1,456 copies dropped)`: what the second has learned from otherwise; "" where it is the same version."""
    if (first.dataset, first.version) == (second.dataset, second.version):
        return ""
    return " → ".join(told_sides(first, second))


def told_sides(first: Run, second: Run) -> tuple[str, str]:
    """`v1` and `v3 (1,456 copies dropped)`: what two runs of different versions have learned from."""
    before, after = name(first), name(second)
    if first.dataset != second.dataset:
        return f"{first.dataset} {before}", f"{second.dataset} {after}"
    try:
        words = between(open_dataset(first.workspace, first.dataset), first.version, second.version).words
    except (FerError, OSError):
        words = "what was done is not known: a version is gone or damaged"
    return before, f"{after} ({words})"


def _gone(run: Run) -> dict[str, str]:
    known = number(run)
    return {VERSION: f"{f'v{known} ' if known else ''}{run.version[:6]}, gone"}


def _read(run: Run) -> dict[str, str]:
    try:
        dataset = open_dataset(run.workspace, run.dataset)
        path = steps(dataset, run.version)
        way = lineage(dataset.versions(), run.version)
        if not way:
            return _gone(run)
        found = {"version": f"v{way[-1].number}", **_parts(dataset, way[0], path)}
    except (FerError, OSError, ValueError):
        return _gone(run)
    return {f"{PREFIX}{part}": value for part, value in found.items()}


def _parts(dataset: Dataset, start: Version, path: list[VersionStep]) -> dict[str, str]:
    """The settings of a version, from every step that led to it from `start`."""
    # Above a version that was deleted or cannot be read, nobody knows what was done.
    nothing = _NONE if start.parent is None else f"not known before v{start.number}"
    result = dict.fromkeys(("copies", "pictures", "labels", "merged", "splits"), nothing)
    result["origin"] = f"v{start.number}"  # another one where a version between was deleted
    if not path:
        return result
    net = between(dataset, start.id, path[-1].version.id)
    words = {
        "copies": f"{net.copies:,} dropped",
        "pictures": f"{net.dropped:,} dropped" + (f" {net.added:,} added" if net.added else ""),
        "labels": f"{net.relabelled:,} changed",
        "merged": f"{net.merged:,} added",
        "splits": "made anew",
    }
    for step in path:
        for part in _touched(step):
            result[part] = f"{words[part]}, v{step.version.number}"
    return result


def _touched(step: VersionStep) -> list[str]:
    """Which settings a version changed; "pictures" of one that changed nothing of these, such as a file's own pixels."""
    merges = step.version.operation == save.OPERATION
    found = {
        "copies": step.copies,
        "pictures": step.dropped or (step.new and not merges),
        "labels": step.relabelled,
        "merged": step.new and merges,
        "splits": step.moved,
    }
    return [part for part, images in found.items() if images] or ["pictures"]
