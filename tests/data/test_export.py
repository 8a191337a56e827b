"""A version as a tree of files, and back."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_pictures import png, tree, write_tree, write_zip

from fer_core.base.errors import AlreadyExists, BadName, NotFound, SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.exporting.export import changed_files, export_version, target_paths
from fer_core.data.importing.options import Options
from fer_core.data.save_version import save_version


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    files = tree(8) | {
        "train/happy/bad.jpg": b"not a face",
        "val/sad/Zoë's 笑.png": png(77),
        "readme.txt": b"words",
    }
    return import_dataset(workspace, write_zip(tmp_path / "s.zip", files), "faces")


def files_below(folder: Path) -> dict[str, bytes]:
    """All files but the export's own manifest."""
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    found.pop("fer-export.json", None)
    return found


def test_files_keep_their_bytes(dataset: Dataset, tmp_path: Path) -> None:
    found = export_version(dataset, dataset.version(), tmp_path / "out")
    expected = tree(8) | {"train/happy/bad.jpg": b"not a face", "val/sad/Zoë's 笑.png": png(77)}
    assert files_below(tmp_path / "out") == expected
    assert found == {
        "version": dataset.head,
        "format": "folder",
        "images": 10,
        "missing": [],
        "warnings": [],
        "checksum": json.loads((tmp_path / "out" / "fer-export.json").read_text())["checksum"],
        "to": str(tmp_path / "out"),
    }


def test_an_import_of_an_export_is_the_same_version(dataset: Dataset, tmp_path: Path) -> None:
    manifest = dataset.manifest()
    manifest.loc[2, "label"] = "anger"
    manifest.loc[3, "split"] = "unassigned"
    made = save_version(dataset, manifest[1:], parent="v1", operation="review")
    export_version(dataset, made, tmp_path / "out")
    assert import_dataset(dataset.workspace, tmp_path / "out", "again").head == made.id


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    splits=st.sets(st.sampled_from(["train", "val", "test", "unassigned"]), min_size=1),
)
def test_any_labels_and_splits_survive(
    tmp_path_factory: pytest.TempPathFactory, seed: int, splits: set[str]
) -> None:
    chance, folder = random.Random(seed), tmp_path_factory.mktemp("export")
    dataset = import_dataset(Workspace(folder / "home"), write_tree(folder / "s", tree(9)), "faces")
    manifest = dataset.manifest()
    labels = ["happy", "sad", "Calm and quiet", "Zoë's", "anger"]
    manifest["label"] = [chance.choice(labels) for _ in range(9)]
    manifest["split"] = [chance.choice(sorted(splits)) for _ in range(9)]
    made = save_version(dataset, manifest, parent="v1", operation="review")
    export_version(dataset, made, folder / "out")
    assert import_dataset(dataset.workspace, folder / "out", "again").head == made.id


def test_names_that_meet_get_a_number(workspace: Workspace, tmp_path: Path) -> None:
    files = {
        "happy/a/1.png": png(1),
        "happy/b/1.png": png(2),
        "happy/c/1.PNG": png(3),
        "happy/c/1-2.png": png(4),
        "sad/1.png": png(5),
    }
    dataset = import_dataset(workspace, write_tree(tmp_path / "s", files), "faces")
    found = target_paths(dataset.manifest())
    assert len({place.casefold() for place in found}) == 5
    export_version(dataset, dataset.version(), tmp_path / "out")
    written = files_below(tmp_path / "out")
    assert sorted(written.values()) == sorted(files.values())
    assert {path.split("/")[0] for path in written} == {"happy", "sad"}
    assert import_dataset(workspace, tmp_path / "out", "again").head == dataset.head


def test_a_place_that_holds_something_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    write_tree(tmp_path / "out", {"mine.txt": b"precious"})
    for place in (tmp_path / "out", tmp_path / "out" / "mine.txt"):
        with pytest.raises(AlreadyExists, match="not empty"):
            export_version(dataset, dataset.version(), place)
    assert files_below(tmp_path / "out") == {"mine.txt": b"precious"}


def test_an_empty_folder_is_filled(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert export_version(dataset, dataset.version(), tmp_path / "out")["images"] == 10


def test_nothing_is_written_into_a_source(workspace: Workspace, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "s", tree())
    dataset = import_dataset(workspace, source, "faces")
    with pytest.raises(SourceError, match="inside the source"):
        export_version(dataset, dataset.version(), source / "out")
    assert files_below(source) == tree()


def test_a_source_that_vanished(dataset: Dataset, tmp_path: Path) -> None:
    dataset.source_path.unlink()
    with pytest.raises(NotFound):
        export_version(dataset, dataset.version(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_vanished_or_changed_are_named(workspace: Workspace, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "s", tree())
    dataset = import_dataset(workspace, source, "faces")
    (source / "train/happy/0.png").unlink()
    (source / "train/sad/1.png").write_bytes(png(99))
    found = export_version(dataset, dataset.version(), tmp_path / "out")
    assert found["images"] == 4
    reasons = {problem["path"]: problem["reason"] for problem in found["missing"]}
    assert set(reasons) == {"train/happy/0.png", "train/sad/1.png"}
    assert "changed" in reasons["train/sad/1.png"]


@pytest.mark.parametrize("label", ["a/b", "..", ".hidden", ""])
def test_a_class_that_cannot_be_a_folder(dataset: Dataset, tmp_path: Path, label: str) -> None:
    manifest = dataset.manifest()
    manifest.loc[0, "label"] = label
    made = save_version(dataset, manifest, parent="v1", operation="review")
    with pytest.raises(BadName):
        export_version(dataset, made, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["parquet", "csv", "keras", "folder", "npz"])
@pytest.mark.parametrize("zipped", [False, True])
def test_formats_that_come_back_as_the_same_version(
    dataset: Dataset, tmp_path: Path, form: str, zipped: bool
) -> None:
    manifest = dataset.manifest()
    manifest.loc[2, "label"] = "anger"
    rows = manifest[manifest["error"] == ""].copy()
    rows["soft_label"] = pd.Series([None] * len(rows), index=rows.index, dtype="object")
    for row, soft in zip(
        rows.index[[0, 3, 7]], ([1, 0, 0, 0], [0.25, 0.5, 0.25, 0], [0.1, 0.2, 0.3, 0.4]), strict=True
    ):
        rows.at[row, "soft_label"] = soft  # type: ignore[assignment]
    good = save_version(dataset, rows, parent="v1", operation="review")
    to = tmp_path / ("out.zip" if zipped else "out")
    assert export_version(dataset, good, to, form)["missing"] == []
    again = import_dataset(dataset.workspace, to, "again")
    assert again.head == good.id
    soft = [tuple(s) for s in again.manifest()["soft_label"] if s is not None]
    assert sorted(soft)[0] == (0.1, 0.2, 0.3, 0.4)
    assert (
        "soft_label"
        not in import_dataset(dataset.workspace, to, "b", options=Options(names={"sad": "x"})).manifest()
    )


def test_votes_go_with_an_export_and_come_back(workspace: Workspace, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "s", tree(6))
    lines = [f"{i}.png,{i},{10 - i},0" for i in range(6)]
    (tmp_path / "votes.csv").write_text("file,happy,sad,NF\n" + "\n".join(lines))
    options = Options(votes=str(tmp_path / "votes.csv"))
    dataset = import_dataset(workspace, source, "faces", options=options)
    export_version(dataset, dataset.version(), tmp_path / "out", "csv")
    back = Options(votes=str(tmp_path / "out" / "labels.csv"))
    again = import_dataset(workspace, tmp_path / "out", "again", options=back)
    by_pixels = [
        {p: tuple(v) for p, v in zip(d.manifest()["pixel_hash"], d.manifest()["votes"], strict=True)}
        for d in (dataset, again)
    ]
    assert by_pixels[0] == by_pixels[1]
    assert again.about["vote_classes"] == ["happy", "sad", "NF"]


def test_the_manifest_of_an_export_tells_what_changed(dataset: Dataset, tmp_path: Path) -> None:
    export_version(dataset, dataset.version(), tmp_path / "out")
    about = json.loads((tmp_path / "out" / "fer-export.json").read_text())
    assert (about["version"], about["images"], len(about["sha256"])) == (dataset.head, 10, 10)
    assert changed_files(tmp_path / "out") == []
    (tmp_path / "out" / "train" / "happy" / "bad.jpg").write_bytes(b"a face")
    gone = next((tmp_path / "out" / "val").rglob("2.png"))
    gone.unlink()
    assert {p["path"]: p["reason"] for p in changed_files(tmp_path / "out")} == {
        "train/happy/bad.jpg": "The file has changed since the export",
        gone.relative_to(tmp_path / "out").as_posix(): "The file is gone",
    }
    with pytest.raises(NotFound):
        changed_files(tmp_path)
