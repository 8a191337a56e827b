"""Differences between versions, names and notes, going back, removing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from made_pictures import png, tree, write_tree, write_zip

from fer_core.base.atomic import read_json, write_json
from fer_core.base.errors import AlreadyExists, BadName, ManifestError, NotFound, RunError
from fer_core.base.workspace import Workspace
from fer_core.data import admin
from fer_core.data.datasets import Dataset, import_dataset, list_datasets
from fer_core.data.diff import diff, diff_record
from fer_core.data.save_version import save_version
from fer_core.data.versions import ANNOTATIONS
from fer_core.jobs import process
from fer_core.recipes.recipe import load
from fer_core.runs.store import create_run


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    """v1 of twelve images; v2 without the first, the second relabelled, the third moved, the fourth both."""
    made = import_dataset(workspace, write_tree(tmp_path / "source", tree(12)), "faces")
    table = made.manifest()
    table.loc[[1, 3], "label"] = "contempt"
    table.loc[[2, 3], "split"] = "elsewhere"
    save_version(made, table.drop(index=0), parent="v1", operation="edit")
    return made


def test_a_diff_names_every_image_that_differs(dataset: Dataset) -> None:
    old = dataset.manifest("v1")
    found = diff(dataset, "v1", "v2")
    assert found.counts() == {"added": 0, "removed": 1, "relabelled": 2, "moved": 2, "same": 8}
    assert list(found.removed["image_id"]) == [old["image_id"][0]]
    assert set(found.relabelled["path"]) == set(old["path"][[1, 3]])
    assert set(found.moved["path"]) == set(old["path"][[2, 3]])
    assert list(found.relabelled["before"]) == list(old["label"][[1, 3]])
    assert set(found.relabelled["after"]) == {"contempt"}
    back = diff(dataset, "v2", "v1")
    assert back.counts() == found.counts() | {"added": 1, "removed": 0}
    assert list(back.moved["after"]) == list(found.moved["before"])
    assert diff_record(found)["removed"] == [
        {
            "image_id": old["image_id"][0],
            "path": old["path"][0],
            "split": old["split"][0],
            "label": old["label"][0],
        }
    ]
    assert diff(dataset, None, None).counts()["same"] == 11


def test_a_soft_label_is_a_relabelling(dataset: Dataset) -> None:
    table = dataset.manifest("v1")
    table["soft_label"] = pd.Series(
        [[0.5, 0.5, 0.0] if i == 4 else None for i in range(12)], index=table.index
    )
    save_version(dataset, table, parent="v1", operation="edit")
    assert list(diff(dataset, "v1", "v3").relabelled["path"]) == [table["path"][4]]
    assert list(diff(dataset, "v3", "v1").relabelled["path"]) == [table["path"][4]]
    assert diff(dataset, "v3", "v3").counts()["same"] == 12


def test_names_and_notes_change_and_versions_do_not(dataset: Dataset) -> None:
    before = (dataset.folder / "versions" / dataset.version("v1").id / "version.json").read_bytes()
    admin.annotate(dataset, "v1", name="As delivered", note="from the lab")
    assert dataset.version("as delivered").number == 1
    assert dataset.version("v1").note == "from the lab"
    admin.annotate(dataset, "As delivered", note="")
    assert (dataset.version("v1").name, dataset.version("v1").note) == ("As delivered", "")
    with pytest.raises(AlreadyExists):
        admin.annotate(dataset, "v2", name="as Delivered")
    admin.annotate(dataset, "v1", name="")
    admin.annotate(dataset, "v2", name="as delivered")
    assert dataset.version("as delivered").number == 2
    assert (dataset.folder / "versions" / dataset.version("v1").id / "version.json").read_bytes() == before


@pytest.mark.parametrize("name", ["v3", "12", "a/b", "beef", "x" * 70])
def test_names_that_a_version_cannot_have(dataset: Dataset, name: str) -> None:
    with pytest.raises(BadName):
        admin.annotate(dataset, "v1", name=name)
    assert not (dataset.folder / ANNOTATIONS).exists()


def test_a_damaged_file_of_names_is_told(dataset: Dataset) -> None:
    (dataset.folder / ANNOTATIONS).write_text("{")
    assert "version names is damaged" in dataset.damaged[0]
    assert dataset.version().id == dataset.head  # usable without
    with pytest.raises(ManifestError, match="names is damaged"):
        admin.annotate(dataset, "v1", name="first")  # which would write over it


def test_going_back_and_forth(dataset: Dataset) -> None:
    newest = dataset.head
    assert admin.revert(dataset, "v1").number == 1
    assert dataset.head == dataset.version("v1").id != newest
    assert len(dataset.versions()) == 2
    table = dataset.manifest().drop(index=5)
    assert save_version(dataset, table, parent=dataset.head, operation="edit").number == 3
    admin.revert(dataset, newest)
    assert (dataset.head, len(dataset.versions())) == (newest, 3)
    with pytest.raises(NotFound):
        admin.revert(dataset, "v9")
    assert dataset.head == newest


def test_removing_leaves_the_source(dataset: Dataset, workspace: Workspace, tmp_path: Path) -> None:
    before = {p: p.read_bytes() for p in (tmp_path / "source").rglob("*.png")}
    found = admin.remove(dataset)
    assert (found["versions"], found["owned_source"]) == (2, False)
    assert found["source"] == str(tmp_path / "source")
    assert found["bytes"] > 12 * 48 * 48
    assert list(workspace.data.iterdir()) == []
    assert {p: p.read_bytes() for p in (tmp_path / "source").rglob("*.png")} == before


def test_a_link_to_a_dataset_folder_elsewhere_is_not_followed(workspace: Workspace, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "a.zip", {"happy/1.png": png(1)})
    dataset = import_dataset(workspace, archive, "faces", copy=True)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path, elsewhere / "copy", ignore=shutil.ignore_patterns("elsewhere"))
    (dataset.folder / "link").symlink_to(elsewhere)
    assert admin.remove(dataset)["owned_source"]
    assert (elsewhere / "copy").is_dir()
    assert archive.exists()


def test_what_others_read_from_is_not_removed(dataset: Dataset, workspace: Workspace, tmp_path: Path) -> None:
    owned = import_dataset(
        workspace, write_zip(tmp_path / "a.zip", {"happy/1.png": png(1)}), "owned", copy=True
    )
    about = read_json(dataset.folder / "dataset.json")
    path = f"../owned/{owned.about['source']['path']}"
    write_json(
        dataset.folder / "dataset.json", about | {"sources": {"owned": {"path": path, "dataset": "owned"}}}
    )
    with pytest.raises(AlreadyExists, match="Other datasets") as caught:
        admin.remove(owned)
    assert caught.value.received == "faces"
    assert {d.name for d in list_datasets(workspace)} == {"faces", "owned"}


def test_a_dataset_that_a_run_trains_on_is_not_removed(dataset: Dataset, workspace: Workspace) -> None:
    run = create_run(workspace, "faces", dataset.head, load("compact"), state="running", version_number=1)
    process.record_process(run.folder, os.getpid())
    assert admin.removal_summary(dataset)["busy_runs"] == [run.id]
    with pytest.raises(RunError, match="Runs are training") as caught:
        admin.remove(dataset)
    assert (caught.value.received, dataset.folder.is_dir()) == (run.id, True)
    run.update(state="finished")
    assert admin.remove(dataset)["busy_runs"] == []
    assert not dataset.folder.exists()


def test_importing_a_known_source_again_says_how_to_add_its_new_files(
    workspace: Workspace, tmp_path: Path
) -> None:
    source = write_tree(tmp_path / "s", tree())
    import_dataset(workspace, source, "faces")
    with pytest.raises(AlreadyExists, match="This source is here already under that name") as told:
        import_dataset(workspace, source, "faces")
    assert "`fer refresh faces` adds its new files" in str(told.value)
    with pytest.raises(AlreadyExists, match="of that name is here already"):
        import_dataset(workspace, write_tree(tmp_path / "t", tree()), "faces")
