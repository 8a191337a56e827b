"""What interrupted work left is removed at the next start; what somebody still writes, and what is somebody's own, stays."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from fer_core.base.atomic import new_file, new_folder
from fer_core.base.locks import locked
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.jobs import this_process
from fer_core.recipes.recipe import load
from fer_core.runs import store
from fer_core.scheduling import queue, resume
from fer_core.upkeep.sweep import sweep

OLD = time.time() - 40 * 86400


def killed_while(write: object, target: Path) -> None:
    """A process that ends without a word while it fills a file or folder."""
    if not (child := os.fork()):
        with write(target) as place:  # type: ignore[operator]
            place.mkdir() if not place.exists() else (place / "half").write_text("half")
            os._exit(9)
    os.waitpid(child, 0)


def old(path: Path, content: str | None = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content) if content is not None else path.mkdir()
    os.utime(path, (OLD, OLD))
    return path


def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(home: Workspace) -> None:
    faces = home.data / "faces"
    before = {path for path in home.root.rglob("*") if path.is_file()}
    killed_while(new_folder, home.data / "new")
    killed_while(new_folder, faces / "versions" / "0123456789abcdef")
    killed_while(new_file, home.runs / "0001-compact" / "model.onnx")
    kept = faces / "source" / ".theirs.1234abcd.tmp"
    kept.mkdir(parents=True)
    gone = home.data / ".removed.1234abcd.gone"
    old(gone / "source" / "face.png")
    with new_file(faces / "dataset.json") as alive:
        alive.write_text("{}")
        assert len(sweep(home, young=0)) == 4
        assert alive.parent.exists()
        left = [path for path in home.root.rglob(".*") if path.name.endswith((".tmp", ".gone"))]
        assert sorted(left) == sorted([kept, alive.parent])
        alive.write_bytes((faces / "dataset.json").read_bytes())
    assert before <= {path for path in home.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("owner", "age", "stays"), [
    ({}, 3600, True), ({"pid": 1 << 22, "ticks": 1}, 3600, False),
    ({"host": "another", "pid": 1 << 22}, 3600, True), ({"host": "another", "pid": 1 << 22}, 90000, False),
])  # fmt: skip
def test_an_import_by_a_version_without_locks_is_left_alone(
    home: Workspace, tmp_path: Path, owner: dict[str, object], age: int, stays: bool
) -> None:
    """It says whose it is: a process here that lives, or one of another machine that began within a day."""
    folder = home.data / ".new.1f2e3d4c.tmp"
    folder.mkdir()
    (folder / ".importing").write_text(json.dumps({**this_process(), **owner}))
    for path in (folder / ".importing", folder):
        os.utime(path, (time.time() - age,) * 2)
    assert bool(sweep(home)) != stays
    assert folder.exists() == stays


def test_uploads_exports_and_jobs_that_nobody_needs_go(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = old(home.jobs / "uploads" / "1-closed-tab.zip")
    read = old(home.jobs / "uploads" / "2-being-read.zip")
    fresh = home.jobs / "uploads" / "3-open-tab.zip"
    fresh.write_text("")
    export = old(home.exports / "faces.zip")
    sample = home.data / ".sample-0123abcd"
    old(sample / "faces" / "face.png")
    os.utime(sample, (OLD, OLD))
    job = home.jobs / "20261101-000000-000000-aaaa"
    job.mkdir()
    task = {
        "kind": "import",
        "parameters": {"path": str(read), "dataset": "x"},
        "created": "2026-11-01T00:00:00+00:00",
    }
    (job / "job.json").write_text(json.dumps(task))
    (job / "process.json").write_text(json.dumps(this_process()))
    removed = sweep(home)
    assert {closed, export, sample} == {home.root / name for name in removed}
    assert read.exists()
    assert fresh.exists()


def test_of_two_who_start_at_once_one_sweeps(home: Workspace) -> None:
    old(home.data / ".removed.1234abcd.gone" / "face.png")
    with locked(home.root / ".sweep.lock"):
        assert sweep(home) == []
    assert sweep(home) == ["data/.removed.1234abcd.gone"]


def test_a_run_that_goes_on_has_room_again_to_say_how_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_sample(Workspace(tmp_path), count=120)

    run = store.create_run(dataset.workspace, dataset.name, dataset.head, load("compact"))
    size = (run.folder / "reserve").stat().st_size
    (run.folder / "reserve").unlink()
    run.update(state="failed")
    monkeypatch.setattr(queue, "add", lambda run: None)
    resume.resume(run)
    assert (run.folder / "reserve").stat().st_size == size
