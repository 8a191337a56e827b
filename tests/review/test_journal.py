"""The journal: what is acknowledged is there, once, whoever writes and whatever dies."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.base.errors import BadName, DecisionError
from fer_core.review.decisions import ACTIONS, Decision
from fer_core.review.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def test_looking_makes_no_file(journal: Journal) -> None:
    assert journal.decisions().empty
    assert journal.decisions(active_only=False).empty
    assert journal.counts() == dict.fromkeys(ACTIONS, 0)
    assert journal.reviewers() == []
    assert not journal.path.exists()


def test_everything_given_comes_back(journal: Journal) -> None:
    number = journal.add(
        "ambiguous",
        image_id="a1",
        pixel_hash="ff",
        soft_label={"Happiness": 3, "sad": 1, "fear": 0},
        path="train/sad/ü.jpg",
        reason="half a smile",
        who="Ada",
        shown={"label": "sad", "p": [0.4, 0.6]},
    )
    row = journal.decisions().iloc[0]
    assert row["id"] == number
    assert row["soft_label"] == {"happy": 0.75, "sad": 0.25}
    assert row["shown"] == {"label": "sad", "p": [0.4, 0.6]}
    assert (row["path"], row["reason"], row["who"]) == ("train/sad/ü.jpg", "half a smile", "Ada")
    assert row["time"].endswith("+00:00")
    assert not row["undone"]


def test_the_latest_verdict_holds_and_undo_brings_back_the_one_before(journal: Journal) -> None:
    journal.add("relabel", image_id="a", label="joy", who="Ada")
    journal.add("delete", image_id="a", who="Ben")
    journal.add("note", image_id="a", reason="dark", who="Ben")
    journal.add("note", image_id="a", reason="blurred", who="Ada")
    assert sorted(journal.decisions()["action"]) == ["delete", "note", "note"]
    last = journal.history("a").query("action == 'delete'")["id"].iloc[0]
    assert journal.undo(int(last), who="Ada") is not None
    assert journal.undo(int(last), who="Ada") is None
    held = journal.decisions().query("action == 'relabel'")
    assert held["label"].tolist() == ["happy"]
    history = journal.decisions(active_only=False)
    assert history["action"].tolist() == ["relabel", "delete", "note", "note", "undo"]
    assert history["undone"].tolist() == [False, True, False, False, False]


def test_a_pair_is_the_same_in_both_orders(journal: Journal) -> None:
    journal.add("duplicate", pixel_hash="aa", other="bb")
    journal.add("not_duplicate", pixel_hash="bb", other="aa")
    assert journal.decisions()["action"].tolist() == ["not_duplicate"]


def test_undo_takes_the_reviewers_own_last(journal: Journal) -> None:
    journal.add("keep", image_id="a", who="Ada")
    journal.add("keep", image_id="b", who="Ada")
    journal.add("keep", image_id="c", who="Ben")
    journal.undo(who="Ada")
    assert journal.decisions()["image_id"].tolist() == ["a", "c"]
    journal.undo(who="Ada")
    assert journal.undo(who="Ada") is None
    assert journal.decisions()["image_id"].tolist() == ["c"]
    assert journal.reviewers() == ["Ada", "Ben"]


def test_a_batch_is_one_transaction_with_one_undo(journal: Journal) -> None:
    journal.add("keep", image_id="a0", who="Ada")
    batch = journal.add_many([Decision("delete", image_id=f"a{i}", who="Ada") for i in range(500)])
    assert journal.counts()["delete"] == 500
    entries = len(journal.decisions(active_only=False))
    journal.undo(who="Ada")
    assert len(journal.decisions(active_only=False)) == entries + 1
    assert journal.decisions()["action"].tolist() == ["keep"]
    assert journal.undo_batch(batch) is None
    with pytest.raises(DecisionError, match="no such batch"):
        journal.undo_batch("nothing")


def test_a_bad_decision_in_a_batch_leaves_none(journal: Journal) -> None:
    good = Decision("delete", image_id="a")
    clash = Decision("keep", image_id="b", key=good.key)
    with pytest.raises(DecisionError, match="another decision"):
        journal.add_many([good, clash])
    assert journal.decisions(active_only=False).empty


def test_a_replay_never_doubles(journal: Journal) -> None:
    first = journal.add("keep", image_id="a", key="k1")
    assert journal.add("keep", image_id="a", key="k1") == first
    batch = journal.add_many([Decision("delete", image_id="b")], batch="b1")
    journal.add_many([Decision("delete", image_id="c")], batch=batch)
    undo = journal.undo(first, key="u1")
    assert journal.undo(first, key="u1") == undo
    assert len(journal.decisions(active_only=False)) == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "rename"}, "must be one of"),
        ({"action": "keep"}, "needs the image"),
        ({"action": "relabel", "image_id": "a", "label": " "}, "needs the new label"),
        ({"action": "ambiguous", "image_id": "a"}, "needs a probability"),
        ({"action": "ambiguous", "image_id": "a", "soft_label": {"sad": -1}}, "at least 0"),
        ({"action": "ambiguous", "image_id": "a", "soft_label": {"sad": float("nan")}}, "at least 0"),
        ({"action": "ambiguous", "image_id": "a", "soft_label": {"sad": 0}}, "all zero"),
        ({"action": "duplicate", "pixel_hash": "a"}, "both pictures"),
        ({"action": "keep", "image_id": "a", "shown": {"x": object()}}, "JSON"),
    ],
)
def test_a_decision_that_lacks_something_is_refused_in_words(
    journal: Journal, fields: dict[str, object], words: str
) -> None:
    with pytest.raises(DecisionError, match=words):
        journal.add(**fields)  # type: ignore[arg-type]
    assert not journal.path.exists()


def test_a_label_must_be_fit_for_a_folder(journal: Journal) -> None:
    with pytest.raises(BadName):
        journal.add("relabel", image_id="a", label="../happy")


def test_entries_cannot_be_changed_or_removed(journal: Journal) -> None:
    journal.add("keep", image_id="a")
    connection = sqlite3.connect(journal.path)
    for statement in ("UPDATE entries SET who = 'x'", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_newer_schema_is_refused_and_left_alone(journal: Journal) -> None:
    journal.add("keep", image_id="a")
    connection = sqlite3.connect(journal.path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    for act in (journal.decisions, lambda: journal.add("keep", image_id="b")):
        with pytest.raises(DecisionError, match=r"newer version of the app.*schema 9"):
            act()


def test_a_file_that_is_no_journal_is_named(journal: Journal) -> None:
    journal.path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(DecisionError, match="cannot be used"):
        journal.add("keep", image_id="a")


def test_a_clock_set_back_does_not_bury_a_decision(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    class Clock(datetime):
        year_now = 2031

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(cls.year_now, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("fer_core.review.store.datetime", Clock)
    journal.add("keep", image_id="a")
    Clock.year_now = 2030
    journal.add("delete", image_id="a")
    assert journal.decisions()["action"].tolist() == ["delete"]


def test_many_threads_write_at_once(journal: Journal) -> None:
    def write(who: int) -> None:
        for number in range(40):
            journal.add("keep", image_id=f"{who}-{number}", who=str(who))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.decisions()) == 320


_WRITER = """
import sys
from pathlib import Path
from fer_core.review.journal import Journal
journal, who = Journal(Path(sys.argv[1])), sys.argv[2]
for number in range(int(sys.argv[3]), int(sys.argv[4])):
    journal.add("relabel", image_id=f"{who}-{number}", label="sad", who=who, key=f"{who}-{number}")
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_kill_at_random_moments_loses_and_doubles_nothing(journal: Journal, tmp_path: Path) -> None:
    """Two writers, killed again and again, go on from their last acknowledged decision until all are in."""
    total, dice = 1000, random.Random(7)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    acknowledged = {"Ada": -1, "Ben": -1}
    kills = 0
    while min(acknowledged.values()) < total - 1:
        writers = {}
        for who, last in acknowledged.items():
            if last < total - 1:
                # One earlier than needed: the client that got no answer sends the same decision again.
                command = [
                    sys.executable,
                    "-c",
                    _WRITER,
                    str(journal.path),
                    who,
                    str(max(last, 0)),
                    str(total),
                ]
                writers[who] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        mortal = kills < 6
        if mortal:
            # The first acknowledgement shows that both are past their imports and writing.
            for who, process in writers.items():
                acknowledged[who] = max(acknowledged[who], int(process.stdout.readline()))  # type: ignore[union-attr]
            time.sleep(dice.uniform(0.0, 0.08))
            for process in writers.values():
                process.kill()
            kills += 1
        for who, process in writers.items():
            lines = process.stdout.read().split("\n")  # type: ignore[union-attr]
            process.wait()
            numbers = [int(line) for line in lines[:-1]]
            acknowledged[who] = max([acknowledged[who], *numbers])
        held = set(journal.decisions(active_only=False)["key"])
        for who, last in acknowledged.items():
            assert {f"{who}-{number}" for number in range(last + 1)} <= held
    entries = journal.decisions(active_only=False)
    assert kills == 6
    assert len(entries) == 2 * total
    assert entries["key"].is_unique
    connection = sqlite3.connect(journal.path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


_step = st.one_of(
    st.tuples(st.sampled_from(["keep", "delete", "relabel"]), st.integers(0, 3)),
    st.tuples(st.just("undo"), st.integers(0, 30)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_step, max_size=25))
def test_what_holds_equals_a_plain_model(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    journal = Journal(tmp_path_factory.mktemp("j") / "journal.sqlite")
    made: list[tuple[int, str, str]] = []
    undone: set[int] = set()
    for action, number in steps:
        if action == "undo":
            if made:
                target = made[number % len(made)][0]
                assert (journal.undo(target) is None) == (target in undone)
                undone.add(target)
        else:
            image = f"i{number}"
            made.append((journal.add(action, image_id=image, label="sad"), image, action))
    expected = {image: action for entry, image, action in made if entry not in undone}
    held = journal.decisions()
    assert dict(zip(held["image_id"], held["action"], strict=True)) == expected
