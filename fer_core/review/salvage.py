"""What can still be read of a damaged journal: a new one is made of it, entry by entry."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from fer_core.base import sqlite
from fer_core.base.atomic import replace, temporary_path
from fer_core.base.locks import LockHeld, folder_lock
from fer_core.review.store import INSERT, STORED, writing

_LONGEST_GAP = 1000
"""Entries in a row that cannot be read after which there are no more."""


class Salvaged(NamedTuple):
    """Entries that could be read, and the numbers of the first and last that are known to have been there."""

    entries: list[tuple[object, ...]]
    lost: int


def find_damage(path: Path) -> str:
    """What is wrong with a journal's file, in SQLite's words, where a second look agrees; "" where it is whole.

    Nothing is written, and others may write meanwhile: the file is looked at in a copy of one moment, made by SQLite; one
    that SQLite cannot copy is copied as it lies.

    Raises:
        OSError, LockHeld: it, or a copy of it, cannot be had now.
    """
    return _look(path) and _look(path)


def _look(path: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="fer-") as folder, folder_lock(path.parent):
        copy = Path(folder) / "journal"
        try:
            sqlite.snapshot(path, copy)
        except sqlite3.Error as error:
            if sqlite.diagnose(error, path) == "busy":
                raise LockHeld(str(path)) from error
            _copy(path, copy)
        try:
            with closing(sqlite3.connect(copy)) as connection:
                said = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
                connection.execute("SELECT COUNT(*) FROM entries").fetchone()
        except sqlite3.Error as error:
            return str(error)
    return "" if said == "ok" else said


def read_entries(path: Path) -> Salvaged:
    """The entries of a damaged journal that can be read, by number, and how many of those before the last cannot.

    Nobody writes it meanwhile, and it stays as it is.
    """
    found: dict[int, tuple[object, ...]] = {}
    query = f"SELECT {', '.join(STORED)} FROM entries WHERE id = ?"
    with tempfile.TemporaryDirectory(prefix="fer-") as folder:
        _copy(path, copy := Path(folder) / "journal")
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            number = gap = 0
            while gap < _LONGEST_GAP:
                number, gap = number + 1, gap + 1
                try:
                    row = connection.execute(query, (number,)).fetchone()
                except (sqlite3.Error, UnicodeDecodeError):
                    continue
                if row is not None and all(isinstance(value, str) for value in row):
                    found[number], gap = tuple(row), 0
    return Salvaged(list(found.values()), max(found, default=0) - len(found))


def write_entries(path: Path, entries: list[tuple[object, ...]]) -> None:
    """Make a journal of entries, whole or not at all; nothing is at `path` yet."""
    with temporary_path(path) as temporary:
        made = temporary.with_name("made") / path.name  # the folder above is held by whoever fills it
        made.parent.mkdir()
        with writing(made) as connection:
            connection.executemany(INSERT, entries)
        with closing(sqlite3.connect(made)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        replace(made, path)


def _copy(path: Path, copy: Path) -> None:
    """As it lies, with what waits in its log."""
    for ending in ("", "-wal"):
        if (source := path.with_name(path.name + ending)).is_file():
            shutil.copyfile(source, copy.with_name(copy.name + ending))
        else:
            copy.with_name(copy.name + ending).unlink(missing_ok=True)
