"""Patches: what was decided on one copy of the images holds on another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from review_data import ROWS, Row, image

from fer_core.base.errors import AlreadyExists, DecisionError, NotFound
from fer_core.data.datasets import Dataset
from fer_core.review.apply import apply_journal, preview
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.review.patches import build_patch, export_patch, import_patch


def content(dataset: Dataset) -> list[tuple[str, ...]]:
    """(file name, split, label) of every row, sorted."""
    table = dataset.manifest()
    names = table["path"].str.rsplit("/", n=1).str[1]
    return sorted(zip(names, table["split"], table["label"], strict=True))


@pytest.fixture
def decided(dataset: Dataset, journal: Journal) -> Dataset:
    """The dataset with a few decisions, one of them undone."""
    journal.add("relabel", image_id=image(2), pixel_hash="h2", label="sad", who="Ada")
    journal.add("delete", image_id=image(5), pixel_hash="h1", other="h1", who="Ada")
    journal.add("ambiguous", image_id=image(4), pixel_hash="h4", soft_label={"sad": 1, "happy": 1})
    journal.add("relabel", image_id=image(6), pixel_hash="h6", label="fear", who="Ben")
    journal.undo(who="Ben")
    journal.add("duplicate", pixel_hash="h1", other="h1", shown={"group": 1})
    return dataset


def test_a_copy_with_the_same_ids_ends_up_the_same(
    decided: Dataset, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    copy = make_dataset(ROWS, name="copy")
    file = tmp_path / "patch.json"
    assert export_patch(decided, file) == 6
    result = import_patch(copy, file)
    assert result == {"entries": 6, "new": 6, "matched": 5, "missing": 0}
    assert import_patch(copy, file.read_bytes())["new"] == 0
    assert apply_journal(copy).id == apply_journal(decided).id
    original, replayed = (Journal(d.journal_path).decisions(active_only=False) for d in (decided, copy))
    assert replayed.drop(columns=["id", "path"]).equals(original.drop(columns=["id", "path"]))


def test_other_names_are_found_by_pixels(decided: Dataset, make_dataset: Callable[..., Dataset]) -> None:
    moved: list[Row] = [(f"deep/{path}", split, label, pixels) for path, split, label, pixels in ROWS]
    copy = make_dataset(moved, name="moved", source="elsewhere")
    import_patch(copy, json.dumps(build_patch(decided)).encode())
    assert preview(copy)["pending"] == 3
    apply_journal(copy)
    apply_journal(decided)
    # Of the two equal pictures the one of the same file name is dropped.
    assert content(copy) == content(decided)
    assert copy.head == decided.head


def test_names_all_different_still_leave_one_of_equal_pictures(
    decided: Dataset, make_dataset: Callable[..., Dataset]
) -> None:
    renamed: list[Row] = [(f"{i}.jpg", split, label, h) for i, (_, split, label, h) in enumerate(ROWS)]
    copy = make_dataset(renamed, name="renamed", source="elsewhere")
    import_patch(copy, json.dumps(build_patch(decided)).encode())
    apply_journal(copy)
    hashes = copy.manifest()["pixel_hash"].tolist()
    assert sorted(hashes) == ["h1", "h2", "h3", "h4", "h6"]


def test_a_copy_without_the_duplicate_keeps_the_last_one(
    decided: Dataset, make_dataset: Callable[..., Dataset]
) -> None:
    single = make_dataset([("a.png", *ROWS[0][1:]), ("b.png", *ROWS[1][1:])], name="single", source="x")
    result = import_patch(single, json.dumps(build_patch(decided)).encode())
    assert result["missing"] == 2
    seen = preview(single)
    assert (seen["relabel"], seen["delete"], seen["missing"]) == (1, 0, 2)
    apply_journal(single)
    assert set(single.manifest()["pixel_hash"]) == {"h1", "h2"}


def test_relabels_by_pixels_take_all_copies_and_deletes_take_one(
    make_dataset: Callable[..., Dataset],
) -> None:
    origin = make_dataset(
        [("x/1.png", "train", "happy", "p"), ("x/2.png", "train", "happy", "q")], name="origin"
    )
    ids = origin.manifest()["image_id"]
    journal = Journal(origin.journal_path)
    journal.add("relabel", image_id=ids[0], pixel_hash="p", label="sad")
    journal.add("delete", image_id=ids[1], pixel_hash="q")
    rows: list[Row] = [(f"y/{i}.jpg", "train", "happy", "pq"[i // 3]) for i in range(6)]
    copy = make_dataset(rows, name="copies", source="elsewhere")
    import_patch(copy, json.dumps(build_patch(origin)).encode())
    apply_journal(copy)
    table = copy.manifest()
    assert table[table["pixel_hash"] == "p"]["label"].tolist() == ["sad"] * 3
    assert (table["pixel_hash"] == "q").sum() == 2


def test_two_copies_that_exchange_patches_agree(
    dataset: Dataset, make_dataset: Callable[..., Dataset]
) -> None:
    other = make_dataset(ROWS, name="other")
    here, there = Journal(dataset.journal_path), Journal(other.journal_path)
    here.add_many([Decision("relabel", image_id=image(2), label="sad", who="Ada")])
    there.add("relabel", image_id=image(2), label="fear", who="Ben")
    there.add("delete", image_id=image(3), who="Ben")
    here.add("keep", image_id=image(3), who="Ada")
    first, second = (json.dumps(build_patch(d)).encode() for d in (dataset, other))
    import_patch(dataset, second)
    import_patch(other, first)
    columns = ["key", "action", "image_id", "label", "time"]
    assert here.decisions()[columns].equals(there.decisions()[columns])
    here.undo(who="Ada")
    import_patch(other, json.dumps(build_patch(dataset)).encode())
    assert here.decisions()[columns].equals(there.decisions()[columns])


def _patch(**change: Any) -> bytes:
    entry: dict[str, Any] = {
        "key": "k", "batch": "", "action": "relabel", "target": "", "image_id": image(2), "pixel_hash": "h2",
        "path": "", "label": "sad", "soft_label": None, "other": "", "reason": "", "who": "",
        "time": "2025-01-01T00:00:00.000+00:00", "shown": {},
    }  # fmt: skip
    patch: dict[str, Any] = {"format": "fer-review-patch", "schema": 1, "dataset": "x"}
    patch |= {name: change.pop(name) for name in ("format", "schema") if name in change}
    return json.dumps({**patch, "entries": [entry, {**entry, "key": "k2", **change}]}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not json", "not a patch file"),
        (b"\xff\xfe\x00", "not a patch file"),
        (b"[" * 100_000, "not a patch file"),
        (b"[1, 2]", "This JSON file is not a patch"),
        (_patch(format="other"), "This JSON file is not a patch"),
        (_patch(schema=2), "another version of the app.*schema 2"),
        (_patch(action="rename"), "Entry 2 of the patch is damaged.*must be one of"),
        (_patch(label=""), "Entry 2 of the patch is damaged.*needs the new label"),
        (_patch(label="../up"), "Entry 2 of the patch is damaged"),
        (_patch(label=None), "Entry 2 of the patch is damaged.*not text"),
        (_patch(shown=[1]), "Entry 2 of the patch is damaged"),
        (_patch(time="yesterday"), "Entry 2 of the patch is damaged"),
        (_patch(time="2999-01-01T00:00:00+00:00"), "made in the future"),
        (_patch(action="ambiguous", soft_label={"sad": "much"}), "Entry 2 of the patch is damaged"),
        (_patch(action="ambiguous", soft_label=[0.5]), "Entry 2 of the patch is damaged"),
        (_patch(action="undo"), "needs what it undoes"),
    ],
)
def test_a_bad_patch_is_refused_in_words_and_changes_nothing(
    dataset: Dataset, journal: Journal, content: bytes, words: str
) -> None:
    with pytest.raises(DecisionError, match=words):
        import_patch(dataset, content)
    assert journal.decisions(active_only=False).empty


def test_a_patch_about_other_images_is_refused(
    decided: Dataset, make_dataset: Callable[..., Dataset]
) -> None:
    other = make_dataset([("a.png", "train", "happy", "z1")], name="other", source="y")
    with pytest.raises(DecisionError, match=r"about other images.*made on 'faces'"):
        import_patch(other, json.dumps(build_patch(decided)).encode())
    assert not other.journal_path.exists()


def test_files_that_are_missing_or_in_the_way(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such patch file"):
        import_patch(dataset, tmp_path / "nothing.json")
    with pytest.raises(DecisionError, match="no decisions to export"):
        export_patch(dataset, tmp_path / "new.json")
    (tmp_path / "taken.json").write_text("mine")
    with pytest.raises(AlreadyExists):
        export_patch(dataset, tmp_path / "taken.json")
    assert (tmp_path / "taken.json").read_text() == "mine"
