"""After an import the pictures are compared: at once where that is quick, else by a job; once, and not where refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.datasets import open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates import reach
from fer_core.duplicates.first_comparison import compare_newest
from fer_core.duplicates.scan_store import stored_pairs
from fer_core.jobs.task import Task


def test_the_sample_is_compared_when_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["sample", "--name", "later", "--no-compare"])
    assert done.exit_code == 0, done.output
    later = open_dataset(Workspace(tmp_path), "later")
    assert stored_pairs(later, later.head) is None
    assert CliRunner().invoke(cli, ["sample"]).exit_code == 0
    sample = open_dataset(Workspace(tmp_path), "sample")
    assert stored_pairs(sample, sample.head) is not None
    assert not jobs.recent(Workspace(tmp_path))


def test_a_larger_set_is_compared_by_one_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "AT_ONCE_UP_TO", 3)
    started: list[Task] = []

    def start(workspace: Workspace, task: Task) -> jobs.Job:
        started.append(task)
        return jobs.Job(tmp_path / "job-7")

    monkeypatch.setattr(jobs, "start", start)
    small = make_sample(Workspace(tmp_path), count=120)
    assert compare_newest(small) == jobs.Job(tmp_path / "job-7")
    assert started == [jobs.tasks.FindCopies("sample", small.head, "exact,near,mirrored", reach.DISTANCE)]
    monkeypatch.setattr(reach, "AT_ONCE_UP_TO", 4000)
    assert compare_newest(small) is None
    monkeypatch.setattr(reach, "AT_ONCE_UP_TO", 3)
    assert compare_newest(small) is None, "everything is compared: a second look starts nothing"
    assert len(started) == 1
