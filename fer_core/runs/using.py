"""Which runs work with a dataset right now."""

from __future__ import annotations

from fer_core.runs import store
from fer_core.workspace import Workspace

_BUSY = ("starting", "running", "stopping", "pausing")


def busy_runs(workspace: Workspace, dataset: str) -> list[str]:
    """Ids of runs that are training on the dataset of that name: it must not be removed under them."""
    return [
        run.id
        for run in store.list_runs(workspace)
        if run.summary()["dataset"] == dataset and run.state in _BUSY
    ]
