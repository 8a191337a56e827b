"""Names and sources that cannot become a dataset: one sentence, and nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_pictures import assert_nothing_left, png, write_tree

from fer_core.base.errors import AlreadyExists, BadName, SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset, list_datasets, open_dataset


@pytest.mark.parametrize("files", [{}, {"happy/.DS_Store": b"x"}])
def test_an_empty_folder(workspace: Workspace, tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="is empty"):
        import_dataset(workspace, write_tree(tmp_path / "empty", files), "faces")
    assert_nothing_left(workspace)


@pytest.mark.parametrize(
    "files", [{"happy/notes.txt": b"text"}, {"happy/1.jpg": b"text"}, {"1.png": png(), "2.png": png(2)}]
)
def test_a_source_without_a_labelled_image(
    workspace: Workspace, tmp_path: Path, files: dict[str, bytes]
) -> None:
    with pytest.raises(SourceError, match="No readable image in a class folder") as caught:
        import_dataset(workspace, write_tree(tmp_path / "s", files), "faces")
    assert next(iter(files)) in str(caught.value)
    assert "train/happy" in caught.value.hint
    assert_nothing_left(workspace)


def test_a_missing_path(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing at that path"):
        import_dataset(workspace, tmp_path / "gone", "faces")
    assert not workspace.root.exists()


@pytest.mark.parametrize("name", ["a/b", "../a", "", ".hidden", "a\\b", "x" * 65, "a\nb", "con:"])
def test_names_that_cannot_be(workspace: Workspace, source: Path, name: str) -> None:
    with pytest.raises(BadName):
        import_dataset(workspace, source, name)
    with pytest.raises(BadName):
        open_dataset(workspace, name)
    assert not workspace.root.exists()


@pytest.mark.parametrize("name", ["Zoë's faces", "笑顔", "a.b-c_d 1"])
def test_names_that_can_be(workspace: Workspace, source: Path, name: str) -> None:
    assert import_dataset(workspace, source, name).name == name
    assert [dataset.name for dataset in list_datasets(workspace)] == [name]
    assert open_dataset(workspace, name).manifest().shape[0] == 8


def test_a_name_that_is_taken(workspace: Workspace, source: Path) -> None:
    dataset = import_dataset(workspace, source, "faces")
    before = dataset.about
    with pytest.raises(AlreadyExists, match="faces"):
        import_dataset(workspace, source, "faces")
    assert dataset.about == before
