"""Jobs: started, followed, stopped, and never said to run when they do not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from PIL import Image
from waiting import until

from fer_core import jobs
from fer_core.base.atomic import write_json
from fer_core.base.errors import JobError, NotFound
from fer_core.base.workspace import Workspace, now
from fer_core.data.datasets import open_dataset
from fer_core.jobs import Job
from fer_core.jobs.process import Process
from fer_core.jobs.task import Task, Unknown
from fer_core.jobs.tasks import AddSample, Check, Import, RankLabels

SCRIPT = """
import subprocess, sys, time
from pathlib import Path
from fer_core.jobs import Reporter
from fer_core.base.atomic import write_json
from fer_core.base.errors import SourceError
what, folder = sys.argv[1], Path(sys.argv[2].removeprefix("--job="))
print("started", what, flush=True)
if what == "bad option":
    sys.exit("fer: No such option: --colour")
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


@dataclass(frozen=True)
class Do(Task, kind="do"):
    """A task of these tests, done by the script."""

    what: str = "work"

    def command(self, job: Path) -> list[str]:
        return [self.what, f"--job={job}"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs run the script above instead of the command line."""
    (tmp_path / "script.py").write_text(SCRIPT)
    monkeypatch.setattr("fer_core.jobs.job._COMMAND", (sys.executable, str(tmp_path / "script.py")))


def pid_of(job: Job) -> int:
    return int(json.loads((job.folder / "process.json").read_text())["pid"])


def ended(job: Job) -> Job:
    until(lambda: job.state != "running")
    return job


@pytest.mark.usefixtures("scripted")
def test_a_job_that_finishes(workspace: Workspace) -> None:
    job = ended(jobs.start(workspace, Do(), title="Adding faces"))
    assert (job.state, job.result, job.error) == ("finished", {"images": 3}, "")
    assert (job.title, job.task) == ("Adding faces", Do())
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
    job = jobs.start(workspace, Do(what))
    until(lambda: job.state == "failed")
    assert job.error == words
    assert job.result == {}


@pytest.mark.usefixtures("scripted")
def test_a_stopped_job_ends_with_all_its_processes(workspace: Workspace) -> None:
    job = jobs.start(workspace, Do("hang"))
    until(lambda: (job.folder / "child").exists() and (job.folder / "child").read_text() != "")
    child = int((job.folder / "child").read_text())
    assert job.state == "running"
    job.stop()
    assert (job.state, job.error) == ("stopped", "")
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.usefixtures("scripted")
def test_a_job_that_does_not_listen_is_killed(workspace: Workspace) -> None:
    job = jobs.start(workspace, Do("stubborn"))
    until(lambda: (job.folder / "child").exists())
    job.stop(wait_s=0.2)
    until(lambda: job.state == "stopped", 5)


@pytest.mark.usefixtures("scripted")
def test_a_killed_job_is_lost_and_never_running(workspace: Workspace) -> None:
    job = jobs.start(workspace, Do("hang"))
    until(lambda: (job.folder / "child").exists())
    os.kill(pid_of(job), signal.SIGKILL)
    until(lambda: job.state == "lost", 5)
    assert "without a word" in job.error
    os.killpg(pid_of(job), signal.SIGKILL)


@pytest.mark.usefixtures("scripted")
def test_another_process_sees_the_same(workspace: Workspace) -> None:
    job = jobs.start(workspace, Do("hang"))
    until(lambda: (job.folder / "child").exists())
    code = (
        "import sys, pathlib; from fer_core import jobs; from fer_core.base.workspace import Workspace\n"
        "(job,) = jobs.recent(Workspace(pathlib.Path(sys.argv[1]))); print(job.state); job.stop(); print(job.state)"
    )
    root = Path(jobs.__file__).parents[2]
    command = [sys.executable, "-c", code, str(workspace.root)]
    said = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert said.stdout.split() == ["running", "stopped"], said.stderr
    assert job.state == "stopped"


@pytest.mark.usefixtures("scripted")
def test_stopping_what_has_ended_changes_nothing(workspace: Workspace) -> None:
    job = ended(jobs.start(workspace, Do("work")))
    job.stop()
    assert job.state == "finished"


def test_a_job_of_the_version_before_is_read(workspace: Workspace) -> None:
    """It kept the words of the command line, and its process in `job.json`, by the clock alone."""
    folder = workspace.jobs / "20260101-000000-0-ab"
    folder.mkdir(parents=True)
    mine = Process.of(os.getpid())
    args = ["mislabels", "faces", "--version", "a91f", "--method", "folds", "--epochs", "18"]
    about = {
        "title": "Ranking",
        "args": args,
        "pid": mine.pid,
        "create_time": mine.create_time,
        "created": "2026",
    }
    (folder / "job.json").write_text(json.dumps(about))
    job = Job(folder)
    assert (job.state, job.title, job.created) == ("running", "Ranking", "2026")
    assert job.task == RankLabels("faces", "a91f", "folds", epochs=18)
    assert jobs.find(workspace, RankLabels, dataset="faces", version="a91f") == [job]
    (folder / "job.json").write_text(json.dumps(about | {"create_time": mine.create_time - 100}))
    assert job.state == "lost"
    (folder / "job.json").write_text(json.dumps(about | {"args": ["divine", "faces", "--by", "tea"]}))
    assert job.task == Unknown("divine", ("faces", "--by", "tea"))
    for broken in ("", "[]", "{}", '{"kind": "check"}', '{"args": []}', '{"args": 3}'):
        (folder / "job.json").write_text(broken)
        assert isinstance(job.task, Unknown)
        assert (job.state, job.title) == ("lost", "")


def test_a_job_between_its_folder_and_its_process_works_for_a_while(workspace: Workspace) -> None:
    folder = workspace.jobs / "20260101-000000-0-ab"
    about = {"title": "", "kind": "check", "parameters": {"dataset": "a", "version": "v"}}
    write_json(folder / "job.json", about | {"created": now()})
    assert Job(folder).state == "running"
    write_json(folder / "job.json", about | {"created": "2020-01-01T00:00:00+00:00"})
    assert Job(folder).state == "lost"


def test_a_command_that_cannot_be_started(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_core.jobs.job._COMMAND", ("/nowhere/python",))
    with pytest.raises(JobError, match="could not be started"):
        jobs.start(workspace, Do("work"))
    assert jobs.recent(workspace) == []


@pytest.mark.parametrize("job_id", ["", "nothing", "..", "../data"])
def test_an_unknown_job(workspace: Workspace, job_id: str) -> None:
    with pytest.raises(NotFound):
        jobs.get(workspace, job_id)


@pytest.mark.usefixtures("scripted")
def test_recent_jobs_come_newest_first(workspace: Workspace) -> None:
    assert jobs.recent(workspace) == []
    started = [jobs.start(workspace, Do(), title=str(n)) for n in range(3)]
    for job in started:
        ended(job)
    assert jobs.recent(workspace) == started[::-1]
    assert jobs.recent(workspace, limit=1) == started[2:]
    assert jobs.get(workspace, started[0].id) == started[0]


@pytest.mark.usefixtures("scripted")
def test_jobs_are_found_by_what_they_do(workspace: Workspace) -> None:
    assert jobs.latest(workspace, Do) is None
    one, two, three = (ended(jobs.start(workspace, Do(what))) for what in ("work", "fail", "work"))
    assert jobs.find(workspace, Do) == [three, two, one]
    assert jobs.find(workspace, Do("work")) == [three, one]
    assert jobs.find(workspace, Do, what="fail") == [two]
    assert jobs.latest(workspace, Do("work")) == three
    assert jobs.find(workspace, AddSample) == []
    assert jobs.latest(workspace, Check("work", "fail")) is None


def test_an_import_as_a_job(workspace: Workspace, tmp_path: Path) -> None:
    for n in range(6):
        path = tmp_path / "faces" / ("train", "val")[n % 2] / ("happy", "sad")[n % 3 % 2] / f"{n}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (48, 48), n * 20).save(path)
    job = jobs.start(workspace, Import(str(tmp_path / "faces"), "faces"))
    until(lambda: job.state != "running", 90)
    assert job.state == "finished", job.log_tail()
    assert job.result["images"] == 6
    assert open_dataset(workspace, "faces").head == job.result["version"]
    again = jobs.start(workspace, Import(str(tmp_path / "faces"), "faces"))
    until(lambda: again.state == "failed", 90)
    assert "is here already" in again.error
    assert "Traceback" not in again.log_tail()


def test_a_stopped_import_leaves_nothing(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "faces" / "happy"
    folder.mkdir(parents=True)
    Image.effect_noise((1500, 1500), 90).save(folder / "0.png")
    for n in range(1, 400):
        os.link(folder / "0.png", folder / f"{n}.png")
    job = jobs.start(workspace, Import(str(tmp_path / "faces"), "faces"))
    until(lambda: job.progress.done > 0 or job.state != "running", 90)
    assert job.state == "running"
    job.stop()
    assert job.state == "stopped"
    assert os.listdir(workspace.data) == []
