"""Look at everything of a workspace, say what is damaged and what that harms, and mend what can be mended.

    found = examine(workspace)
    [finding.path for finding in found.findings]
    repair(found)                                # {path: what was done}

Nothing is ever deleted: what cannot be made again and stands in the way is set aside, in `.damaged/` of the workspace.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from fer_core.base.errors import FerError
from fer_core.base.jsonl import append_line, read_lines
from fer_core.base.workspace import Workspace, now
from fer_core.data.datasets import list_datasets
from fer_core.jobs.reporter import ProgressFn
from fer_core.upkeep import datasets, runs
from fer_core.upkeep.findings import SET_ASIDE, Examination

_BEGUN = "It was begun; whether it was done is not known."


class Mended(NamedTuple):
    """What was done about a finding, or why nothing could be, in a sentence."""

    path: str
    done: bool
    words: str


def examine(workspace: Workspace, progress: ProgressFn | None = None) -> Examination:
    """Read everything that has a checksum, and what has none as far as it tells of itself. Changes nothing."""
    found = Examination(workspace, progress)
    for dataset in list_datasets(workspace):
        datasets.examine(found, dataset)
    runs.examine(found)
    return found


def repair(found: Examination, told: list[Mended] | None = None) -> list[Mended]:
    """Do what can be done about each finding, in order; `told` has what is done when it is, also where this is stopped.

    Each step is written down before and after, for `interrupted`.
    """
    result, log = [] if told is None else told, _log(found.workspace)
    for finding in found.findings:
        if finding.repair:
            try:
                append_line(log, {"path": finding.path, "words": _BEGUN}, durable=True)
                result.append(Mended(finding.path, True, finding.repair()))
            except (FerError, OSError, ValueError) as error:
                result.append(Mended(finding.path, False, str(error)))
            with suppress(OSError):
                append_line(log, {"path": finding.path, "words": result[-1].words}, durable=True)
    if log.exists():
        append_line(log, {"ended": now()})
    return result


def interrupted(workspace: Workspace) -> dict[str, str]:
    """What the last repair had done where it was killed before its end, path -> words; {} where it came to its end."""
    lines = read_lines(_log(workspace))[0]
    after = max((number for number, line in enumerate(lines, 1) if "ended" in line), default=0)
    return {str(line["path"]): str(line["words"]) for line in lines[after:]}


def _log(workspace: Workspace) -> Path:
    return workspace.root / SET_ASIDE / "repairs.jsonl"
