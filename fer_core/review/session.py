"""A reviewer's way through a queue: faces handed out ahead of the reviewer, so that a browser answers a key without asking.

    queue = waiting_faces(ranking, follow(journal))      # likely wrong, worst first, not decided
    session = ReviewSession()
    session.extend(30, queue)                       # the next 30 faces

What the reviewer presses meanwhile is taken in by `review.key_press`. Without a browser, `next_faces` gives the next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

import pandas as pd

from fer_core.review import review_queue, self_check
from fer_core.review.claims import HOLD_SECONDS, Claims
from fer_core.review.journal import Journal
from fer_core.review.key_press import ticket
from fer_core.review.review_queue import Filters
from fer_core.review.snapshot import JournalSnapshot, follow

AHEAD = 30
"""Faces that lie ready before the reviewer, and behind, for looking back."""
_FILTERS = Filters()


@dataclass(frozen=True)
class HandedFace:
    """A face that was handed out; `check_of` is the key of the decision that is being asked again, or ""."""

    image_id: str
    check_of: str = ""

    @property
    def ticket(self) -> str:
        return ticket(self.image_id, self.check_of)


@dataclass(frozen=True)
class Waiting:
    """What may be handed out.

    Attributes:
        candidates: rows that the filters on the image let through, in the queue's order.
        waiting: those of them that nobody who counts has decided.
        label_verdicts: from `verdicts.label_verdicts`; None where no self-checks come.
        who: the reviewer; without a name there are no self-checks.
        avoid: image ids that others hold; they come only where nothing else is left.
    """

    candidates: pd.DataFrame
    waiting: pd.DataFrame
    label_verdicts: pd.DataFrame | None = None
    who: str = ""
    avoid: Collection[str] = ()


def waiting_faces(
    ranking: pd.DataFrame,
    known: JournalSnapshot,
    filters: Filters = _FILTERS,
    who: str = "",
    checks: bool = False,
) -> Waiting:
    """What waits of a ranking.

    Args:
        ranking: from `mislabels.rank`, with `source` where the filters ask for one.
        known: the journal as it is.
        filters: of the queue.
        who: the reviewer.
        checks: whether self-checks may come.
    """
    rows = review_queue.of_pair(review_queue.candidates(ranking, filters), filters.pair)
    waiting = review_queue.by_review_state(rows, known.label_verdicts, known.current_verdicts, filters, who)
    return Waiting(rows, waiting, known.label_verdicts if checks else None, who)


@dataclass(frozen=True)
class NextFaces:
    """The next faces of a queue, all at once.

    Attributes:
        rows: of the ranking, the next one first; where reviewers disagree with `said`, what each of them said.
        left: faces that wait, these included.
        held: faces that other reviewers hold.
    """

    rows: pd.DataFrame
    left: int
    held: int = 0


def next_faces(
    journal: Journal,
    ranking: pd.DataFrame,
    count: int,
    filters: Filters = _FILTERS,
    who: str | None = None,
    *,
    seat: str = "",
    seconds: float = HOLD_SECONDS,
    give_back: bool = True,
) -> NextFaces:
    """Take the next faces of a queue without a browser. They are held for the reviewer where `review_queue.dealt` says so.

    Args:
        journal: of the dataset.
        ranking: from `mislabels.rank`.
        count: how many.
        filters: of the queue.
        who: the reviewer; None to look without holding any.
        seat, seconds, give_back: as `Claims.take`.
    """
    known = follow(journal)
    who = who and journal.known_as(who)
    left = waiting_faces(ranking, known, filters, who or "").waiting
    rows, held = left.head(count), 0
    if who is not None and review_queue.is_exclusive(filters):
        claims = Claims(journal.path)
        held = len(claims.held(by_others_than=(who, seat)))
        images = claims.take(
            who, left["image_id"].tolist(), count, seat=seat, seconds=seconds, give_back=give_back,
            disputed=filters.disputed,
        )  # fmt: skip
        rows = left.set_index("image_id", drop=False).loc[images].reset_index(drop=True)
    if filters.disputed:
        rows = rows.merge(known.disagreements, on="image_id", how="left")
    return NextFaces(rows, len(left), held)


@dataclass
class ReviewSession:
    """The turns handed out to one visit of a queue, in order; append-only."""

    turns: list[HandedFace] = field(default_factory=list)
    checked: set[int] = field(default_factory=set)
    """Numbers of decisions after which a self-check was handed out."""

    def begin(self, queue: Waiting, image: str = "", back: int = AHEAD) -> int:
        """Hand out what the reviewer decided last and does not wait, for looking back; then `image`, if it is given.

        Returns:
            The place to begin at.
        """
        found = set(queue.candidates["image_id"])
        if queue.label_verdicts is not None and back:
            mine = queue.label_verdicts.loc[
                queue.label_verdicts["who"] == queue.who, "image_id"
            ].drop_duplicates(keep="last")
            behind = mine[mine.isin(found) & ~mine.isin(queue.waiting["image_id"])]
            self.turns += [HandedFace(one) for one in behind.tail(back)]
        if image:
            here = [place for place, turn in enumerate(self.turns) if turn.image_id == image]
            due = self._due(queue, 0, found)
            if due is not None and due.image_id == image:
                self.turns.append(due)
            elif here:
                return here[-1]
            else:
                self.turns.append(HandedFace(image))
            return len(self.turns) - 1
        return len(self.turns)

    def extend(self, count: int, queue: Waiting, at: int = 0) -> None:
        """Hand out more until `count` turns lie at `at` and after it, or nothing is left.

        First what was not handed out yet, from the last one on; then what was passed over and still waits.
        """
        missing = at + count - len(self.turns)
        if missing <= 0:
            return
        found = set(queue.candidates["image_id"])
        decided = (
            set()
            if queue.label_verdicts is None
            else set(queue.label_verdicts.loc[queue.label_verdicts["who"] == queue.who, "image_id"])
        )
        ahead = len({turn.image_id for turn in self.turns if not turn.check_of} - decided)
        for image in self._order(queue, at)[:missing]:
            if (check := self._due(queue, ahead, found)) is not None and check.image_id != image:
                self.turns.append(check)
            self.turns.append(HandedFace(image))
            ahead += 1

    def deal(
        self, count: int, queue: Waiting, at: int, claim: Callable[[list[str]], Collection[str]]
    ) -> None:
        """`extend` by what nobody else holds, also where somebody takes it at this very moment.

        Args:
            count, queue, at: as `extend`.
            claim: takes images for the reviewer and returns those it got, as `Claims.take`.
        """
        start = len(self.turns)
        while True:
            self.extend(count, queue, at)
            ahead = list(dict.fromkeys(turn.image_id for turn in self.turns[at:] if not turn.check_of))
            lost = set(ahead) - set(claim(ahead)) - set(queue.avoid)
            kept = [turn for turn in self.turns[start:] if turn.check_of or turn.image_id not in lost]
            if len(kept) == len(self.turns) - start:
                return
            self.turns[start:] = kept
            queue = replace(queue, avoid={*queue.avoid, *lost})

    def _order(self, queue: Waiting, at: int) -> list[str]:
        waiting, avoid = queue.waiting["image_id"].tolist(), set(queue.avoid)
        handed = {turn.image_id for turn in self.turns if not turn.check_of}
        coming = {turn.image_id for turn in self.turns[at:]}
        fresh = [image for image in waiting if image not in handed]
        passed = [image for image in waiting if image in handed and image not in coming]
        free = [image for image in fresh if image not in avoid]
        again = [image for image in passed if image not in avoid]
        if not free and not again:  # from the far end of what others hold, which they come to last
            return fresh[::-1] + passed[::-1]
        last = next((turn.image_id for turn in reversed(self.turns) if not turn.check_of), None)
        if last is not None:
            place = {image: i for i, image in enumerate(queue.candidates["image_id"])}
            after = place.get(last, -1)
            free = [i for i in free if place[i] > after] + [i for i in free if place[i] <= after]
        return free + again

    def gone(self, queue: Waiting, at: int) -> list[str]:
        """Tickets of turns from `at` on that nobody needs to look at any more: somebody has decided them since."""
        waiting = set(queue.waiting["image_id"])
        return [turn.ticket for turn in self.turns[at:] if not turn.check_of and turn.image_id not in waiting]

    def _due(self, queue: Waiting, ahead: int, among: Collection[str]) -> HandedFace | None:
        """The self-check that comes after `ahead` more decisions; noted, so that it comes once."""
        if queue.label_verdicts is None or not queue.who:
            return None
        asked = {turn.check_of for turn in self.turns}
        own = queue.label_verdicts["who"] == queue.who
        number = int((own & (queue.label_verdicts["mode"] == "")).sum()) + ahead
        if number in self.checked:
            return None
        found = self_check.due_check(queue.label_verdicts, queue.who, among, ahead=ahead, asked=asked)
        if found is None:
            return None
        self.checked.add(number)
        return HandedFace(str(found["image_id"]), str(found["key"]))
