"""While people review at full speed no journal is called damaged; mending a damaged one keeps all that was acknowledged."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.review import salvage
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.upkeep.doctor import examine, repair

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from random import random
from fer_core.base.errors import DecisionError
from fer_core.review.journal import Decision, Journal
journal, told, number = Journal(Path(sys.argv[1])), open(sys.argv[2], "a", buffering=1), 0
while True:
    number += 1
    try:
        some = [Decision("keep", image_id=f"i{random()}", who="Ben", reason="y" * 300) for _ in range(int(sys.argv[3]))]
        key = f"{sys.argv[2]}-{number}"
        journal.add_many([Decision("keep", image_id=f"n{number}", who="Ben", key=key), *some])
        told.write(f"{sys.argv[2]}-{number}\\n")
    except DecisionError:
        pass
"""


@contextmanager
def reviewers(
    journal: Path, folder: Path, count: int = 2, at_once: int = 0
) -> Iterator[Callable[[], list[str]]]:
    """Processes that decide as fast as they can; what they were told is kept."""
    files = [folder / f"told-{n}" for n in range(count)]
    working = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(journal), str(file), str(at_once)], cwd=ROOT)
        for file in files
    ]

    def told() -> list[str]:
        return [
            line
            for file in files
            if file.exists()
            for line in file.read_text().splitlines(keepends=True)
            if line.endswith("\n")
        ]

    try:
        until(lambda: len(told()) > 20)
        yield told
    finally:
        for each in working:
            each.kill()
            each.wait()


def until(seen: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


def filled(home: Workspace) -> Path:
    path = open_dataset(home, "faces").journal_path
    many = [Decision("keep", image_id=f"i{n % 7}-{n}", who="Ada", reason="x" * 300) for n in range(5000)]
    Journal(path).add_many(many)
    return path


def test_what_others_write_meanwhile_is_no_damage(home: Workspace, tmp_path: Path) -> None:
    """Many at once, so that what waits in the log is moved into the file all the time."""
    path = filled(home)
    with reviewers(path, tmp_path, count=1, at_once=150):
        assert {salvage.find_damage(path) for _ in range(8)} == {""}


def test_nothing_that_was_acknowledged_is_missing_after_a_repair(home: Workspace, tmp_path: Path) -> None:
    path = filled(home)
    before = set(Journal(path).decisions(active_only=False)["key"])
    data = bytearray(path.read_bytes())
    page = data.find(b"x" * 300) // 4096 * 4096  # one of Ada's entries
    data[page : page + 8] = b"\xff" * 8
    path.write_bytes(data)
    with reviewers(path, tmp_path) as told:
        mended = repair(examine(home))
        known = len(told())
        until(lambda: len(told()) > known + 20)
    assert [(each.path, each.done) for each in mended] == [("data/faces/journal.sqlite", True)]
    assert examine(home).findings == []
    kept = set(Journal(path).decisions(active_only=False)["key"])
    assert {line.strip() for line in told()} <= kept
    assert 0 < len(before - kept) < 40


@pytest.mark.parametrize("broken", ["read_entries", "write_entries"])
def test_a_repair_that_fails_leaves_the_journal_where_it_was(
    home: Workspace, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = open_dataset(home, "faces").journal_path
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    harmed = path.read_bytes()

    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(salvage, broken, full)
    (mended,) = repair(examine(home))
    assert (mended.done, "No space left" in mended.words) == (False, True)
    assert path.read_bytes() == harmed
