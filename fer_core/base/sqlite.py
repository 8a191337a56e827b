"""SQLite files where nothing can be written beside them, and their errors in words.

With a write-ahead log SQLite writes beside the file even to read it, so on a full or read-only disk it reads nothing at all.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from fer_core.base.locks import LockHeld

Trouble = Literal["full", "read-only", "damaged", "busy", ""]
REMEDIES: dict[Trouble, str] = {
    "full": "The disk is full. Nothing of what was recorded is lost; free some space and do it again",
    "read-only": "The disk, or the file, cannot be written by this user. What is there can be read; nothing can be added",
    "damaged": "The file is damaged. `fer doctor --repair` keeps the entries that can be read; a backup has them all",
    "busy": "Somebody else has been writing for half a minute. Nothing was recorded; do it again",
    "": "Check the disk and the permissions. Nothing was recorded",
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_ROOM = 1 << 20
"""Bytes free below which an error of the disk is taken for a full one: a log and its index need some pages."""


@contextmanager
def as_it_lies(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to read from that writes nothing beside the file; what waits in its log is read too.

    Raises:
        OSError, sqlite3.Error: it cannot be read.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.is_file() or not log.stat().st_size:
        name = path.resolve().as_uri()
        with closing(sqlite3.connect(f"{name}?immutable=1", uri=True, isolation_level=None)) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="fer-") as folder:
        shutil.copyfile(path, Path(folder) / "copy")
        shutil.copyfile(log, Path(folder) / "copy-wal")
        with closing(sqlite3.connect(Path(folder) / "copy", isolation_level=None)) as connection:
            yield connection


def snapshot(path: Path, copy: Path) -> None:
    """Copy what a file holds at one moment, however many others write; what waits in its log is in the copy too.

    Raises:
        OSError, sqlite3.Error: it cannot be read, or the copy not be written.
    """
    with closing(sqlite3.connect(copy)) as new:
        try:
            name = f"{path.absolute().as_uri()}?mode=rw"  # made by nobody who looks
            with closing(sqlite3.connect(name, uri=True, timeout=30)) as live:
                live.execute("PRAGMA schema_version").fetchone()  # waits its time; `backup` would for ever
                live.backup(new)
        except sqlite3.Error as error:
            if trouble(error, path) not in ("full", "read-only"):
                raise
            with as_it_lies(path) as old:
                old.backup(new)


def trouble(error: sqlite3.Error | LockHeld, path: Path) -> Trouble:
    """What stands behind an error about a file; "" where that is not known."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return "damaged"
    if code in _BUSY or isinstance(error, LockHeld):
        return "busy"
    try:
        room = shutil.disk_usage(path.parent).free
    except OSError:
        room = _ROOM
    if code == sqlite3.SQLITE_FULL or (room < _ROOM and code in {sqlite3.SQLITE_IOERR, *_READ_ONLY}):
        return "full"
    writable = os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))
    return "read-only" if code in _READ_ONLY and not writable else ""
