"""One at a time, over threads and processes, and free again whatever becomes of the holder."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fer_core.base.jsonl import append_line, read_lines
from fer_core.base.locks import LockHeld, locked

_COUNT = """
import sys
from pathlib import Path
from fer_core.base.locks import locked
path = Path(sys.argv[1])
for _ in range(200):
    with locked(path.with_name("lock")):
        path.write_text(str(int(path.read_text()) + 1))
"""
_HOLD = """
import sys, time
from pathlib import Path
from fer_core.base.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_no_count_is_lost_between_processes(tmp_path: Path) -> None:
    path = tmp_path / "count"
    path.write_text("0")
    running = [subprocess.Popen([sys.executable, "-c", _COUNT, str(path)]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert path.read_text() == "600"


def test_no_line_is_torn_between_threads(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lines.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: append_line(path, {"n": n, "text": "x" * 9000}), range(200)))
    rows, _ = read_lines(path)
    assert sorted(row["n"] for row in rows) == list(range(200))


def test_a_lock_that_is_held_is_told_at_once_and_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "folder" / ".lock"
    with locked(path), pytest.raises(LockHeld), locked(path, wait=False):
        pass
    with locked(path, wait=False):
        pass
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockHeld), locked(path, wait=False):
            pass
    finally:
        process.kill()
        process.wait()
    with locked(path, wait=False):
        pass


def test_a_child_of_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path):
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
        )
    try:
        with locked(path, wait=False):
            pass
        assert child.poll() is None
    finally:
        child.communicate()
