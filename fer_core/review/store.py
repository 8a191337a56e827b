"""The SQLite file under the journal: its schema, its connections, its errors in words, and how a step is added once.

Write-ahead log and synchronous FULL: a committed transaction survives the death of process and machine. A connection is opened
per call, so threads and processes share nothing but the file. Triggers refuse to change or remove an entry, whoever asks.

A step is what one key press means: a decision, several that stand or fall together, or the undoing of an earlier step. Its id
is made where the key was pressed, and unique in the table, so a step that a browser sends again is known to be there.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fer_core.base import sqlite
from fer_core.base.checksums import record_created, recorded_files
from fer_core.base.errors import DecisionError, FerError
from fer_core.base.locks import LockHeld, folder_lock
from fer_core.review.decisions import Decision

SCHEMA = 1
BUSY_SECONDS = 30.0
UNDONE = """(EXISTS (SELECT 1 FROM entries u WHERE u.target = e.key)
    OR (e.batch <> '' AND EXISTS (SELECT 1 FROM entries u WHERE u.target = e.batch)))"""
"""Condition on a row e of entries: somebody took it back."""

COLUMNS: tuple[str, ...] = (
    "id", "key", "batch", "action", "target", "image_id", "pixel_hash", "path",
    "label", "soft_label", "other", "reason", "who", "time", "shown",
)  # fmt: skip
STORED = ("subject", *COLUMNS[1:])
INSERT = f"INSERT INTO entries ({', '.join(STORED)}) VALUES ({', '.join('?' * len(STORED))})"
_OLDEST = 10.0 * 365 * 24 * 3600
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
    """A connection to read from; None where nothing was ever recorded, and no file is made by looking.

    On a full or read-only disk it is read as it lies.
    """
    if not path.exists() and path.name not in recorded_files(path.parent):
        yield None
        return
    with _in_words(path), ExitStack() as stack:
        try:
            connection = stack.enter_context(closing(_open(path)))
        except sqlite3.OperationalError as error:
            if sqlite.diagnose(error, path) not in ("full", "read-only"):
                raise
            connection = stack.enter_context(sqlite.open_read_only(path))
            _check_schema(connection.execute("PRAGMA user_version").fetchone()[0])
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection inside one transaction: committed, and on the disk, at the end; undone on any error."""
    with _in_words(path), closing(_open(path)) as connection, sqlite.transaction(connection):
        yield connection


def _open(path: Path) -> sqlite3.Connection:
    """A connection to a journal that has its tables."""
    if not path.exists() and path.name in recorded_files(path.parent):
        raise _lost(path, "is gone")
    name = f"{path.absolute().as_uri()}?mode={'rw' if path.exists() else 'rwc'}"
    connection = sqlite3.connect(name, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    connection.create_function("fold", 1, str.casefold, deterministic=True)  # of names
    try:
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and path.name in recorded_files(path.parent):
            version = connection.execute("PRAGMA user_version").fetchone()[0]  # made by another one just now
            if version == 0:
                raise _lost(path, "is empty")
        if version == 0:
            _create(connection)
            record_created(path)
        else:
            _check_schema(version)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_schema(version: int) -> None:
    if version != SCHEMA:
        raise DecisionError(
            "This journal was written by a newer version of the app",
            received=f"schema {version}",
            hint=f"This version reads schema {SCHEMA}: update the app. Nothing was changed",
        )


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        with folder_lock(path.parent):  # whoever repairs it holds it alone
            yield
    except (sqlite3.Error, LockHeld) as error:
        remedy = sqlite.REMEDIES[sqlite.diagnose(error, path)]
        raise DecisionError(f"The journal cannot be used ({error})", received=path, hint=remedy) from error


def _lost(path: Path, what: str) -> DecisionError:
    return DecisionError(
        f"The journal {what}, and decisions were recorded in it",
        received=path,
        hint="Take it from a backup; `fer doctor --repair` begins an empty one, and says what is lost",
    )


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables once, however many writers arrive at an empty file together."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            with sqlite.transaction(connection):
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in _CREATE:
                        connection.execute(statement)
        except sqlite3.OperationalError as error:
            # SQLite does not wait for its own lock while the journal mode changes.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@dataclass(frozen=True)
class JournalStep:
    """One step of a reviewer.

    Attributes:
        id: its identity; recording it again changes nothing.
        decisions: what it decides, all or none. The key of a single one is `id`.
        undoes: id of the step that it takes back; "" if it decides.
        who: the reviewer who takes back.
        age: seconds since the key was pressed.
    """

    id: str
    decisions: tuple[Decision, ...] = ()
    undoes: str = ""
    who: str = ""
    age: float = 0.0


def add_steps(connection: sqlite3.Connection, steps: Iterable[JournalStep]) -> dict[str, str]:
    """Add the steps that are not there, in order; step id -> why it was refused. Inside a transaction."""
    refused: dict[str, str] = {}
    for step in steps:
        connection.execute("SAVEPOINT step")
        try:
            _record(connection, step)
        except FerError as error:
            connection.execute("ROLLBACK TO step")
            refused[step.id] = str(error)
        connection.execute("RELEASE step")
    return refused


def _record(connection: sqlite3.Connection, step: JournalStep) -> None:
    if not step.id or bool(step.decisions) == bool(step.undoes):
        raise DecisionError("A step decides something or takes something back", received=step.id or "no id")
    if step.undoes:
        _take_back(connection, step)
    elif len(step.decisions) == 1:
        add_decision(connection, step.decisions[0], batch="", when=next_time(connection, step.age))
    elif not connection.execute("SELECT 1 FROM entries WHERE batch = ? LIMIT 1", (step.id,)).fetchone():
        when = next_time(connection, step.age)
        for decision in step.decisions:
            add_decision(connection, decision, batch=step.id, when=when)


def _take_back(connection: sqlite3.Connection, step: JournalStep) -> None:
    if connection.execute("SELECT 1 FROM entries WHERE key = ?", (step.id,)).fetchone():
        return
    query = f"SELECT {UNDONE} FROM entries e WHERE action <> 'undo' AND (key = ? OR batch = ?) LIMIT 1"
    row = connection.execute(query, (step.undoes, step.undoes)).fetchone()
    if row is None:
        raise DecisionError("There is no such decision to undo", received=step.undoes)
    if not row[0]:
        add_undo(connection, step.undoes, step.who, step.id, step.age)


def next_time(connection: sqlite3.Connection, age: float = 0.0) -> str:
    """Now, less `age` seconds (UTC, microseconds), but after the latest entry: a clock set back buries no decision."""
    now = datetime.now(UTC) - timedelta(seconds=min(max(age, 0.0), _OLDEST))
    latest = connection.execute("SELECT MAX(time) FROM entries").fetchone()[0]
    if latest is not None:
        now = max(now, datetime.fromisoformat(latest) + timedelta(microseconds=1))
    return now.isoformat(timespec="microseconds")


def add_decision(connection: sqlite3.Connection, decision: Decision, *, batch: str, when: str) -> int:
    """Add a decision, unless its key is there; the number of its entry."""
    query = "SELECT id, action, subject FROM entries WHERE key = ?"
    seen = connection.execute(query, (decision.key,)).fetchone()
    if seen is not None:
        if seen[1:] != (decision.action, decision.subject):
            raise DecisionError("This key belongs to another decision", received=decision.key)
        return int(seen[0])
    fields = {name: getattr(decision, name) for name in Decision.__dataclass_fields__}
    row = fields | {
        "label": decision.label or _confirmed(connection, decision),
        "subject": decision.subject,
        "batch": batch,
        "target": "",
        "time": when,
        "soft_label": dump_json(decision.soft_label),
        "shown": dump_json(decision.shown),
    }
    return int(connection.execute(INSERT, [row[name] for name in STORED]).lastrowid or 0)


def _confirmed(connection: sqlite3.Connection, decision: Decision) -> str:
    """The label of a relabel that a keep, or a soft label, was given on top of; "" if it was not.

    The later verdict takes the place of the relabel, which must not be lost where it has not been applied: in
    an older version, or another copy of the data.
    """
    seen = decision.shown.get("label")
    if decision.action not in ("keep", "ambiguous") or not decision.image_id or not seen:
        return ""
    query = f"""SELECT label FROM entries e WHERE image_id = ? AND action = 'relabel' AND NOT {UNDONE}
        ORDER BY time DESC, id DESC LIMIT 1"""
    row = connection.execute(query, (decision.image_id,)).fetchone()
    return str(row[0]) if row is not None and row[0] == seen else ""


def add_undo(connection: sqlite3.Connection, target: str, who: str, key: str | None, age: float = 0.0) -> int:
    """Add the entry that undoes a key, or a batch; its number."""
    name = key or uuid.uuid4().hex
    row = dict.fromkeys(STORED, "") | {
        "key": name,
        "action": "undo",
        "subject": f"undo:{name}",
        "target": target,
        "who": who,
        "time": next_time(connection, age),
        "soft_label": "null",
        "shown": "{}",
    }
    return int(connection.execute(INSERT, [row[name] for name in STORED]).lastrowid or 0)


def dump_json(value: Mapping[str, Any] | None) -> str:
    """As it is kept: JSON with sorted names."""
    return json.dumps(None if value is None else dict(value), ensure_ascii=False, sort_keys=True)
