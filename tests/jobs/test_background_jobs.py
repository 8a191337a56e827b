"""Jobs: started, followed, stopped, and never said to run when they do not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image

from fer_core import jobs
from fer_core.data.datasets import open_dataset
from fer_core.errors import JobError, NotFound, SourceError
from fer_core.jobs import Job, Reporter, process_alive
from fer_core.workspace import Workspace

SCRIPT = """
import subprocess, sys, time
from pathlib import Path
from fer_core.jobs import Reporter
from fer_core.errors import SourceError
what, folder = sys.argv[1], Path(sys.argv[-1])
print("started", what, flush=True)
if what == "bad option":
    sys.exit("fer_core: No such option: --colour")
report = Reporter(folder)
try:
    for n in range(1, 4):
        report(n, 3, "images")
    if what == "fail":
        raise SourceError("Nothing is there", received="x.zip")
    if what == "crash":
        raise ZeroDivisionError("by zero")
    if what == "hang":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        (folder / "child").write_text(str(child.pid))
        time.sleep(60)
    if what == "stubborn":
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (folder / "child").write_text("0")
        time.sleep(60)
except BaseException as error:
    report.fail(error)
    raise
report.finish({"images": 3})
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run the script above instead of the command line."""
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.setattr(jobs, "_COMMAND", (sys.executable, str(tmp_path / "script.py")))


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def ended(job: Job) -> Job:
    until(lambda: job.state != "running")
    return job


@pytest.mark.usefixtures("scripted")
def test_a_job_that_finishes(workspace: Workspace) -> None:
    job = ended(jobs.start(workspace, ["work", "--name", "a b"], title="Adding faces"))
    assert (job.state, job.result, job.error) == ("finished", {"images": 3}, "")
    assert (job.title, job.args) == ("Adding faces", ["work", "--name", "a b"])
    assert (job.progress.done, job.progress.total, job.progress.what) == (3, 3, "images")
    assert job.log_tail() == "started work"


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("fail", "Nothing is there. Received: x.zip."),
        ("crash", "ZeroDivisionError: by zero"),
        ("bad option", "No such option: --colour"),
    ],
)
def test_a_job_that_fails_says_why(workspace: Workspace, what: str, words: str) -> None:
    job = jobs.start(workspace, [what], title="")
    until(lambda: job.state == "failed")
    assert job.error == words
    assert job.result == {}


@pytest.mark.usefixtures("scripted")
def test_a_stopped_job_ends_with_all_its_processes(workspace: Workspace) -> None:
    job = jobs.start(workspace, ["hang"], title="")
    until(lambda: (job.folder / "child").exists() and (job.folder / "child").read_text() != "")
    child = int((job.folder / "child").read_text())
    assert job.state == "running"
    job.stop()
    assert (job.state, job.error) == ("stopped", "")
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.usefixtures("scripted")
def test_a_job_that_does_not_listen_is_killed(workspace: Workspace) -> None:
    job = jobs.start(workspace, ["stubborn"], title="")
    until(lambda: (job.folder / "child").exists())
    job.stop(wait_s=0.2)
    until(lambda: job.state == "stopped", 5)


@pytest.mark.usefixtures("scripted")
def test_a_killed_job_is_lost_and_never_running(workspace: Workspace) -> None:
    job = jobs.start(workspace, ["hang"], title="")
    until(lambda: (job.folder / "child").exists())
    os.kill(job.about["pid"], signal.SIGKILL)
    until(lambda: job.state == "lost", 5)
    assert "without a word" in job.error
    os.killpg(job.about["pid"], signal.SIGKILL)


@pytest.mark.usefixtures("scripted")
def test_another_process_sees_the_same(workspace: Workspace) -> None:
    job = jobs.start(workspace, ["hang"], title="")
    until(lambda: (job.folder / "child").exists())
    code = (
        "import sys, pathlib; from fer_core import jobs; from fer_core.workspace import Workspace\n"
        "(job,) = jobs.recent(Workspace(pathlib.Path(sys.argv[1]))); print(job.state); job.stop(); print(job.state)"
    )
    root = Path(jobs.__file__).parents[1]
    command = [sys.executable, "-c", code, str(workspace.root)]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert said.stdout.split() == ["running", "stopped"], said.stderr
    assert job.state == "stopped"


@pytest.mark.usefixtures("scripted")
def test_stopping_what_has_ended_changes_nothing(workspace: Workspace) -> None:
    job = ended(jobs.start(workspace, ["work"], title=""))
    job.stop()
    assert job.state == "finished"


def test_a_pid_that_was_reused_is_not_the_job(workspace: Workspace) -> None:
    folder = workspace.jobs / "20260101-000000-0-ab"
    folder.mkdir(parents=True)
    mine = jobs.identity()
    about = {"title": "", "args": [], "created": "", **mine}
    (folder / "job.json").write_text(json.dumps(about))
    assert Job(folder).state == "running"
    (folder / "job.json").write_text(json.dumps(about | {"create_time": mine["create_time"] - 100}))
    assert Job(folder).state == "lost"


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    created = jobs.process_created(child.pid)
    until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not process_alive(child.pid, created)
    child.wait()
    assert not process_alive(child.pid, created)
    assert jobs.process_created(child.pid) == 0.0


def test_a_command_that_cannot_be_started(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_COMMAND", ("/nowhere/python",))
    with pytest.raises(JobError, match="could not be started"):
        jobs.start(workspace, ["work"], title="")
    assert jobs.recent(workspace) == []


@pytest.mark.parametrize("job_id", ["", "nothing", "..", "../data"])
def test_an_unknown_job(workspace: Workspace, job_id: str) -> None:
    with pytest.raises(NotFound):
        jobs.get(workspace, job_id)


@pytest.mark.usefixtures("scripted")
def test_recent_jobs_come_newest_first(workspace: Workspace) -> None:
    assert jobs.recent(workspace) == []
    started = [jobs.start(workspace, ["work"], title=str(n)) for n in range(3)]
    for job in started:
        ended(job)
    assert jobs.recent(workspace) == started[::-1]
    assert jobs.recent(workspace, limit=1) == started[2:]
    assert jobs.get(workspace, started[0].id) == started[0]


def test_progress_is_written_seldom_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    written: list[tuple[int, float | None]] = []
    monkeypatch.setattr(jobs.time, "time", lambda: clock[0])
    monkeypatch.setattr(
        jobs, "write_json", lambda path, value: written.append((value["done"], value["eta_s"]))
    )
    monkeypatch.setattr(jobs.signal, "signal", lambda *_: None)
    report = Reporter(tmp_path)
    for done in range(1, 101):
        clock[0] += 0.05
        report(done, 100, "images")
    assert written[0] == (1, None)
    assert written[-1][0] == 100
    assert 20 <= len(written) <= 27
    half = next(eta for done, eta in written if done >= 50)
    assert half == pytest.approx(2.5, rel=0.1)
    assert written[-1][1] == 0
    report(1, 10, "pixels")
    assert written[-1] == (1, None)


def test_an_import_as_a_job(workspace: Workspace, tmp_path: Path) -> None:
    for n in range(6):
        path = tmp_path / "faces" / ("train", "val")[n % 2] / ("happy", "sad")[n % 3 % 2] / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (48, 48), n * 20).save(path)
    job = jobs.start(workspace, ["import", str(tmp_path / "faces"), "--name", "faces"], title="Adding faces")
    until(lambda: job.state != "running", 90)
    assert job.state == "finished", job.log_tail()
    assert job.result["images"] == 6
    assert open_dataset(workspace, "faces").head == job.result["version"]
    again = jobs.start(workspace, ["import", str(tmp_path / "faces"), "--name", "faces"], title="")
    until(lambda: again.state == "failed", 90)
    assert "is here already" in again.error
    assert "Traceback" not in again.log_tail()


def test_a_stopped_import_leaves_nothing(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "faces" / "happy"
    folder.mkdir(parents=True)
    Image.effect_noise((1500, 1500), 90).save(folder / "0.png")
    for n in range(1, 400):
        os.link(folder / "0.png", folder / f"{n}.png")
    job = jobs.start(workspace, ["import", str(tmp_path / "faces"), "--name", "faces"], title="")
    until(lambda: job.progress.done > 0 or job.state != "running", 90)
    assert job.state == "running"
    job.stop()
    assert job.state == "stopped"
    assert os.listdir(workspace.data) == []


def test_errors_are_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.signal, "signal", lambda *_: None)
    report = Reporter(tmp_path)
    for error, ending in [
        (SourceError("Nothing is there"), {"state": "failed", "error": "Nothing is there."}),
        (KeyboardInterrupt(), {"state": "stopped"}),
        (jobs.Stopped(143), {"state": "stopped"}),
    ]:
        report.fail(error)
        assert json.loads((tmp_path / "result.json").read_text()) == ending
