from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from fer_core.base.errors import NotFound, RunError
from fer_core.base.workspace import Workspace, now
from fer_core.recipes.recipe import load
from fer_core.runs import store
from fer_core.runs.run import EPOCH_COLUMNS, Run
from fer_core.scheduling import start
from fer_core.scheduling.launchers import Local


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def new_run(workspace: Workspace, recipe: str = "compact") -> Run:
    return store.create_run(workspace, "faces", "abc", load(recipe))


def epoch(number: int, accuracy: float, **fields: float) -> str:
    row = {"epoch": number, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": accuracy}
    return json.dumps({**row, "seconds": 2.0, "images_per_second": 100.0, **fields}) + "\n"


def claim(run: Run, pid: int, created: float | None = None, host: str | None = None) -> None:
    process = {"pid": pid, "create_time": created or psutil.Process(pid).create_time()}
    (run.folder / "process.json").write_text(json.dumps({**process, "host": host or socket.gethostname()}))


def test_a_new_run_is_queued_and_complete(workspace: Workspace) -> None:
    run = new_run(workspace)
    assert run.id == "0001-compact"
    assert run.state == "queued"
    assert run.recipe == load("compact")
    assert (run.dataset, run.version, run.workspace) == ("faces", "abc", workspace)
    assert list(run.metrics().columns) == list(EPOCH_COLUMNS)
    assert run.log_tail() == ""
    assert (run.progress.what, run.progress.share, run.evaluation()) == ("", 0.0, {})
    summary = run.summary()
    assert (summary["run"], summary["state"], summary["epochs"]) == ("0001-compact", "queued", 0)
    assert summary["val_accuracy"] is None


def test_ids_are_unique_when_many_start_at_once(workspace: Workspace) -> None:
    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(lambda n: new_run(workspace, ["compact", "model_0"][n % 2]), range(60)))
    numbers = [int(run.id[:4]) for run in runs]
    assert sorted(numbers) == list(range(1, 61))
    assert [r.id for r in store.list_runs(workspace)] == sorted((r.id for r in runs), reverse=True)


def test_a_number_is_not_given_twice_after_its_run_is_gone(workspace: Workspace) -> None:
    run = new_run(workspace)
    run.folder.rename(workspace.root / "elsewhere")
    assert new_run(workspace).id == "0002-compact"


def test_runs_are_found_by_id_number_or_start(workspace: Workspace) -> None:
    first, second = new_run(workspace), new_run(workspace, "model_0")
    assert store.get(workspace, first.id) == first
    assert store.get(workspace, "2") == second
    assert store.get(workspace, "0002-m") == second
    with pytest.raises(NotFound, match="Several"):
        store.get(workspace, "000")
    with pytest.raises(NotFound, match="0002-model_0, 0001-compact"):
        store.get(workspace, "nope")
    with pytest.raises(NotFound, match="no runs yet"):
        store.get(Workspace(workspace.root / "empty"), "1")
    assert store.list_runs(Workspace(workspace.root / "empty")) == []


def test_the_state_follows_the_process(workspace: Workspace) -> None:
    run = new_run(workspace)
    run.update(state="running")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    claim(run, process.pid)
    assert run.state == "running"
    (run.folder / "stop").touch()
    assert run.state == "stopping"
    process.kill()
    # Not waited for: a zombie is as dead.
    deadline = time.monotonic() + 5
    while run.state == "stopping" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert run.status()[0] == "lost"
    process.wait()
    assert run.status()[0] == "lost"
    run.update(state="finished")
    assert run.status() == ("finished", "")


def test_another_process_with_the_same_pid_is_not_the_worker(workspace: Workspace) -> None:
    run = new_run(workspace)
    run.update(state="running")
    claim(run, os.getpid(), created=psutil.Process().create_time() - 100)
    assert run.state == "lost"


def test_a_worker_that_never_came_up_has_failed(workspace: Workspace) -> None:
    run = new_run(workspace)
    run.update(state="starting", launched=now())
    assert run.state == "starting"
    run.update(launched="2020-01-01T00:00:00+00:00")
    assert run.status()[0] == "failed"
    assert "before it could begin" in run.status()[1]


def test_a_worker_on_another_machine_is_believed_while_it_writes(workspace: Workspace) -> None:
    run = new_run(workspace)
    run.update(state="running")
    claim(run, 1, created=1.0, host="elsewhere")
    assert run.state == "running"
    long_ago = time.time() - 1000
    for path in run.folder.glob("*.json*"):
        os.utime(path, (long_ago, long_ago))
    assert run.state == "lost"


def test_summary_tells_of_the_best_epoch(workspace: Workspace) -> None:
    run = new_run(workspace)
    speeds = [50.0, 100.0, 110.0, 120.0]
    lines = [
        epoch(n + 1, a, images_per_second=s)
        for n, (a, s) in enumerate(zip([0.5, 0.8, 0.8, 0.6], speeds, strict=True))
    ]
    (run.folder / "metrics.jsonl").write_text("".join(lines) + '{"epoch": 5, "val')
    summary = run.summary()
    assert (summary["epochs"], summary["best_epoch"], summary["val_accuracy"]) == (4, 2, 0.8)
    assert summary["train_accuracy"] == 0.5
    assert (summary["seconds"], summary["images_per_second"]) == (8.0, 105.0)
    assert list(run.metrics()["epoch"]) == [1, 2, 3, 4]


@pytest.mark.parametrize("content", [b"", b"{", b'{"state": "finis', b"[]", b"\xff\xff"])
def test_damaged_files_do_not_stop_the_list(workspace: Workspace, content: bytes) -> None:
    run = new_run(workspace)
    for name in ("run.json", "progress.json", "process.json", "evaluation.json", "metrics.jsonl", "log.txt"):
        (run.folder / name).write_bytes(content)
    (listed,) = store.list_runs(workspace)
    assert listed.summary()["state"] == "lost"
    assert listed.summary()["epochs"] == 0
    assert listed.metrics().empty


def test_the_recipe_of_a_run_that_lost_it(workspace: Workspace) -> None:
    run = new_run(workspace)
    (run.folder / "recipe.toml").unlink()
    with pytest.raises(RunError, match="recipe"):
        _ = run.recipe


def test_the_log_is_shown_without_what_tensorflow_always_says(workspace: Workspace) -> None:
    run = new_run(workspace)
    chatter = "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    chatter += "I0000 00:00:1795175626.814041   18813 port.cc:153] oneDNN custom operations are on.\n"
    (run.folder / "log.txt").write_text(chatter * 3 + "12:00:00 compact\nI am an error\n")
    assert run.log_tail() == "12:00:00 compact\nI am an error"
    assert run.log_tail(1) == "I am an error"


def test_a_queued_run_is_stopped_at_once_and_never_starts(workspace: Workspace) -> None:
    run = new_run(workspace)
    start.stop(run)
    assert run.status() == ("stopped", "Stopped before it began")
    with pytest.raises(RunError, match="started before"):
        Local().launch(run)


def test_a_run_whose_process_cannot_be_started_has_failed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    run = new_run(workspace)
    with pytest.raises(RunError, match="could not be started"):
        Local().launch(run)
    assert run.state == "failed"


def test_a_worker_that_dies_at_once_is_seen_as_failed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    run = new_run(workspace)
    Local().launch(run)
    assert start.wait(run, timeout=10).state == "failed"


def test_waiting_has_an_end(workspace: Workspace) -> None:
    run = new_run(workspace)
    with pytest.raises(RunError, match="goes on"):
        start.wait(run, timeout=0.05)


def test_reading_many_runs_is_quick(workspace: Workspace) -> None:
    for _ in range(20):
        run = new_run(workspace)
        run.update(state="finished")
        (run.folder / "metrics.jsonl").write_text("".join(epoch(n, 0.5) for n in range(1, 201)))
    began = time.perf_counter()
    assert len([run.summary() for run in store.list_runs(workspace)]) == 20
    assert time.perf_counter() - began < 1


def test_only_runs_that_wait_or_work_are_active(workspace: Workspace) -> None:
    waits, ended, broken = (new_run(workspace) for _ in range(3))
    ended.update(state="finished")
    (broken.folder / "run.json").write_text("{")
    assert [run.id for run in store.list_active(workspace)] == [waits.id]
    waits.update(state="stopped")
    ended.update(state="queued")  # resumed
    assert [run.id for run in store.list_active(workspace)] == [ended.id]
    assert len(store.list_runs(workspace)) == 3
    assert store.list_active(Workspace(workspace.root / "new")) == []
