"""What can still be read of a damaged journal: a new one is made of it, entry by entry."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from fer_core.base.atomic import new_file
from fer_core.review.store import INSERT, STORED, writing

_LONGEST_GAP = 1000
"""Entries in a row that cannot be read after which there are no more."""


class Salvaged(NamedTuple):
    """Entries that could be read, and the numbers of the first and last that are known to have been there."""

    entries: list[tuple[object, ...]]
    lost: int


def fault(path: Path) -> str:
    """What is wrong with a journal's file, in SQLite's words; "" where it is whole.

    Nothing is written: the file is looked at in a copy, with what waits in its write-ahead log.
    """
    with tempfile.TemporaryDirectory(prefix="fer-") as folder:
        try:
            with closing(_copied(path, Path(folder))) as connection:
                said = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
                connection.execute("SELECT COUNT(*) FROM entries").fetchone()
        except sqlite3.Error as error:
            return str(error)
    return "" if said == "ok" else said


def read_entries(path: Path) -> Salvaged:
    """The entries of a damaged journal that can be read, by number, and how many of those before the last cannot."""
    found: dict[int, tuple[object, ...]] = {}
    query = f"SELECT {', '.join(STORED)} FROM entries WHERE id = ?"
    with (
        tempfile.TemporaryDirectory(prefix="fer-") as folder,
        closing(_copied(path, Path(folder))) as connection,
    ):
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
    with new_file(path) as temporary:
        with writing(temporary) as connection:
            connection.executemany(INSERT, entries)
        with closing(sqlite3.connect(temporary)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copied(path: Path, folder: Path) -> sqlite3.Connection:
    for ending in ("", "-wal"):
        if (source := path.with_name(path.name + ending)).is_file():
            shutil.copyfile(source, folder / f"journal{ending}")
    return sqlite3.connect(folder / "journal", isolation_level=None)
