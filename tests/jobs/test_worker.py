"""Workers that somebody waits for: result, failure, death, limit, and an end with whoever asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fer_core.base.errors import ModelFileError
from fer_core.jobs.worker import WorkerFailed, call

MODULE = """
import os, sys, time
from fer_core.base.errors import ModelFileError
from fer_core.jobs.worker import serve

def work(folder, asked, report):
    print("noise on stdout", flush=True)
    (folder / "pid").write_text(str(os.getpid()))
    report(1, 2, "steps")
    what = asked.get("what")
    if what == "refuse":
        raise ModelFileError("This is no model", received="x")
    if what == "crash":
        raise ZeroDivisionError("by zero")
    if what == "die":
        print("Killed by a lack of memory", file=sys.stderr, flush=True)
        os._exit(7)
    if what == "hang":
        while True:
            time.sleep(0.05)
    report(2, 2, "steps")
    return {"twice": asked["number"] * 2, "backend": os.environ["KERAS_BACKEND"]}

if __name__ == "__main__":
    sys.exit(serve(work))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "some_worker.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "some_worker"


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_worker_answers_and_reports(module: str) -> None:
    told: list[tuple[int, int, str]] = []
    found = call(
        module, {"number": 21}, progress=lambda *at: told.append(at), changes={"KERAS_BACKEND": "jax"}
    )
    assert found == {"twice": 42, "backend": "jax"}
    assert told[-1] == (2, 2, "steps")


def test_failure_and_death_are_told_apart(module: str, tmp_path: Path) -> None:
    for what, reason, died in [
        ("refuse", str(ModelFileError("This is no model", received="x")), False),
        ("crash", "ZeroDivisionError: by zero", False),
        ("die", "Killed by a lack of memory", True),
    ]:
        with pytest.raises(WorkerFailed) as failed:
            call(module, {"what": what}, folder=tmp_path)
        assert (failed.value.reason, failed.value.died) == (reason, died)
    assert call(module, {"number": 1}, folder=tmp_path)["twice"] == 2  # what failed before is forgotten
    with pytest.raises(WorkerFailed, match="no_such_module"):
        call("no_such_module", {})


def test_the_log_of_a_worker_is_lines_of_json_where_that_is_wanted(module: str, tmp_path: Path) -> None:
    with pytest.raises(WorkerFailed):
        call(module, {"what": "crash"}, folder=tmp_path, changes={"FER_LOG": "json"})
    said = json.loads((tmp_path / "log.txt").read_text().splitlines()[-1])
    assert said["level"] == "error"
    assert "ZeroDivisionError: by zero" in said["trace"]


def test_a_worker_that_takes_too_long_or_is_not_wanted_is_ended(module: str, tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        call(module, {"what": "hang"}, folder=tmp_path, limit_s=2.0)
    assert gone(int((tmp_path / "pid").read_text()))
    (tmp_path / "pid").unlink()

    def stop(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(module, {"what": "hang"}, folder=tmp_path, progress=stop)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_worker_ends_when_whoever_asked_is_killed(module: str, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from fer_core.jobs.worker import call\n"
        "call('some_worker', {'what': 'hang'}, folder=Path(sys.argv[1]))"
    )
    asks = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], start_new_session=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "progress.json").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    pid = int((tmp_path / "pid").read_text())
    os.kill(asks.pid, signal.SIGKILL)
    asks.wait()
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(pid)
