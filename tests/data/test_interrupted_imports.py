"""Imports that are interrupted, killed or overtaken: nothing half-written stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_pictures import assert_nothing_left, write_tree

from fer_core.base.errors import AlreadyExists
from fer_core.base.workspace import Workspace
from fer_core.data import datasets
from fer_core.data.datasets import import_dataset, list_datasets
from fer_core.jobs import this_process


def test_a_name_taken_while_importing(workspace: Workspace, source: Path) -> None:
    def another(done: int, total: int, what: str) -> None:
        if done:
            write_tree(workspace.data, {"faces/dataset.json": b"{}"})

    with pytest.raises(AlreadyExists):
        import_dataset(workspace, source, "faces", progress=another)
    assert os.listdir(workspace.data) == ["faces"]


def test_an_import_that_is_interrupted_leaves_nothing(workspace: Workspace, source: Path) -> None:
    def interrupt(done: int, total: int, what: str) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(workspace, source, "faces", progress=interrupt)
    assert_nothing_left(workspace)
    import_dataset(workspace, source, "faces")


def test_what_a_killed_import_left_is_removed_by_the_next(workspace: Workspace, source: Path) -> None:
    code = (
        "import sys, os, pathlib; from fer_core.data.datasets import import_dataset; "
        "from fer_core.base.workspace import Workspace\n"
        "import_dataset(Workspace(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), 'faces',"
        " progress=lambda done, total, what: os._exit(9) if done else None)"
    )
    root = Path(datasets.__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", code, str(workspace.root), str(source)], cwd=root, timeout=60
    )
    assert ended.returncode == 9
    assert len(os.listdir(workspace.data)) == 1
    assert list_datasets(workspace) == []
    import_dataset(workspace, source, "faces")
    assert os.listdir(workspace.data) == ["faces"]


def test_an_import_that_still_runs_is_left_alone(workspace: Workspace, source: Path) -> None:
    elsewhere = {**this_process(), "host": "another", "pid": 1 << 22}
    for number, owner in ((12, this_process()), (13, elsewhere)):
        write_tree(workspace.data, {f".other.{number}.tmp/.importing": json.dumps(owner).encode()})
    import_dataset(workspace, source, "faces")
    assert (workspace.data / ".other.12.tmp").exists()
    assert (workspace.data / ".other.13.tmp").exists()
