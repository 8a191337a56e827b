"""The SQLite file under the journal: its schema, its connections, its errors in words.

Write-ahead log and synchronous FULL: a committed transaction survives the death of the process and of the
machine. A connection is opened per call, so threads and processes share nothing but the file. Triggers refuse
to change or remove an entry, whoever asks.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fer_core.errors import DecisionError

SCHEMA = 1
BUSY_SECONDS = 30.0

_CREATE = (
    """CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        batch TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        target TEXT NOT NULL,
        image_id TEXT NOT NULL,
        pixel_hash TEXT NOT NULL,
        path TEXT NOT NULL,
        label TEXT NOT NULL,
        soft_label TEXT NOT NULL,
        other TEXT NOT NULL,
        reason TEXT NOT NULL,
        who TEXT NOT NULL,
        time TEXT NOT NULL,
        shown TEXT NOT NULL
    )""",
    "CREATE INDEX entries_target ON entries (target)",
    "CREATE INDEX entries_image ON entries (image_id)",
    "CREATE INDEX entries_batch ON entries (batch)",
    "CREATE INDEX entries_time ON entries (time)",
    """CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    """CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
    f"PRAGMA user_version = {SCHEMA}",
)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection to read from; None where nothing was ever recorded, and no file is made by looking."""
    if not path.exists():
        yield None
        return
    with _connect(path) as connection:
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection inside one transaction: committed, and on the disk, at the end; undone on any error."""
    with _connect(path) as connection, _transaction(connection):
        yield connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _connect(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                _create(connection)
            elif version != SCHEMA:
                raise DecisionError(
                    "This journal was written by a newer version of the app",
                    received=f"schema {version}",
                    hint=f"This version reads schema {SCHEMA}: update the app. Nothing was changed",
                )
            yield connection
    except sqlite3.Error as error:
        raise DecisionError(
            f"The journal cannot be used ({error})",
            received=path,
            hint="Check disk space and permissions; restore a damaged file from a backup or a patch",
        ) from error


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables once, however many writers arrive at an empty file together."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in _CREATE:
                        connection.execute(statement)
        except sqlite3.OperationalError as error:
            # SQLite does not wait for its own lock while the journal mode changes.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
