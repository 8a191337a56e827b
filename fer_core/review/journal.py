"""The journal: every decision ever made on a dataset, appended to one SQLite file, none ever changed.

`Journal.add` returns when the decision is on the disk. Undo is one more entry. Any number of threads and
processes may write at once.

The decisions that hold are, per subject (see `decisions.py`), the latest by time that nobody undid. Undoing
one brings back the one before it.

    >>> import tempfile, pathlib
    >>> journal = Journal(pathlib.Path(tempfile.mkdtemp()) / "journal.sqlite")
    >>> first = journal.add("relabel", image_id="a1", label="sad", who="Ada")
    >>> second = journal.add("keep", image_id="a1", who="Ada")
    >>> list(journal.decisions()["action"])
    ['keep']
    >>> undone = journal.undo(who="Ada")
    >>> list(journal.decisions()["action"])
    ['relabel']
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core.errors import DecisionError
from fer_core.review.decisions import ACTIONS, Decision
from fer_core.review.store import SCHEMA, reading, writing

__all__ = ["ACTIONS", "COLUMNS", "SCHEMA", "Decision", "Journal"]

COLUMNS: tuple[str, ...] = (
    "id", "key", "batch", "action", "target", "image_id", "pixel_hash", "path",
    "label", "soft_label", "other", "reason", "who", "time", "shown",
)  # fmt: skip
_STORED = ("subject", *COLUMNS[1:])
_INSERT = f"INSERT INTO entries ({', '.join(_STORED)}) VALUES ({', '.join('?' * len(_STORED))})"
_UNDONE = """(EXISTS (SELECT 1 FROM entries u WHERE u.target = e.key)
    OR (e.batch <> '' AND EXISTS (SELECT 1 FROM entries u WHERE u.target = e.batch)))"""
_ALL = f"SELECT {', '.join(COLUMNS)}, {_UNDONE} AS undone FROM entries e"
_ACTIVE = f"""
    SELECT {", ".join(COLUMNS)}, 0 AS undone FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY subject ORDER BY time DESC, id DESC) AS place
        FROM entries e WHERE action <> 'undo' AND NOT {_UNDONE})
    WHERE place = 1 ORDER BY time, id"""


class Journal:
    """The decisions of one dataset. Creating the object touches no disk; the first decision makes the file.

    Args:
        path: the SQLite file, `data/<dataset>/journal.sqlite`.

    Every method raises `DecisionError` if the file is not a journal, is damaged, was written by a newer
    version of the app, cannot be written, or stays locked for half a minute.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def add(
        self,
        action: str,
        *,
        image_id: str = "",
        pixel_hash: str = "",
        label: str | None = None,
        soft_label: Mapping[str, float] | None = None,
        other: str | None = None,
        path: str = "",
        reason: str = "",
        who: str = "",
        shown: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> int:
        """Record one decision and return its number; when this returns, it is on the disk.

        Arguments as in `Decision`. With a `key` that is already recorded nothing is added and the number of
        the entry already there is returned, so a click that arrives twice counts once.
        """
        decision = Decision(
            action,
            image_id=image_id,
            pixel_hash=pixel_hash,
            label=label or "",
            soft_label=soft_label,
            other=other or "",
            path=path,
            reason=reason,
            who=who,
            shown=shown or {},
            key=key or uuid.uuid4().hex,
        )
        with writing(self.path) as connection:
            return _add(connection, decision, batch="", when=_time(connection))

    def add_many(self, decisions: Iterable[Decision], *, batch: str | None = None) -> str:
        """Record decisions in one transaction, all or none; returns the batch id, for `undo_batch`.

        A batch id that is already recorded adds nothing.
        """
        name = batch or uuid.uuid4().hex
        items = list(decisions)
        with writing(self.path) as connection:
            if not connection.execute("SELECT 1 FROM entries WHERE batch = ? LIMIT 1", (name,)).fetchone():
                when = _time(connection)
                for decision in items:
                    _add(connection, decision, batch=name, when=when)
        return name

    def undo(self, decision_id: int | None = None, who: str = "", *, key: str | None = None) -> int | None:
        """Undo one decision, or the reviewer's last; returns the number of the undo entry.

        Args:
            decision_id: the decision to undo; None for the last one of `who` that still stands. If that was
                recorded as part of a batch, the whole batch is undone.
            who: who undoes; with `decision_id` None, also whose decision.
            key: identity of this undo; recording it again undoes nothing more.

        Returns:
            None if there is nothing (more) to undo.
        """
        with writing(self.path) as connection:
            if key is not None:
                seen = connection.execute("SELECT id FROM entries WHERE key = ?", (key,)).fetchone()
                if seen is not None:
                    return int(seen[0])
            if decision_id is None:
                row = connection.execute(
                    f"""SELECT key, batch FROM entries e WHERE who = ? AND action <> 'undo' AND NOT {_UNDONE}
                        ORDER BY time DESC, id DESC LIMIT 1""",
                    (who,),
                ).fetchone()
                return None if row is None else _add_undo(connection, row[1] or row[0], who, key)
            row = connection.execute(
                f"SELECT key, action, {_UNDONE} FROM entries e WHERE id = ?", (decision_id,)
            ).fetchone()
            if row is None or row[1] == "undo":
                hint = "Reload: the list on screen may be of another dataset"
                raise DecisionError("There is no such decision to undo", received=decision_id, hint=hint)
            return None if row[2] else _add_undo(connection, row[0], who, key)

    def undo_batch(self, batch: str, who: str = "") -> int | None:
        """Undo every decision of a batch with one entry; None if that was done before."""
        with writing(self.path) as connection:
            if not connection.execute("SELECT 1 FROM entries WHERE batch = ? LIMIT 1", (batch,)).fetchone():
                raise DecisionError("There is no such batch of decisions to undo", received=batch)
            if connection.execute("SELECT 1 FROM entries WHERE target = ?", (batch,)).fetchone():
                return None
            return _add_undo(connection, batch, who, None)

    def decisions(self, active_only: bool = True) -> pd.DataFrame:
        """The decisions that hold, or every entry ever made, oldest first.

        Returns:
            Columns `COLUMNS` and `undone` (bool). `soft_label` is a dict or None, `shown` a dict, `time` UTC
            in ISO 8601. With `active_only` False also superseded and undone decisions and the `undo` entries
            themselves, whose `target` is the key, or the batch, they undo.
        """
        return self._table(_ACTIVE if active_only else f"{_ALL} ORDER BY time, id")

    def since(self, key: str) -> pd.DataFrame | None:
        """Every entry that was added after the one with this key, as `decisions(active_only=False)`; None if there is
        no such entry."""
        with reading(self.path) as connection:
            query = "SELECT id FROM entries WHERE key = ?"
            row = None if connection is None else connection.execute(query, (key,)).fetchone()
        return None if row is None else self._table(f"{_ALL} WHERE id > ? ORDER BY time, id", (row[0],))

    def history(self, image_id: str) -> pd.DataFrame:
        """Every decision ever made on one image, oldest first; columns as `decisions`."""
        return self._table(f"{_ALL} WHERE image_id = ? ORDER BY time, id", (image_id,))

    def undone(self) -> dict[str, str]:
        """Key -> action of every decision that was undone."""
        with reading(self.path) as connection:
            if connection is None:
                return {}
            query = f"SELECT key, action FROM entries e WHERE action <> 'undo' AND {_UNDONE}"
            return dict(connection.execute(query).fetchall())

    def position(self) -> int:
        """Number of the newest entry, 0 if there is none: as long as it is the same, so is the journal."""
        with reading(self.path) as connection:
            if connection is None:
                return 0
            return int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM entries").fetchone()[0])

    def newest(self) -> str:
        """Key of the newest entry, "" if there is none: as long as it is the same, so is the journal."""
        with reading(self.path) as connection:
            if connection is None:
                return ""
            row = connection.execute("SELECT key FROM entries ORDER BY id DESC LIMIT 1").fetchone()
            return "" if row is None else str(row[0])

    def counts(self) -> dict[str, int]:
        """Number of decisions that hold per action, every action of `ACTIONS` present."""
        found = dict.fromkeys(ACTIONS, 0)
        with reading(self.path) as connection:
            if connection is not None:
                query = f"SELECT action, COUNT(*) FROM ({_ACTIVE}) GROUP BY action"
                found.update(connection.execute(query).fetchall())
        return found

    def reviewers(self) -> list[str]:
        """Names of all who decided something, sorted."""
        with reading(self.path) as connection:
            if connection is None:
                return []
            query = "SELECT DISTINCT who FROM entries WHERE who <> '' ORDER BY who"
            return [who for (who,) in connection.execute(query)]

    def merge(self, entries: Sequence[Mapping[str, Any]]) -> int:
        """Add entries of another journal with their own keys and times; returns how many were new.

        One transaction, all or none. Entries whose key is already here are skipped, so merging is idempotent
        and two journals that merge each other's entries agree. `entries` hold the columns of `COLUMNS` except
        `id`; `review.patches` checks and builds them.
        """
        with writing(self.path) as connection:
            before = connection.total_changes
            for entry in entries:
                undo = entry["action"] == "undo"
                row = dict(entry)
                row["subject"] = f"undo:{entry['key']}" if undo else _decision(entry).subject
                row["soft_label"] = _dump(entry["soft_label"])
                row["shown"] = _dump(entry["shown"] or {})
                connection.execute(f"{_INSERT} ON CONFLICT (key) DO NOTHING", [row[name] for name in _STORED])
            return connection.total_changes - before

    def _table(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        with reading(self.path) as connection:
            rows = [] if connection is None else connection.execute(query, values).fetchall()
        table = pd.DataFrame(rows, columns=[*COLUMNS, "undone"])
        text = [name for name in COLUMNS if name not in ("id", "soft_label", "shown")]
        table = table.astype({"id": "int64", "undone": "bool"} | dict.fromkeys(text, "str"))
        for name in ("soft_label", "shown"):
            values = [_load(value) for value in table[name].to_numpy(dtype=object)]
            table[name] = pd.Series(values, dtype="object")
        return table


def _time(connection: sqlite3.Connection) -> str:
    """Now (UTC, microseconds), always after the latest entry: a clock set back must not bury a decision."""
    now = datetime.now(UTC)
    latest = connection.execute("SELECT MAX(time) FROM entries").fetchone()[0]
    if latest is not None:
        now = max(now, datetime.fromisoformat(latest) + timedelta(microseconds=1))
    return now.isoformat(timespec="microseconds")


def _add(connection: sqlite3.Connection, decision: Decision, *, batch: str, when: str) -> int:
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
        "soft_label": _dump(decision.soft_label),
        "shown": _dump(decision.shown),
    }
    return int(connection.execute(_INSERT, [row[name] for name in _STORED]).lastrowid or 0)


def _confirmed(connection: sqlite3.Connection, decision: Decision) -> str:
    """The label of a relabel that a keep, or a soft label, was given on top of; "" if it was not.

    The later verdict takes the place of the relabel, which must not be lost where it has not been applied: in
    an older version, or another copy of the data.
    """
    seen = decision.shown.get("label")
    if decision.action not in ("keep", "ambiguous") or not decision.image_id or not seen:
        return ""
    query = f"""SELECT label FROM entries e WHERE image_id = ? AND action = 'relabel' AND NOT {_UNDONE}
        ORDER BY time DESC, id DESC LIMIT 1"""
    row = connection.execute(query, (decision.image_id,)).fetchone()
    return str(row[0]) if row is not None and row[0] == seen else ""


def _add_undo(connection: sqlite3.Connection, target: str, who: str, key: str | None) -> int:
    name = key or uuid.uuid4().hex
    row = dict.fromkeys(_STORED, "") | {
        "key": name,
        "action": "undo",
        "subject": f"undo:{name}",
        "target": target,
        "who": who,
        "time": _time(connection),
        "soft_label": "null",
        "shown": "{}",
    }
    return int(connection.execute(_INSERT, [row[name] for name in _STORED]).lastrowid or 0)


def _decision(entry: Mapping[str, Any]) -> Decision:
    return Decision(**{name: entry[name] for name in Decision.__dataclass_fields__})


def _load(value: str) -> Any:
    # Most decisions have no soft label and many show nothing: no need to parse that.
    return None if value == "null" else {} if value == "{}" else json.loads(value)


def _dump(value: Mapping[str, Any] | None) -> str:
    return json.dumps(None if value is None else dict(value), ensure_ascii=False, sort_keys=True)
