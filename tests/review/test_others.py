"""Two who decide one face: the later one is told who, what and when, whoever that is, and both opinions stay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from ranked_data import RANKING, find

from fer_core.review.journal import Journal
from fer_core.review.key_press import KeyPress, record_presses, ticket
from fer_core.review.verdicts import disagreements, label_verdicts

IMAGES = RANKING["image_id"].head(8).tolist()


def test_of_two_writers_at_one_face_the_later_is_told_and_both_opinions_stay(tmp_path: Path) -> None:
    journal, at_once = Journal(tmp_path / "journal.sqlite"), Barrier(2)

    def review(who: str, label: str) -> dict[str, str]:
        told: dict[str, str] = {}
        for image in IMAGES:
            at_once.wait()
            press = KeyPress(f"{who}-{image}", "relabel", (image,), label=label, who=who, alone=True)
            told |= record_presses(journal, [press], find).met
        return told

    with ThreadPoolExecutor(2) as pool:
        ada, ben = pool.map(review, ("Ada", "Ben"), ("disgust", "fear"))
    rows = journal.decisions(active_only=False)
    later = rows.sort_values("id").drop_duplicates("image_id", keep="last")
    assert {*ada, *ben} == set(later["key"])  # one of each two, and the one who came second
    for key, words in {**ada, **ben}.items():
        image = key.split("-")[1]
        first = rows[rows["image_id"] == image].iloc[0]
        assert f"{first['who']} had decided on this face: {first['label']} ({first['time'][:10]}" in words
        assert first["time"][11:16] in words
    assert len(disagreements(label_verdicts(rows))) == len(IMAGES)  # both opinions of each


def test_nobody_is_told_of_themselves_of_what_was_taken_back_or_of_what_they_knew(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    press = KeyPress("a", "keep", (IMAGES[0],), who="Ada", alone=True)
    assert record_presses(journal, [press], find).met == {}
    assert (
        record_presses(journal, [KeyPress("b", "delete", (IMAGES[0],), who="Ada", alone=True)], find).met
        == {}
    )
    assert (
        record_presses(journal, [KeyPress("c", "keep", (IMAGES[0],), who="Ben")], find).met == {}
    )  # saw who said what
    for undone in ("b", "a", "c"):
        record_presses(journal, [KeyPress(f"u{undone}", "undo", undoes=undone)], find)
    assert (
        record_presses(journal, [KeyPress("d", "keep", (IMAGES[0],), who="Ben", alone=True)], find).met == {}
    )


def test_a_self_check_is_not_given_away_and_a_name_in_other_case_is_the_same_person(tmp_path: Path) -> None:
    journal, image = Journal(tmp_path / "journal.sqlite"), IMAGES[0]
    once = ticket(image)
    record_presses(journal, [KeyPress("a", "keep", (image,), who="Ada", ticket=once, alone=True)], find)
    again = KeyPress("b", "delete", (image,), who="ada", ticket=once, alone=True)
    assert record_presses(journal, [again], find).met == {}
    met = record_presses(
        journal, [KeyPress("c", "keep", (image,), who="Ben", ticket=once, alone=True)], find
    ).met
    assert list(met) == ["c"]
    assert "more" not in met["c"]  # one opinion, of one person
    check = KeyPress("d", "keep", (image,), who="Ada", ticket=ticket(image, "a"), alone=True)
    assert record_presses(journal, [check], find).met == {}
    shown = journal.history(image).set_index("key")["shown"]
    assert shown["d"]["self_check"] == "a"
    assert journal.reviewers() == ["Ada", "Ben"]
    assert journal.known_as("ADA") == "Ada"
    assert list(label_verdicts(journal.decisions(active_only=False))["who"]) == ["Ada", "Ada", "Ben", "Ada"]
    journal.undo(who="aDa")
    assert list(journal.undone()) == ["d"]
