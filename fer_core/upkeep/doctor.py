"""Look at everything of a workspace, say what is damaged and what that harms, and mend what can be mended.

    found = examine(workspace)
    [finding.path for finding in found.findings]
    repair(found)                                # {path: what was done}

Nothing is ever deleted: what cannot be made again and stands in the way is set aside, in `.damaged/` of the workspace.
"""

from __future__ import annotations

from typing import NamedTuple

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import list_datasets
from fer_core.jobs.reporter import ProgressFn
from fer_core.upkeep import datasets, runs
from fer_core.upkeep.findings import Examination


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
    """Do what can be done about each finding, in order; `told` has what is done when it is, also where this is stopped."""
    result = [] if told is None else told
    for finding in found.findings:
        if finding.repair:
            try:
                result.append(Mended(finding.path, True, finding.repair()))
            except (FerError, OSError, ValueError) as error:
                result.append(Mended(finding.path, False, str(error)))
    return result
