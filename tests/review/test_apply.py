"""Applying the journal: decisions become a version, once, and undoing them takes it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from review_data import ROWS, image

from fer_core.base.errors import TooFewImages
from fer_core.data.datasets import Dataset
from fer_core.data.save_version import save_version
from fer_core.review.apply import apply_journal, changes, preview
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal


def labels(dataset: Dataset, version: str | None = None) -> dict[str, str]:
    """File number -> label."""
    manifest = dataset.manifest(version)
    return {
        path.rsplit("/", 1)[1][:-4]: label
        for path, label in zip(manifest["path"], manifest["label"], strict=True)
    }


ORIGINAL = {"1": "happy", "2": "happy", "3": "sad", "4": "sad", "5": "sad", "6": "neutral"}


def test_decisions_become_a_version(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id=image(2), pixel_hash="h2", label="sadness", who="Ada", reason="tears")
    journal.add("delete", image_id=image(3), pixel_hash="h3", who="Ada")
    journal.add("ambiguous", image_id=image(4), pixel_hash="h4", soft_label={"sad": 3, "neutral": 1})
    journal.add("keep", image_id=image(6), pixel_hash="h6")
    journal.add("note", image_id=image(6), reason="dark")
    first = dataset.head
    seen = preview(dataset)
    assert (seen["pending"], seen["relabel"], seen["delete"], seen["ambiguous"]) == (3, 1, 1, 1)
    assert (seen["missing"], seen["new_classes"]) == (0, [])
    table = changes(dataset).set_index("image_id")
    assert table.loc[image(2), ["action", "before", "after", "who", "reason"]].tolist() == [
        "relabel", "happy", "sad", "Ada", "tears",
    ]  # fmt: skip
    assert table.loc[image(4), "after"] == "sad (neutral 25%, sad 75%)"

    version = apply_journal(dataset, note="first round")
    assert dataset.head == version.id != first
    assert (version.operation, version.parent, version.note) == ("review", first, "first round")
    keys = journal.decisions().query("action in ['relabel', 'delete', 'ambiguous']")["key"]
    assert set(version.parameters["applied"]) == set(keys)
    assert labels(dataset) == {"1": "happy", "2": "sad", "4": "sad", "5": "sad", "6": "neutral"}
    assert labels(dataset, first) == ORIGINAL
    soft = dataset.manifest().set_index("image_id")["soft_label"]
    assert soft[image(4)].tolist() == [0, 0.25, 0.75]  # happy, neutral, sad
    assert soft.drop(image(4)).isna().all()


def test_what_a_version_contains_is_not_pending(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id=image(2), label="sad")
    version = apply_journal(dataset)
    assert preview(dataset)["pending"] == 0
    assert apply_journal(dataset).id == version.id
    # A version made from it by something else still contains it.
    moved = dataset.manifest().assign(split="train")
    save_version(dataset, moved, parent=version.id, operation="stratify", parameters={})
    assert preview(dataset)["pending"] == 0
    journal.add("relabel", image_id=image(2), label="neutral")
    assert preview(dataset)["pending"] == 1
    assert preview(dataset, dataset.versions()[0].id)["pending"] == 1
    apply_journal(dataset)
    assert labels(dataset)["2"] == "neutral"
    assert (dataset.manifest()["split"] == "train").all()


def test_what_holds_already_is_not_pending(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id=image(2), label="happy")
    journal.add("relabel", image_id=image(3), label="fear")
    journal.add("keep", image_id=image(3))
    assert preview(dataset)["pending"] == 0
    assert apply_journal(dataset).id == dataset.versions()[0].id
    assert len(dataset.versions()) == 1


def test_undo_after_applying_takes_it_back(dataset: Dataset, journal: Journal) -> None:
    first = dataset.head
    journal.add("relabel", image_id=image(2), label="sad", who="Ada")
    journal.add("delete", image_id=image(3), who="Ben")
    journal.add("relabel", image_id=image(4), label="neutral", who="Cyd")
    apply_journal(dataset)
    journal.undo(who="Ben")
    journal.undo(who="Ada")
    seen = preview(dataset)
    assert (seen["pending"], seen["restore"]) == (2, 2)
    assert changes(dataset).set_index("image_id").loc[image(3), ["before", "after"]].tolist() == ["", "sad"]
    third = apply_journal(dataset)
    assert labels(dataset) == {**ORIGINAL, "4": "neutral"}
    assert set(third.parameters["reverted"]) == set(journal.undone())
    assert preview(dataset)["pending"] == 0
    journal.undo(who="Cyd")
    assert apply_journal(dataset).id == first
    assert preview(dataset)["pending"] == 0


def test_undo_brings_back_the_verdict_before(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id=image(2), label="sad", who="Ada")
    journal.add("relabel", image_id=image(2), label="neutral", who="Ben")
    apply_journal(dataset)
    assert labels(dataset)["2"] == "neutral"
    journal.undo(who="Ben")
    apply_journal(dataset)
    assert labels(dataset)["2"] == "sad"
    journal.undo(who="Ada")
    apply_journal(dataset)
    assert labels(dataset) == ORIGINAL


def test_undo_of_a_superseded_verdict_changes_nothing_now(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id=image(2), label="sad", who="Ada")
    apply_journal(dataset)
    journal.add("relabel", image_id=image(2), label="neutral", who="Ben")
    apply_journal(dataset)
    journal.undo(who="Ada")
    assert preview(dataset)["pending"] == 0
    journal.undo(who="Ben")
    apply_journal(dataset)
    assert labels(dataset) == ORIGINAL


def test_restored_images_keep_splits_made_since(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id=image(2), label="sad")
    journal.add("delete", image_id=image(6))
    version = apply_journal(dataset)
    moved = dataset.manifest()
    moved["split"] = "val"
    save_version(dataset, moved, parent=version.id, operation="stratify", parameters={})
    journal.undo(who="")
    journal.undo(who="")
    apply_journal(dataset)
    splits = dict(zip(dataset.manifest()["image_id"], dataset.manifest()["split"], strict=True))
    assert labels(dataset) == ORIGINAL
    assert splits[image(2)] == "val"
    assert splits[image(6)] == ROWS[5][1]


def test_going_back_to_an_older_version_makes_decisions_pending_again(
    dataset: Dataset, journal: Journal
) -> None:
    journal.add("relabel", image_id=image(2), label="sad")
    first = dataset.head
    second = apply_journal(dataset).id
    save_version(dataset, dataset.manifest(first), parent=None, operation="revert", parameters={})
    assert dataset.head == first
    assert preview(dataset)["pending"] == 1
    assert apply_journal(dataset).id == second
    assert len(dataset.versions()) == 2


def test_equal_pictures_are_told_apart_by_id(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id=image(5), pixel_hash="h1", label="neutral")
    apply_journal(dataset)
    assert labels(dataset) == {**ORIGINAL, "5": "neutral"}


def test_a_verdict_by_pixels_alone_is_about_every_copy_not_decided_by_id(
    dataset: Dataset, journal: Journal
) -> None:
    journal.add("relabel", image_id=image(1), pixel_hash="h1", label="neutral")
    journal.add("relabel", pixel_hash="h1", label="fear")
    apply_journal(dataset)
    assert labels(dataset) == {**ORIGINAL, "1": "neutral", "5": "fear"}


def test_the_last_copy_is_never_dropped_as_a_copy(dataset: Dataset, journal: Journal) -> None:
    journal.add("delete", image_id=image(1), pixel_hash="h1", other="h1", who="Ada")
    journal.add("delete", image_id=image(5), pixel_hash="h1", other="h1", who="Ben")
    seen = preview(dataset)
    assert (seen["delete"], seen["missing"]) == (1, 1)
    assert "the copy that was to stay" in seen["problems"][0]["why"]
    apply_journal(dataset)
    assert set(labels(dataset)) == {"2", "3", "4", "5", "6"}
    assert preview(dataset)["pending"] == 0


def test_decisions_that_cannot_be_applied_are_reported(dataset: Dataset, journal: Journal) -> None:
    journal.add("relabel", image_id="0123", pixel_hash="elsewhere", label="sad", path="a.png")
    journal.add("relabel", image_id=image(2), pixel_hash="other pixels", label="sad")
    journal.add("ambiguous", image_id=image(4), soft_label={"contempt": 1})
    journal.add("delete", image_id=image(3))
    seen = preview(dataset)
    assert (seen["pending"], seen["delete"], seen["missing"]) == (1, 1, 3)
    assert {p["why"] for p in seen["problems"]} == {
        "no image here has this id or these pixels",
        "the file has other pixels now",
        "the soft label names a class no image has",
    }
    apply_journal(dataset)
    assert labels(dataset) == {k: v for k, v in ORIGINAL.items() if k != "3"}
    assert preview(dataset)["pending"] == 0
    # 3 is gone: a new label for it is reported, dropping it again is not a problem.
    journal.add("relabel", image_id=image(3), pixel_hash="h3", label="happy")
    assert [p["why"] for p in preview(dataset)["problems"]].count("the image is not in this version") == 1


def test_a_verdict_on_a_dropped_image_does_not_move_to_its_copy(dataset: Dataset, journal: Journal) -> None:
    rest = dataset.manifest()
    rest = rest[rest["image_id"] != image(1)]
    save_version(dataset, rest, parent=dataset.head, operation="filter", parameters={})
    journal.add("delete", image_id=image(1), pixel_hash="h1")
    journal.add("relabel", image_id=image(1), pixel_hash="h1", label="fear")
    assert preview(dataset)["pending"] == 0


def test_a_new_class_is_named_before_it_is_made(dataset: Dataset, journal: Journal) -> None:
    journal.add("ambiguous", image_id=image(4), soft_label={"sad": 0.5, "happy": 0.5})
    apply_journal(dataset)
    journal.add("relabel", image_id=image(1), label="surprise")
    assert preview(dataset)["new_classes"] == ["surprise"]
    apply_journal(dataset)
    soft = dataset.manifest().set_index("image_id")["soft_label"][image(4)]
    assert soft.tolist() == [0.5, 0, 0, 0.5]  # happy, surprise, neutral, sad
    journal.undo(who="")
    apply_journal(dataset)
    soft = dataset.manifest().set_index("image_id")["soft_label"][image(4)]
    assert soft.tolist() == [0.5, 0, 0.5]


def test_a_soft_label_gives_way_to_a_verdict_and_comes_back(dataset: Dataset, journal: Journal) -> None:
    journal.add("ambiguous", image_id=image(4), soft_label={"sad": 0.5, "happy": 0.5})
    apply_journal(dataset)
    journal.add("relabel", image_id=image(4), label="sad", who="Ben")
    apply_journal(dataset)
    assert "soft_label" not in dataset.manifest()
    journal.undo(who="Ben")
    apply_journal(dataset)
    assert dataset.manifest()["soft_label"].notna().sum() == 1


def test_dropping_everything_is_refused(dataset: Dataset, journal: Journal) -> None:
    head = dataset.head
    journal.add_many([Decision("delete", image_id=image(n)) for n in range(1, 7)])
    with pytest.raises(TooFewImages, match="drop every image"):
        apply_journal(dataset)
    assert dataset.head == head


def test_thousands_of_decisions(make_dataset: Callable[..., Dataset]) -> None:
    rows = [
        (f"train/{'happy' if i % 2 else 'sad'}/{i}.png", "train", "happy" if i % 2 else "sad", f"p{i}")
        for i in range(5000)
    ]
    dataset = make_dataset(rows, name="many")
    ids = dataset.manifest()["image_id"]
    Journal(dataset.journal_path).add_many(
        [Decision("relabel", image_id=i, label="fear") for i in ids[:4000]]
    )
    assert preview(dataset)["relabel"] == 4000
    apply_journal(dataset)
    assert (dataset.manifest()["label"] == "fear").sum() == 4000
    assert preview(dataset)["pending"] == 0


def test_equal_pictures_that_trade_places_are_no_change(make_dataset: Callable[..., Dataset]) -> None:
    dataset = make_dataset(
        [(f"train/sad/{n}.png", "train", "sad", f"p{n // 2}") for n in range(4)], name="twins"
    )
    ids = dataset.manifest()["image_id"]
    journal = Journal(dataset.journal_path)
    journal.add("delete", image_id=ids[0], pixel_hash="p0", other="p0")
    second = apply_journal(dataset)
    journal.undo()
    journal.add("delete", image_id=ids[1], pixel_hash="p0", other="p0")
    assert preview(dataset)["pending"] == 0
    assert apply_journal(dataset).id == second.id


def test_a_label_kept_after_it_was_applied_is_kept_in_another_version_too(
    dataset: Dataset, journal: Journal
) -> None:
    first = dataset.head
    journal.add("relabel", image_id=image(1), label="sad", who="Ada", shown={"label": "happy"})
    second = apply_journal(dataset)
    journal.add("keep", image_id=image(1), who="Ben", shown={"label": "sad"})
    assert preview(dataset)["pending"] == 0
    again = apply_journal(dataset, version=first)
    assert again.id == second.id  # the relabel that Ben's verdict supersedes is not lost
