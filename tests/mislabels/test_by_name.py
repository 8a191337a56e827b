"""Decisions on images named by id, start of an id or path."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_core.base.errors import DecisionError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.mislabels.by_name import find_image, press, record, relabel
from fer_core.mislabels.judges import ranked
from fer_core.mislabels.lookup import finder
from fer_core.review.journal import Journal
from fer_core.review.key_press import parse, record_presses


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("home")), "faces", count=120)


@pytest.fixture
def row(faces: Dataset) -> dict[str, str]:
    rows = faces.manifest()
    return {
        str(k): str(v) for k, v in rows[(rows["error"] == "") & (rows["label"] == "happy")].iloc[0].items()
    }


def test_an_image_is_found_by_id_path_and_start(faces: Dataset, row: dict[str, str]) -> None:
    for name in (row["image_id"], row["path"], row["image_id"][:10]):
        assert find_image(faces, name) == (faces.head, row["image_id"])
    for unknown in ("nowhere/1.png", "", row["image_id"][:3]):
        with pytest.raises(NotFound):
            find_image(faces, unknown)


@pytest.mark.parametrize("same", ["happy", "Happy", "HAPPINESS"])
def test_the_label_it_has_keeps_it_in_any_spelling(faces: Dataset, row: dict[str, str], same: str) -> None:
    _, made = record(faces, press(faces, row["path"], "relabel", label=same))
    assert (made.action, made.label, made.shown["label"]) == ("keep", "", "happy")
    number, made = record(faces, press(faces, row["path"], "relabel", label="Sadness"))
    assert (made.action, made.label) == ("relabel", "sad")
    (held,) = Journal(faces.journal_path).decisions().to_dict("records")
    assert (held["id"], held["label"]) == (number, "sad")


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("ambiguous", {}),
        ("relabel", {}),
        ("keep", {"label": "sad"}),
        ("delete", {"soft": {"sad": 1.0}}),
        ("note", {}),
    ],
)
def test_what_does_not_fit_the_action_is_refused(
    faces: Dataset, row: dict[str, str], action: str, given: dict[str, str]
) -> None:
    with pytest.raises(DecisionError):
        press(faces, row["path"], action, **given)  # type: ignore[arg-type]


def test_several_are_recorded_at_once_or_not_at_all(faces: Dataset, row: dict[str, str]) -> None:
    journal = Journal(faces.journal_path)
    before = len(journal.decisions(active_only=False))
    with pytest.raises(NotFound):
        relabel(faces, {row["path"]: "sad", "nowhere.png": "sad"})
    assert len(journal.decisions(active_only=False)) == before
    batch = relabel(faces, {row["path"]: "sad"}, who="Ada")
    (held,) = journal.decisions().to_dict("records")
    assert (held["image_id"], held["label"], held["who"], held["batch"]) == (
        row["image_id"],
        "sad",
        "Ada",
        batch,
    )
    journal.undo_batch(batch)
    assert batch not in set(journal.decisions()["batch"])


def test_a_decision_by_name_looks_like_that_of_the_page(tmp_path: Path) -> None:
    """The same face, decided by name and by the message that the browser sends: the same entry but for number, key, time."""
    faces = make_sample(Workspace(tmp_path), "faces", count=120)
    worst = ranked(faces, faces.head, "quick").iloc[0]
    journal, columns = Journal(faces.journal_path), ["id", "key", "time"]
    other = "sad" if worst["label"] != "sad" else "happy"
    for action, given in (("relabel", {"label": other}), ("ambiguous", {}), ("note", {"reason": "a doll"})):
        number, _ = record(faces, press(faces, worst["path"], action, who="Ada", **given))
        sent = {"id": f"browser-{action}", "action": action, "images": [worst["image_id"]], "who": "Ada",
                "version": faces.head, "method": "quick", "blind": False, "age": 0.2, **given}  # fmt: skip
        assert record_presses(journal, [parse(sent)], finder(faces)).saved == (sent["id"],)
        by_name, by_key = journal.decisions(active_only=False).tail(2).to_dict("records")
        assert (by_name["id"], by_key["key"]) == (number, sent["id"])
        assert {k: v for k, v in by_name.items() if k not in columns} == {
            k: v for k, v in by_key.items() if k not in columns
        }
    assert by_name["shown"] == {"label": worst["label"], "version": faces.head, "method": "quick"}
    undo = {"id": "browser-undo", "action": "undo", "undoes": by_name["key"], "who": "Ada"}
    assert record_presses(journal, [parse(undo)], finder(faces)).saved == ("browser-undo",)
    assert by_name["key"] in journal.undone()
