"""Who holds which faces of the queue, so that two people who review at once never see the same one.

A reviewer takes the next faces of a queue; until they are decided, given back, or the hold runs out, nobody else is
dealt them. A face that somebody decided, or a disagreement that somebody settled, meanwhile is not dealt either, however
old the queue that was asked with. Holds are about the present alone: they lie in a small database beside the journal,
and are in no patch and no version.

    claims = Claims(dataset.journal_path)
    mine = claims.take("Ada", queue["image_id"].tolist(), 30)
    claims.release("Ada")

Where a face is wanted by several people (to measure agreement), do not ask: see `review_queue.dealt`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fer_core.base.errors import DecisionError
from fer_core.base.sqlite import diagnose, transaction
from fer_core.review.decisions import VERDICTS
from fer_core.review.journal import Journal
from fer_core.review.store import BUSY_SECONDS, UNDONE, reading
from fer_core.review.verdicts import disagreements, label_verdicts

HOLD_SECONDS = 300.0
"""A window not asked for again for so long is free: its reviewer went away, or their browser died."""
_CREATE = """CREATE TABLE IF NOT EXISTS claims (
    image_id TEXT PRIMARY KEY, who TEXT NOT NULL, seat TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL)"""


@dataclass(frozen=True)
class Holder:
    """Somebody who reviews now.

    Attributes:
        who: name, "" for none.
        seat: browser or program, "" for none.
        images: how many faces they hold.
        since: when they took the first of these, seconds since 1970.
        until: when the last of them is free again.
    """

    who: str
    seat: str
    images: int
    since: float
    until: float


class _NotWritableError(Exception):
    """The disk is full or read-only."""


class Claims:
    """The holds of one dataset; any number of threads and processes may use the file at once.

    Args:
        journal: path of the dataset's journal; the file of holds lies beside it.

    Every method raises `DecisionError` if the file cannot be used.
    """

    def __init__(self, journal: Path) -> None:
        self.path = Path(journal).with_name("claims.sqlite")
        self._journal = Path(journal)

    def take(
        self,
        who: str,
        queue: Sequence[str],
        count: int,
        *,
        seat: str = "",
        seconds: float = HOLD_SECONDS,
        give_back: bool = True,
        disputed: bool = False,
    ) -> list[str]:
        """Hold the first faces of a queue that nobody else holds and that still wait: nobody has decided them.

        What this reviewer held before in this seat and is not among them is given back, so asking again with the queue as
        it is now moves the window on, and renews it.

        Args:
            who: the reviewer.
            queue: image ids, the next one first.
            count: how many.
            seat: tells apart two people without a name, and what one person holds in several places.
            seconds: until the hold runs out.
            give_back: False keeps what was held before, until it runs out.
            disputed: the queue is one of disagreements, which wait until somebody has had the final say.

        Where nothing can be written nothing is held: nobody can decide there either.

        Returns:
            image ids in the queue's order, at most `count`.
        """
        try:
            return self._taken(who, queue, count, seat, seconds, give_back, disputed)
        except _NotWritableError:
            return self._waiting(queue, count, disputed)

    def _taken(
        self,
        who: str,
        queue: Sequence[str],
        count: int,
        seat: str,
        seconds: float,
        give_back: bool,
        disputed: bool,
    ) -> list[str]:
        now = time.time()
        with self._writing() as connection:
            others = _others(connection, who, seat, now)
            # Asked inside the transaction: who decides a face holds it until the decision is on the disk.
            found = self._waiting((image for image in queue if image not in others), count, disputed)
            since = dict(
                connection.execute(
                    "SELECT image_id, since FROM claims WHERE fold(who) = fold(?) AND seat = ?", (who, seat)
                )
            )
            connection.execute(
                "DELETE FROM claims WHERE ? AND fold(who) = fold(?) AND seat = ? OR until <= ?",
                (give_back, who, seat, now),
            )
            connection.executemany(  # what is held already stays as long as either says
                """INSERT INTO claims (image_id, who, seat, since, until) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (image_id) DO UPDATE SET until = max(until, excluded.until)""",
                [(image, who, seat, since.get(image, now), now + seconds) for image in found],
            )
        return found

    def release(self, who: str, *, seat: str = "", images: Collection[str] | None = None) -> int:
        """Give faces back, all with None; returns how many were held. Call it after the decisions are recorded."""
        if not self.path.exists():
            return 0
        with suppress(_NotWritableError), self._writing() as connection:
            if images is None:
                query = "DELETE FROM claims WHERE fold(who) = fold(?) AND seat = ?"
                return connection.execute(query, (who, seat)).rowcount
            query = "DELETE FROM claims WHERE fold(who) = fold(?) AND seat = ? AND image_id = ?"
            return sum(connection.execute(query, (who, seat, image)).rowcount for image in images)
        return 0

    def held(self, *, by_others_than: tuple[str, str] | None = None) -> dict[str, str]:
        """image_id -> who holds it now; those of (who, seat) left out where asked, of a name in every seat."""
        with self._reading() as connection:
            if connection is None:
                return {}
            if by_others_than is not None:
                return _others(connection, *by_others_than, time.time())
            rows = connection.execute("SELECT image_id, who FROM claims WHERE until > ?", (time.time(),))
            return dict(rows.fetchall())

    def holders(self) -> list[Holder]:
        """Everybody who holds faces now, by name."""
        with self._reading() as connection:
            if connection is None:
                return []
            query = """SELECT MIN(who), seat, COUNT(*), MIN(since), MAX(until) FROM claims WHERE until > ?
                GROUP BY fold(who), seat ORDER BY fold(who), seat"""
            return [Holder(*row) for row in connection.execute(query, (time.time(),))]

    def _waiting(self, queue: Iterable[str], count: int, disputed: bool) -> list[str]:
        """The first of a queue that still wait; asked in steps, for a queue can be long."""
        found: list[str] = []
        waiting = iter(queue)
        while len(found) < count:
            step = [image for image, _ in zip(waiting, range(max(count, 100)), strict=False)]
            if not step:
                break
            open_ = _disputed(self._journal, step) if disputed else set(step) - _decided(self._journal, step)
            found += [image for image in step if image in open_]
        return found[:count]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        if not self.path.exists():
            yield None
            return
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._connect())
            except _NotWritableError:
                connection = None
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connect() as connection, transaction(connection):
            yield connection

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            ) as connection:
                connection.create_function("fold", 1, str.casefold, deterministic=True)  # of names
                connection.execute("PRAGMA synchronous = OFF")  # a hold that a crash loses is no loss
                connection.execute(_CREATE)
                yield connection
        except sqlite3.Error as error:
            if diagnose(error, self.path) in ("full", "read-only"):
                raise _NotWritableError from error
            raise DecisionError(
                f"The file of who reviews what cannot be used ({error})",
                received=self.path,
                hint="Remove it: it holds nothing but who is at work now",
            ) from error


def _others(connection: sqlite3.Connection, who: str, seat: str, now: float) -> dict[str, str]:
    """image_id -> who holds it: somebody of another name, or without a name in another seat."""
    query = "SELECT image_id, who FROM claims WHERE until > ? AND NOT (fold(who) = fold(?) AND (who <> '' OR seat = ?))"
    return dict(connection.execute(query, (now, who, seat)).fetchall())


def _decided(journal: Path, images: Sequence[str]) -> set[str]:
    """Those of some hundred images that have a verdict which holds."""
    query = f"""SELECT image_id FROM entries e WHERE image_id IN ({", ".join("?" * len(images))})
        AND action IN ({", ".join("?" * len(VERDICTS))}) AND NOT {UNDONE}"""
    with reading(journal) as connection:
        rows = [] if connection is None else connection.execute(query, [*images, *VERDICTS]).fetchall()
    return {image for (image,) in rows}


def _disputed(journal: Path, images: Sequence[str]) -> set[str]:
    """Those of some hundred images on which reviewers disagree, without a final say."""
    return set(disagreements(label_verdicts(Journal(journal).history(*images)))["image_id"])
