"""Notes about a dataset and its classes: kept with it, and never half-written."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_pictures import tree, write_tree

from fer_core.base.errors import FerError, ManifestError
from fer_core.base.workspace import Workspace
from fer_core.data import notes
from fer_core.data.datasets import Dataset, import_dataset


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    return import_dataset(workspace, write_tree(tmp_path / "s", tree()), "faces")


def test_notes_are_kept_and_taken_away(dataset: Dataset) -> None:
    assert notes.read_notes(dataset) == {"dataset": "", "classes": {}, "pairs": {}, "changed": ""}
    notes.write_note(dataset, "  From three cameras.\nThe third is dark. ")
    notes.write_note(dataset, "Inner brows raised", label="sad")
    notes.write_note(dataset, "neutral", label="sad", kind="confuses")
    found = notes.write_note(dataset, "Wide eyes <b>", label="surprise")
    assert found["dataset"] == "From three cameras.\nThe third is dark."
    assert found["classes"] == {
        "sad": {"distinguishes": "Inner brows raised", "confuses": "neutral"},
        "surprise": {"distinguishes": "Wide eyes <b>"},
    }
    assert found["changed"]
    head = dataset.head
    notes.write_note(dataset, "", label="surprise")
    notes.write_note(dataset, "")
    assert notes.read_notes(dataset)["classes"].keys() == {"sad"}
    assert (notes.read_notes(dataset)["dataset"], dataset.head) == ("", head)


def test_what_cannot_be_a_note_changes_nothing(dataset: Dataset) -> None:
    notes.write_note(dataset, "mine")
    with pytest.raises(FerError, match="at most"):
        notes.write_note(dataset, "x" * (notes.MAX_NOTE + 1))
    with pytest.raises(FerError, match="kind must be one of"):
        notes.write_note(dataset, "x", label="sad", kind="resembles")
    assert notes.read_notes(dataset)["dataset"] == "mine"


def test_what_separates_two_classes_is_one_note_in_either_order(dataset: Dataset) -> None:
    notes.write_note(dataset, "The corners of the mouth", label="sad", other="neutral")
    notes.write_note(dataset, " Only the brows ", label="neutral", other="sad")
    assert notes.read_notes(dataset)["pairs"] == {"neutral or sad": "Only the brows"}
    assert notes.read_notes(dataset)["classes"] == {}
    assert notes.write_note(dataset, "", label="sad", other="neutral")["pairs"] == {}
    for label in (None, "sad"):
        with pytest.raises(FerError, match="two classes"):
            notes.write_note(dataset, "x", label=label, other="sad")


@pytest.mark.parametrize("text", ["{half", "[]", '{"classes": []}', '{"classes": {"sad": "words"}}'])
def test_a_damaged_file_is_told(dataset: Dataset, text: str) -> None:
    (dataset.folder / notes.FILE).write_text(text)
    with pytest.raises(ManifestError, match="notes is damaged"):
        notes.read_notes(dataset)
