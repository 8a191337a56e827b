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
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core.base.errors import DecisionError
from fer_core.review.decisions import ACTIONS, Decision
from fer_core.review.store import (
    COLUMNS,
    INSERT,
    STORED,
    UNDONE,
    JournalStep,
    add_decision,
    add_steps,
    add_undo,
    dump_json,
    next_time,
    reading,
    writing,
)

_ALL = f"SELECT {', '.join(COLUMNS)}, {UNDONE} AS undone FROM entries e"
_ACTIVE = f"""
    SELECT {", ".join(COLUMNS)}, 0 AS undone FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY subject ORDER BY time DESC, id DESC) AS place
        FROM entries e WHERE action <> 'undo' AND NOT {UNDONE})
    WHERE place = 1"""


_known_names: dict[Path, tuple[int, str, dict[str, str]]] = {}
"""Journal -> number and key of the newest entry that was looked at, and the names until then."""


class Journal:
    """The decisions of one dataset. Creating the object touches no disk; the first decision makes the file.

    Args:
        path: the SQLite file, `data/<dataset>/journal.sqlite`.

    Every method raises `DecisionError` if the file is not a journal, is damaged, was written by a newer
    version of the app, cannot be written, or stays locked for half a minute.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def add(self, action: str, **fields: Any) -> int:
        """`record` of `Decision(action, **fields)`."""
        return self.record(Decision(action, **fields))

    def record(self, decision: Decision) -> int:
        """Record one decision and return its number; when this returns, it is on the disk.

        If its `key` is already recorded, nothing is added and the number of the entry already there is returned: a click
        that arrives twice counts once.
        """
        with writing(self.path) as connection:
            return add_decision(connection, decision, batch="", when=next_time(connection))

    def add_many(self, decisions: Iterable[Decision], *, batch: str | None = None) -> str:
        """Record decisions in one transaction, all or none; returns the batch id, for `undo_batch`.

        A batch id that is already recorded adds nothing.
        """
        name = batch or uuid.uuid4().hex
        items = list(decisions)
        with writing(self.path) as connection:
            if not connection.execute("SELECT 1 FROM entries WHERE batch = ? LIMIT 1", (name,)).fetchone():
                when = next_time(connection)
                for decision in items:
                    add_decision(connection, decision, batch=name, when=when)
        return name

    def take(self, steps: Iterable[JournalStep]) -> dict[str, str]:
        """Record steps in their order, in one transaction; when this returns, they are on the disk.

        A step whose id is already recorded adds nothing, so steps may be sent again as often as one likes.

        Returns:
            Step id -> why it was refused; of a refused step nothing is recorded, the others are.
        """
        with writing(self.path) as connection:
            return add_steps(connection, steps)

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
                    f"""SELECT key, batch FROM entries e WHERE fold(who) = ? AND action <> 'undo' AND NOT {UNDONE}
                        ORDER BY time DESC, id DESC LIMIT 1""",
                    (who.casefold(),),
                ).fetchone()
                return None if row is None else add_undo(connection, row[1] or row[0], who, key)
            row = connection.execute(
                f"SELECT key, action, {UNDONE} FROM entries e WHERE id = ?", (decision_id,)
            ).fetchone()
            if row is None or row[1] == "undo":
                hint = "Reload: the list on screen may be of another dataset"
                raise DecisionError("There is no such decision to undo", received=decision_id, hint=hint)
            return None if row[2] else add_undo(connection, row[0], who, key)

    def undo_batch(self, batch: str, who: str = "") -> int | None:
        """Undo every decision of a batch with one entry; None if that was done before."""
        with writing(self.path) as connection:
            if not connection.execute("SELECT 1 FROM entries WHERE batch = ? LIMIT 1", (batch,)).fetchone():
                raise DecisionError("There is no such batch of decisions to undo", received=batch)
            if connection.execute("SELECT 1 FROM entries WHERE target = ?", (batch,)).fetchone():
                return None
            return add_undo(connection, batch, who, None)

    def decisions(self, active_only: bool = True, action: str = "") -> pd.DataFrame:
        """The decisions that hold, of one action where it is named, or every entry ever made, oldest first.

        Returns:
            Columns `COLUMNS` and `undone` (bool). `soft_label` is a dict or None, `shown` a dict, `time` UTC
            in ISO 8601. With `active_only` False also superseded and undone decisions and the `undo` entries
            themselves, whose `target` is the key, or the batch, they undo.
        """
        if not active_only:
            return self._table(f"{_ALL} ORDER BY time, id")
        query, values = (f"{_ACTIVE} AND action = ?", [action]) if action else (_ACTIVE, [])
        return self._table(f"{query} ORDER BY time, id", values)

    def since(self, key: str) -> pd.DataFrame | None:
        """Every entry that was added after the one with this key, as `decisions(active_only=False)`; None if there is
        no such entry."""
        with reading(self.path) as connection:
            query = "SELECT id FROM entries WHERE key = ?"
            row = None if connection is None else connection.execute(query, (key,)).fetchone()
        return None if row is None else self._table(f"{_ALL} WHERE id > ? ORDER BY time, id", (row[0],))

    def history(self, *image_ids: str) -> pd.DataFrame:
        """Every decision ever made on some images, oldest first; columns as `decisions`."""
        marks = ", ".join("?" * len(image_ids))
        return self._table(f"{_ALL} WHERE image_id IN ({marks}) ORDER BY time, id", image_ids)

    def undone(self) -> dict[str, str]:
        """Key -> action of every decision that was undone."""
        with reading(self.path) as connection:
            if connection is None:
                return {}
            query = f"SELECT key, action FROM entries e WHERE action <> 'undo' AND {UNDONE}"
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
            return sorted(set(_spellings(connection, self.path).values()) - {""})

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
                row["soft_label"] = dump_json(entry["soft_label"])
                row["shown"] = dump_json(entry["shown"] or {})
                connection.execute(f"{INSERT} ON CONFLICT (key) DO NOTHING", [row[name] for name in STORED])
            return connection.total_changes - before

    def known_as(self, who: str) -> str:
        """A reviewer's name as it was written first: names that differ in case alone are one person."""
        with reading(self.path) as connection:
            known = {} if connection is None else _spellings(connection, self.path)
        return known.get(who.casefold(), who)

    def _table(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        with reading(self.path) as connection:
            rows = [] if connection is None else connection.execute(query, values).fetchall()
            known = {} if connection is None else _spellings(connection, self.path)
        table = pd.DataFrame(rows, columns=[*COLUMNS, "undone"])
        table["who"] = table["who"].map({who: known[who.casefold()] for who in table["who"].unique()})
        text = [name for name in COLUMNS if name not in ("id", "soft_label", "shown")]
        table = table.astype({"id": "int64", "undone": "bool"} | dict.fromkeys(text, "str"))
        for name in ("soft_label", "shown"):
            values = [_load(value) for value in table[name].to_numpy(dtype=object)]
            table[name] = pd.Series(values, dtype="object")
        return table


def _spellings(connection: sqlite3.Connection, path: Path) -> dict[str, str]:
    """Folded name -> the name as it was written first, of everybody; only entries that are new are looked at."""
    last, key, names = _known_names.get(path, (0, "", {}))
    if not connection.execute("SELECT 1 FROM entries WHERE id = ? AND key = ?", (last, key)).fetchone():
        last, names = 0, {}  # nothing was known, or another file lies here by now
    rows = connection.execute("SELECT who, id, key FROM entries WHERE id > ? ORDER BY id", (last,)).fetchall()
    if rows:
        names = {who.casefold(): who for who, _, _ in reversed(rows)} | names
        _known_names[path] = (*rows[-1][1:], names)
    return names


def _decision(entry: Mapping[str, Any]) -> Decision:
    return Decision(**{name: entry[name] for name in Decision.__dataclass_fields__})


def _load(value: str) -> Any:
    # Most decisions have no soft label and many show nothing: no need to parse that.
    return None if value == "null" else {} if value == "{}" else json.loads(value)
