"""A process that is kept: an answer is always that to the question asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from fer_core.jobs.kept_worker import KeptWorker
from fer_core.jobs.worker import WorkerFailed

WORK = """
import sys, time
import numpy as np
from fer_core.jobs.kept_worker import answer

def work(question, numbers):
    time.sleep(question.get("sleep", 0))
    return question, np.array(["a", None]) if question.get("text") else numbers * 2

sys.exit(answer(work))
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept.py").write_text(WORK)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")


def test_after_an_interrupted_question_no_answer_is_taken_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = KeptWorker("kept")
    assert worker.ask({"n": 1}, np.ones(2), limit_s=20)[1].tolist() == [2, 2]

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            worker.ask({"n": 2, "sleep": 0.5}, np.ones(2), limit_s=20)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(WorkerFailed):
        worker.ask({"n": 3}, np.zeros(2), limit_s=20)


def test_an_answer_that_cannot_be_sent_is_told_and_the_worker_goes_on() -> None:
    worker = KeptWorker("kept")
    with pytest.raises(WorkerFailed, match="failed") as caught:
        worker.ask({"text": True}, limit_s=20)
    assert not caught.value.died
    assert worker.ask({"n": 1}, np.ones(1), limit_s=20) == ({"n": 1}, np.full(1, 2.0))


def test_a_busy_worker_ends_with_its_starter() -> None:
    code = textwrap.dedent("""
        import psutil
        from fer_core.jobs.kept_worker import KeptWorker
        worker = KeptWorker("kept")
        worker.ask({}, limit_s=20)
        print(psutil.Process().children()[0].pid, flush=True)
        worker.ask({"sleep": 60}, limit_s=90)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        kept = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
    end = time.monotonic() + 10
    while kept.is_running() and kept.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.05)
    assert not kept.is_running() or kept.status() == psutil.STATUS_ZOMBIE
