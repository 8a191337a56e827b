"""Sessions: what a press means, that it counts once, and that old journals take part."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranked_data import CLASSES, RANKING, find

from fer_core.base.errors import DecisionError, NotFound
from fer_core.review import key_press, store
from fer_core.review.journal import Journal
from fer_core.review.key_press import KeyPress, parse, record_presses
from fer_core.review.store import JournalStep


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def raw(journal: Journal, columns: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(journal.path)) as connection:
        return connection.execute(f"SELECT {columns} FROM entries ORDER BY id").fetchall()


def test_a_relabel_to_its_own_label_is_a_keep_and_names_are_canonical(journal: Journal) -> None:
    receipt = record_presses(
        journal,
        [
            KeyPress("a", "relabel", ("i000",), label="Happiness"),
            KeyPress("b", "relabel", ("i001",), label="NEUTRAL"),
            KeyPress("c", "ambiguous", ("i002",)),
            KeyPress("d", "ambiguous", ("i003",), soft={"Sadness": 3, "happy": 1}),
        ],
        find,
    )
    assert receipt.saved == ("a", "b", "c", "d")
    assert raw(journal, "key, action, label") == [
        ("a", "keep", ""),
        ("b", "relabel", "neutral"),
        ("c", "ambiguous", ""),
        ("d", "ambiguous", ""),
    ]
    held = journal.decisions().set_index("key")
    offered = RANKING.iloc[2]
    assert held.loc["c", "soft_label"] == pytest.approx({name: offered[f"p_{name}"] for name in CLASSES})
    assert held.loc["d", "soft_label"] == {"sad": 0.75, "happy": 0.25}
    assert held.loc["b", "shown"]["suggested"] == "neutral"


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 11), min_size=1, max_size=40), st.randoms())
def test_batches_sent_again_in_any_grouping_count_once_and_keep_their_order(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], chance: random.Random
) -> None:
    """A browser sends the unconfirmed head of its list again and again; receipts are lost at random."""
    journal = Journal(tmp_path_factory.mktemp("j") / "journal.sqlite")
    steps = [KeyPress(f"p{n}", chance.choice(["keep", "delete"]), (f"i{n:03d}",)) for n in range(20)]
    steps.insert(9, KeyPress("u", "undo", undoes="p4"))
    left = list(steps)
    for size in [*sizes, 40, 40]:
        receipt = record_presses(journal, left[: size + 1], find)
        assert not receipt.refused
        if size == 40 or chance.random() < 0.5:  # else the receipt never arrives
            left = [press for press in left if press.id not in receipt.saved]
    assert left == []
    assert [key for (key,) in raw(journal, "key")] == [press.id for press in steps]
    assert "i004" not in set(journal.decisions()["image_id"])


def test_a_refused_press_takes_nothing_else_with_it(journal: Journal) -> None:
    receipt = record_presses(
        journal,
        [
            KeyPress("a", "keep", ("i000",)),
            KeyPress("b", "keep", ("nobody",)),
            KeyPress("c", "relabel", ("i001",), label="no/class"),
            KeyPress("d", "undo", undoes="never"),
            KeyPress("e", "keep", ("i002",)),
        ],
        find,
    )
    assert receipt.saved == ("a", "e")
    assert set(receipt.refused) == {"b", "c", "d"}
    assert "no such image" in receipt.refused["b"]
    assert "no such decision" in receipt.refused["d"]
    assert [key for (key,) in raw(journal, "key")] == ["a", "e"]
    journal.path.write_bytes(b"no journal, but long enough to be one" * 99)
    assert "cannot be used" in record_presses(journal, [KeyPress("f", "keep", ("i000",))], find).problem


def test_many_images_are_one_step_and_one_undo(journal: Journal) -> None:
    grid = KeyPress("g", "relabel", ("i000", "i001", "i002"), label="sad", grid=True, who="Ada")
    for _ in range(2):
        assert record_presses(journal, [grid], find).saved == ("g",)
    assert raw(journal, "key, batch, action") == [
        ("g-0", "g", "relabel"),
        ("g-1", "g", "keep"),
        ("g-2", "g", "relabel"),
    ]
    record_presses(journal, [KeyPress("u", "undo", undoes="g", who="Ada")] * 2, find)
    assert len(raw(journal, "key")) == 4
    assert journal.decisions().empty


def test_when_it_was_pressed_is_kept_and_the_order_too(journal: Journal) -> None:
    record_presses(
        journal, [KeyPress("a", "keep", ("i000",), age=100), KeyPress("b", "keep", ("i001",), age=40)], find
    )
    record_presses(journal, [KeyPress("c", "keep", ("i002",), age=1000)], find)  # a clock that was set
    when = pd.to_datetime([time for (time,) in raw(journal, "time")])
    assert (when[1] - when[0]).total_seconds() == pytest.approx(60, abs=1)
    assert when.is_monotonic_increasing
    assert when.is_unique


@pytest.mark.parametrize(
    "value",
    [
        {"action": "keep", "images": ["a"]},
        {"id": "x", "action": "explode", "images": ["a"]},
        {"id": "x", "action": "keep", "images": "a"},
        {"id": "x", "action": "keep", "images": []},
        {"id": "x", "action": "undo"},
        {"id": 3, "action": "keep", "images": ["a"]},
        {"id": "x", "action": "ambiguous", "images": ["a"], "soft": [1]},
    ],
)
def test_a_message_that_is_none_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(DecisionError):
        parse(value)
    assert parse({"id": "x", "action": "keep", "images": ["a"], "said": "kept"}).images == ("a",)


def test_a_group_is_settled_or_told_apart(journal: Journal) -> None:
    settled = KeyPress("s", "settle", ("i000", "i001", "i002"), keep="i001", reason="you chose it", who="Ada")
    apart = KeyPress("n", "apart", ("i003", "i004"))
    assert record_presses(journal, [settled, apart, settled], find).refused == {}
    found = raw(journal, "batch, action, image_id, key")
    assert [row[:3] for row in found] == [
        ("s", "duplicate", "i001"),
        ("s", "duplicate", "i001"),
        ("s", "delete", "i000"),
        ("s", "delete", "i002"),
        ("", "not_duplicate", "i003"),
    ]
    assert found[-1][3] == "n"
    with pytest.raises(DecisionError, match="one of the group"):
        key_press.press_decisions(KeyPress("x", "settle", ("i000", "i001"), keep="i009"), find(settled))
    with pytest.raises(NotFound):
        key_press.press_decisions(KeyPress("x", "keep", ("i000",)), {})


def test_a_journal_of_before_takes_steps_and_undoes_its_own(journal: Journal) -> None:
    """A file as version 0.2.0 wrote it, statement by statement: the id of a step was its unique key all along."""
    with contextlib.closing(sqlite3.connect(journal.path)) as connection:
        for statement in store._CREATE:
            connection.execute(statement)
        for key, batch, image in (("one-0", "one", "i000"), ("two-0", "two", "i001"), ("three", "", "i002")):
            connection.execute(
                "INSERT INTO entries (key, batch, action, subject, target, image_id, pixel_hash, path, label, soft_label,"
                " other, reason, who, time, shown) VALUES (?, ?, 'keep', ?, '', ?, 'h', 'p', '', 'null', '', '', 'Ada', ?, '{}')",
                (key, batch, f"image:{image}", image, f"2025-01-01T00:00:0{image[-1]}.000000+00:00"),
            )
        connection.commit()
    record_presses(
        journal, [KeyPress("n", "keep", ("i003",)), KeyPress("u", "undo", undoes="one", who="Ada")], find
    )
    record_presses(
        journal, [KeyPress("v", "undo", undoes="two-0"), KeyPress("w", "undo", undoes="three")], find
    )
    assert journal.decisions()["key"].tolist() == ["n"]
    with pytest.raises(sqlite3.IntegrityError), contextlib.closing(sqlite3.connect(journal.path)) as again:
        again.execute("INSERT INTO entries SELECT 99, key, batch, action, subject, target, image_id, pixel_hash, path,"
                      " label, soft_label, other, reason, who, time, shown FROM entries WHERE key = 'n'")  # fmt: skip


def test_a_step_says_something(journal: Journal) -> None:
    assert set(journal.take([JournalStep("a"), JournalStep("")])) == {"a", ""}
