from __future__ import annotations

from pathlib import Path

import pytest

from fer_core.base.errors import RunError
from fer_core.base.workspace import Workspace, now
from fer_core.recipes.recipe import load
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.scheduling import launchers, queue


class Cluster:
    """A second place, as an extension would write it."""

    name = "cluster"

    def __init__(self) -> None:
        self.launched: list[str] = []

    def slots(self) -> int:
        return 2

    def launch(self, run: Run) -> None:
        self.launched.append(run.id)
        run.update(state="running", launched=now())


def test_the_queue_uses_whatever_place_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    monkeypatch.setitem(launchers.LAUNCHERS, "cluster", cluster)
    monkeypatch.setenv("FER_LAUNCHER", "cluster")
    runs = [create_run(Workspace(tmp_path), "faces", "v", load("compact")) for _ in range(3)]
    for run in runs:
        queue.add(run)
    assert cluster.launched == [run.id for run in runs[:2]]
    assert [run.info.get("launcher") for run in runs] == ["cluster", "cluster", None]
    assert [run.id for run in queue.waiting(Workspace(tmp_path))] == [runs[2].id]


def test_a_place_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_LAUNCHER", "moon")
    with pytest.raises(RunError, match=r"must be one of \{'local'\}.*moon"):
        launchers.configured_launcher()
