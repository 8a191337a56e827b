"""Verbs as jobs: progress, result, failure and stop, as the pages read them."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from calling import IMAGES
from PIL import Image

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.jobs.tasks import AddSample, Import, RankLabels


class Misspelt(AddSample):
    """As an app and a command line of two versions would meet."""

    def command(self, job: Path) -> list[str]:
        return ["sample", f"--job={job}", "--nmae=a"]


@pytest.fixture
def workspace(home: Path) -> Workspace:
    return Workspace(home)


def ended(job: jobs.Job, limit_s: float = 60) -> jobs.Job:
    deadline = time.monotonic() + limit_s
    while job.state == "running":
        assert time.monotonic() < deadline, job.log_tail()
        time.sleep(0.05)
    return job


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """More pictures than can be read before somebody presses Stop."""
    noise, file = np.random.default_rng(1), tmp_path / "many.zip"
    pixels = [noise.integers(0, 256, (48, 48), dtype=np.uint8) for _ in range(40)]
    encoded = []
    for number, picture in enumerate(pixels):
        path = tmp_path / f"{number}.png"
        Image.fromarray(picture).save(path)
        encoded.append(path.read_bytes())
    with zipfile.ZipFile(file, "w") as writer:
        for number in range(40_000):
            writer.writestr(f"train/{('happy', 'sad')[number % 2]}/{number}.png", encoded[number % 40])
    return file


def test_an_import_reports_and_a_stop_leaves_nothing(workspace: Workspace, archive: Path) -> None:
    upload = workspace.jobs / "uploads" / "many.zip"
    upload.parent.mkdir(parents=True)
    archive.rename(upload)
    job = jobs.start(workspace, Import(str(upload), "many", own=True))
    deadline = time.monotonic() + 60
    while not job.progress.done and time.monotonic() < deadline:
        time.sleep(0.01)
    assert job.progress.total == 40_000
    assert job.progress.what == "images"
    job.stop()
    assert (job.state, job.error) == ("stopped", "")
    assert [path.name for path in workspace.data.iterdir()] == ["faces"]
    assert not upload.exists()


def test_a_ranking_leaves_its_result(workspace: Workspace) -> None:
    job = ended(jobs.start(workspace, RankLabels("faces", "v1")))
    assert job.state == "finished", job.log_tail()
    assert job.result["likely_wrong"] > 0
    assert job.result["name"] == "faces"


def test_a_failure_is_told_in_words(workspace: Workspace, tmp_path: Path) -> None:
    started = [
        jobs.start(workspace, Import(str(tmp_path / "nothing"), "a")),
        jobs.start(workspace, Misspelt("a")),
    ]
    gone, misspelt = (ended(job) for job in started)
    assert gone.state == misspelt.state == "failed"
    assert gone.error.startswith("There is nothing at that path.")
    assert "--nmae" in misspelt.error
    assert "Traceback" not in gone.log_tail() + misspelt.log_tail()


def test_a_failure_still_to_be_noted_is_not_a_loss(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is gone, and whoever started it has not yet written how it ended: that is no "lost"."""
    noted, note = threading.Event(), jobs.job._note_failure

    def late(job: jobs.Job) -> Callable[[int], None]:
        def ended(status: int) -> None:
            noted.wait(60)
            note(job)(status)

        return ended

    monkeypatch.setattr(jobs.job, "_note_failure", late)
    job = jobs.start(workspace, Misspelt("a"))
    number = json.loads((job.folder / "process.json").read_text())["pid"]
    while psutil.pid_exists(number):
        time.sleep(0.02)
    assert job.state == "running"
    noted.set()
    assert ended(job).state == "failed"


def test_the_sample_as_a_job(workspace: Workspace) -> None:
    job = ended(jobs.start(workspace, AddSample("faces")))
    assert job.state == "finished", job.log_tail()
    assert job.result["images"] + job.result["unreadable"] == IMAGES
