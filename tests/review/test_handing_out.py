"""Faces handed out: in what order, to whom, that two who ask at once are dealt different ones, and self-checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ranked_data import CLASSES, RANKING, find

from fer_core.review import self_check
from fer_core.review.claims import Claims
from fer_core.review.journal import Journal
from fer_core.review.key_press import KeyPress, record_presses, ticket
from fer_core.review.review_queue import Filters
from fer_core.review.session import ReviewSession, Waiting, next_faces, waiting_faces
from fer_core.review.snapshot import follow
from fer_core.review.verdicts import label_verdicts


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def waiting(journal: Journal, who: str = "", **more: Any) -> Waiting:
    queue = waiting_faces(RANKING, follow(journal), Filters(), who, checks=bool(who))
    return Waiting(queue.candidates, queue.waiting, queue.label_verdicts, who, more.get("avoid", ()))


def ids(course: ReviewSession) -> list[str]:
    return [turn.image_id for turn in course.turns]


def test_every_face_comes_once_then_what_was_passed_over(journal: Journal) -> None:
    course = ReviewSession()
    course.extend(30, waiting(journal))
    assert ids(course) == RANKING["image_id"].head(30).tolist()
    course.extend(30, waiting(journal), at=12)  # the reviewer has gone on, and decided on nothing
    assert ids(course) == RANKING["image_id"].head(42).tolist()
    course.extend(200, waiting(journal), at=40)
    assert ids(course)[:100] == RANKING["image_id"].tolist()
    assert ids(course)[100:] == RANKING["image_id"].head(40).tolist()
    decided = [KeyPress(f"p{n}", "keep", (f"i{n:03d}",)) for n in range(100)]
    record_presses(journal, decided, find)
    before = ids(course)
    course.extend(999, waiting(journal), at=140)
    assert ids(course) == before  # nothing waits


def test_what_others_hold_comes_last(journal: Journal) -> None:
    course = ReviewSession()
    held = RANKING["image_id"].head(90).tolist()
    course.extend(10, waiting(journal, avoid=held))
    assert ids(course) == RANKING["image_id"].tail(10).tolist()
    course.extend(20, waiting(journal, avoid=held))
    assert ids(course)[10:] == RANKING["image_id"].head(90).tail(10).tolist()[::-1]  # they come to these last
    record_presses(journal, [KeyPress("p", "keep", ("i085",), who="Ben")], find)
    assert course.gone(waiting(journal), 0) == [ticket("i085")]


def test_two_who_ask_at_the_same_moment_are_dealt_different_faces(journal: Journal) -> None:
    """Both have read who holds what before either took anything."""
    claims, courses, seen = (
        Claims(journal.path),
        {"Ada": ReviewSession(), "Ben": ReviewSession()},
        waiting(journal),
    )

    def claim(who: str) -> Callable[[list[str]], list[str]]:
        return lambda images: claims.take(who, images, len(images))

    for at in (0, 20):
        for who, course in courses.items():
            course.deal(30, seen, at, claim(who))
    dealt = [ids(course) for course in courses.values()]
    assert dealt[0][:30] == RANKING["image_id"].head(30).tolist()
    assert [len(one) for one in dealt] == [50, 50]
    assert not set(dealt[0][:30]) & set(dealt[1][:30])
    assert not set(dealt[0][20:]) & set(dealt[1][20:])
    rest = ReviewSession()
    rest.deal(200, waiting(journal, avoid=claims.held()), 0, claim("Cleo"))
    assert set(ids(rest)) == set(RANKING["image_id"]) - set(claims.held(by_others_than=("Cleo", "")))
    last = ReviewSession()
    last.deal(5, waiting(journal, avoid=claims.held()), 0, claim("Dan"))
    assert (
        ids(last) == RANKING["image_id"].tail(5).tolist()[::-1]
    )  # nothing is free: what the others come to last


def split_opinions(journal: Journal, count: int) -> list[str]:
    """Disagreements of Ada and Ben on the first faces."""
    images = [f"i{n:03d}" for n in range(count)]
    record_presses(journal, [KeyPress(f"a{i}", "keep", (i,), who="Ada") for i in images], find)
    record_presses(journal, [KeyPress(f"b{i}", "delete", (i,), who="Ben") for i in images], find)
    return images


def test_disagreements_are_dealt_from_the_first_to_the_last_though_both_have_decided_them(
    journal: Journal,
) -> None:
    images = split_opinions(journal, 6)
    record_presses(journal, [KeyPress("f", "keep", ("i000",), who="Ada", final=True)], find)
    split = Filters("all", reviewed="split")
    course = ReviewSession()
    queue = waiting_faces(RANKING, follow(journal), split, "Ada", checks=True)
    at = course.begin(queue)
    assert ids(course) == ["i000"]  # what waits does not lie behind
    course.deal(2, queue, at, lambda found: Claims(journal.path).take("Ada", found, 2, disputed=True))
    assert ids(course)[at:] == images[1:3]
    shown = next_faces(journal, RANKING, 9, split, "Ben")
    assert (shown.rows["image_id"].tolist(), shown.left, shown.held) == (images[3:], 5, 2)
    assert shown.rows["said"].tolist() == [f"Ada: {CLASSES[n % 3]}, Ben: delete" for n in (3, 4, 5)]
    assert next_faces(journal, RANKING, 9, split).rows["image_id"].tolist() == images[1:]  # only looking
    assert next_faces(journal, RANKING, 9, split, "Cleo").rows.empty


def test_a_queue_that_everybody_is_to_see_is_not_dealt(journal: Journal) -> None:
    record_presses(journal, [KeyPress(f"p{n}", "keep", (f"i{n:03d}",), who="Ada") for n in range(3)], find)

    def shown(who: str, reviewed: str) -> list[str]:
        return next_faces(journal, RANKING, 2, Filters(reviewed=reviewed), who).rows["image_id"].tolist()

    assert shown("Ben", "mine") == shown("Cleo", "mine") == ["i000", "i001"]
    assert shown("Ada", "mine") == ["i003", "i004"]
    assert shown("Ben", "done") == shown("Ben", "all") == ["i000", "i001"]
    assert Claims(journal.path).holders() == []


def test_what_was_passed_over_and_another_holds_now_comes_last(journal: Journal) -> None:
    course = ReviewSession()
    course.extend(100, waiting(journal))
    course.extend(3, waiting(journal, avoid=["i000", "i002"]), at=100)
    assert ids(course)[100:] == ["i001", "i003", "i004"]


def test_a_course_goes_on_where_the_reviewer_was(journal: Journal) -> None:
    record_presses(journal, [KeyPress(f"p{n}", "keep", (f"i{n:03d}",), who="Ada") for n in range(40)], find)
    course = ReviewSession()
    assert course.begin(waiting(journal, "Ada")) == 30
    assert ids(course) == [f"i{n:03d}" for n in range(10, 40)]
    course.extend(5, waiting(journal, "Ada"), at=30)
    assert [i for i in ids(course)[30:] if int(i[1:]) >= 40] == [f"i{n:03d}" for n in range(40, 45)]
    there = ReviewSession()
    assert ids(there)[:] == []
    assert there.turns == []
    place = there.begin(waiting(journal, "Ada"), image="i035")
    assert ids(there)[place] == "i035"


def test_self_checks_come_as_if_asked_one_by_one_and_are_known_by_their_ticket(journal: Journal) -> None:
    record_presses(journal, [KeyPress(f"p{n}", "keep", (f"i{n:03d}",), who="Ada") for n in range(20)], find)
    course = ReviewSession()
    course.extend(60, waiting(journal, "Ada"))
    checks = [(place, turn) for place, turn in enumerate(course.turns) if turn.check_of]
    due = [n for n in range(20, 80) if self_check._draw("Ada", str(n)) < self_check.RATE]
    assert due
    ordinary = [
        place - number for number, (place, _) in enumerate(checks)
    ]  # ordinary faces before each check
    assert [20 + count for count in ordinary][: len(checks)] == due[: len(checks)]
    turn = checks[0][1]
    assert int(turn.image_id[1:]) < 20 + ordinary[0] - self_check.DISTANCE
    assert turn.ticket != ticket(turn.image_id)
    answer = KeyPress("c", "delete", (turn.image_id,), who="Ada", ticket=turn.ticket)
    plain = KeyPress("d", "keep", ("i021",), who="Ada", ticket=ticket("i021"))
    forged = KeyPress("e", "keep", (turn.image_id,), who="Ben", ticket=turn.ticket)  # no decision of Ben's
    record_presses(journal, [answer, plain, forged], find)
    table = label_verdicts(journal.decisions(active_only=False)).set_index("key")
    assert table.loc[["c", "d", "e"], "mode"].tolist() == ["self_check", "", ""]
    assert table.loc["c", "check_of"] == turn.check_of
