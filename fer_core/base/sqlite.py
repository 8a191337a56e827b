"""Reading SQLite files on a full or read-only disk, and explaining SQLite errors.

In write-ahead mode SQLite creates files beside the database even to read it, which fails on such a disk.
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

SqliteFault = Literal["full", "read-only", "damaged", "busy", ""]
REMEDIES: dict[SqliteFault, str] = {
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
"""With fewer bytes free, a disk error is taken for a full disk: a log and its index need some pages."""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction: committed at the end of the block, rolled back on an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reading that creates no file beside the database; its write-ahead log is included.

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
    """Copy a database consistently while others may write to it; its write-ahead log is included.

    Raises:
        OSError, sqlite3.Error: it cannot be read, or the copy cannot be written.
    """
    with closing(sqlite3.connect(copy)) as new:
        try:
            name = f"{path.absolute().as_uri()}?mode=rw"  # never creates it
            with closing(sqlite3.connect(name, uri=True, timeout=30)) as live:
                live.execute(
                    "PRAGMA schema_version"
                ).fetchone()  # waits up to the timeout; `backup` would wait for ever
                live.backup(new)
        except sqlite3.Error as error:
            if diagnose(error, path) not in ("full", "read-only"):
                raise
            with open_read_only(path) as old:
                old.backup(new)


def diagnose(error: sqlite3.Error | LockHeld, path: Path) -> SqliteFault:
    """The cause of an error about a file, a key of `REMEDIES`; "" if it is not known."""
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
