"""A journal that is followed reads the same as one read from the start, whatever was appended in between."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from review_data import forget_decisions

from fer_core.review import verdicts
from fer_core.review.decisions import VERDICTS, Decision
from fer_core.review.journal import Journal
from fer_core.review.snapshot import JournalSnapshot, follow

step = st.tuples(
    st.sampled_from(["relabel", "keep", "delete", "ambiguous", "picture", "batch", "undo", "earlier"]),
    st.integers(0, 4),
    st.sampled_from(["Ada", "Ben"]),
)


def take(journal: Journal, action: str, number: int, who: str) -> None:
    about = {"image_id": f"i{number}", "pixel_hash": f"h{number}", "who": who, "shown": {"label": "happy"}}
    if action == "undo":
        journal.undo(who=who)
    elif action == "picture":
        journal.add("delete", pixel_hash=f"h{number}", who=who)
    elif action == "batch":
        journal.add_many([Decision("keep", **about), Decision("keep", image_id="i9", who=who)])  # type: ignore[arg-type]
    elif action == "earlier":  # as a patch from another copy brings it
        given = Decision("keep", **about)  # type: ignore[arg-type]
        fields = {name: getattr(given, name) for name in Decision.__dataclass_fields__}
        journal.merge([fields | {"batch": "", "target": "", "time": f"2020-01-0{number + 1}T00:00:00+00:00"}])
    else:
        more = {"label": "sad"} if action == "relabel" else {"soft_label": {"sad": 1.0}}
        journal.add(action, **about, **(more if action in ("relabel", "ambiguous") else {}))  # type: ignore[arg-type]


def same(known: JournalSnapshot, journal: Journal) -> None:
    entries = journal.decisions(active_only=False)
    pd.testing.assert_frame_equal(known.entries, entries)
    pd.testing.assert_frame_equal(known.label_verdicts, verdicts.label_verdicts(entries))
    pd.testing.assert_frame_equal(known.current_verdicts, verdicts.current_verdicts(entries))
    holds = journal.decisions()
    assert known.verdicts["id"].tolist() == holds[holds["action"].isin(VERDICTS)]["id"].tolist()
    assert known.undone == journal.undone()
    assert known.newest == journal.newest()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(step, max_size=4), min_size=1, max_size=5))
def test_following_equals_reading_anew(tmp_path_factory, visits: list) -> None:  # type: ignore[no-untyped-def]
    journal = Journal(tmp_path_factory.mktemp("j") / "journal.sqlite")
    known = follow(journal)
    for visit in visits:
        for action, number, who in visit:
            take(journal, action, number, who)
        known = follow(journal, known)
        same(known, journal)


def test_another_journal_in_its_place_is_read_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    take(journal, "keep", 1, "Ada")
    known = follow(journal)
    forget_decisions(tmp_path)
    assert follow(journal, known).entries.empty
    take(journal, "delete", 2, "Ben")
    same(follow(journal, known), journal)
