"""Importing, listing and opening datasets."""

from __future__ import annotations

import io
import json
import random
import tarfile
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_pictures import encoded, levels, png, tree, write_tree, write_zip
from PIL import Image

from fer_core.base.errors import ManifestError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, describe, import_dataset, open_dataset
from fer_core.data.images import decode, pixel_hash
from fer_core.data.manifest import COLUMNS, image_id


def reasons(dataset: Dataset) -> dict[str, str]:
    return {problem["path"]: problem["reason"] for problem in describe(dataset)["problems"]}


def test_a_folder_becomes_a_dataset(workspace: Workspace, source: Path) -> None:
    dataset = import_dataset(workspace, source, "faces")
    manifest = dataset.manifest()
    assert list(manifest.columns) == list(COLUMNS)
    assert {c: str(t) for c, t in manifest.dtypes.items()} == COLUMNS
    assert dict(zip(manifest["path"], manifest["split"], strict=True))["val/neutral/2.png"] == "val"
    for row in manifest.itertuples():
        picture = decode((source / row.path).read_bytes())
        np.testing.assert_array_equal(dataset.pixels()[row.row], picture.pixels)
        assert row.pixel_hash == pixel_hash(picture.pixels)
        assert row.phash == int(str(imagehash.phash(Image.open(source / row.path))), 16)
        assert row.image_id == image_id("main", row.path)
        assert dataset.read_file(row.image_id) == (source / row.path).read_bytes()
    version = dataset.version()
    assert (version.id, version.number, version.parent, version.operation) == (
        dataset.head,
        1,
        None,
        "import",
    )


def test_describe(workspace: Workspace, source: Path) -> None:
    write_tree(source, {"train/happy/bad.jpg": b"text", "train/readme.txt": b"text"})
    described = describe(import_dataset(workspace, source, "faces"))
    problems = described["problems"]
    found = {key: value for key, value in described.items() if key != "problems"}
    assert found == {
        "name": "faces",
        "version": open_dataset(workspace, "faces").head,
        "number": 1,
        "images": 8,
        "unreadable": 1,
        "unlabelled": 0,
        "unknown_classes": [],
        "understood": {
            "delivery": "", "delivery_key": "", "how": "", "lists": {}, "notes": [], "vote_classes": [], "choices": {},
        },
        "splits": {"train": 4, "val": 2, "test": 2},
        "classes": {"happy": 3, "neutral": 2, "sad": 3},
        "counts": {
            "train": {"happy": 1, "neutral": 1, "sad": 2},
            "val": {"happy": 1, "neutral": 1, "sad": 0},
            "test": {"happy": 1, "neutral": 0, "sad": 1},
        },
        "skipped": {},
        "votes": None,
    }  # fmt: skip
    assert {p["path"] for p in problems} == {"train/happy/bad.jpg", "train/readme.txt"}
    assert json.loads(json.dumps(found)) == found


def test_every_file_is_a_row_or_a_problem(workspace: Workspace, source: Path) -> None:
    jpeg = encoded(levels(1, (200, 200)), "JPEG")
    rows = {
        "train/happy/text.jpg": b"Dear all,\n" * 30,
        "train/happy/half.jpg": jpeg[: len(jpeg) // 2],
        "train/happy/empty.png": b"",
    }
    others = {
        "train/happy/notes.txt": b"see legend",
        "legend.csv": b"image,emotion\n",
        "train/loose.png": png(50),
        "train/happy/more.zip": b"PK\x05\x06" + bytes(18),
    }
    welcome = {"train/happy/no_ending": png(51), "train/sad/wrong.txt": png(52)}
    write_tree(source, rows | others | welcome | {"train/.DS_Store": b"x"})
    (source / "train/happy/link.png").symlink_to("/etc/hostname")
    dataset = import_dataset(workspace, source, "faces")
    manifest = dataset.manifest().set_index("path")
    assert set(manifest.index) == {*tree(8), *rows, *welcome, "train/happy/link.png"}
    failed = manifest[manifest["error"] != ""]
    assert set(failed.index) == {*rows, "train/happy/link.png"}
    assert (failed["row"] == -1).all()
    assert set(reasons(dataset)) == {*rows, *others, "train/happy/link.png"}
    assert reasons(dataset)["train/loose.png"] == "The picture lies in no class folder"
    assert reasons(dataset)["train/happy/text.jpg"] == "Not an image in a known format"
    assert "incomplete" in reasons(dataset)["train/happy/half.jpg"]
    good = manifest[manifest["error"] == ""]
    assert sorted(good["row"]) == list(range(len(good))) == list(range(len(dataset.pixels())))


def test_rows_keep_the_order_of_the_source_over_batches(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(source, {"train/happy/0a.png": b"bad", "train/sad/99.png": b"bad"})
    monkeypatch.setattr("fer_core.data.importing.scan._BATCH", 3)
    seen: list[tuple[int, int, str]] = []
    dataset = import_dataset(workspace, source, "faces", progress=lambda *told: seen.append(told))
    manifest = dataset.manifest()
    assert list(manifest["path"]) == sorted(manifest["path"], key=lambda path: path.split("/"))
    assert list(manifest.loc[manifest["error"] == "", "row"]) == list(range(8))
    assert seen == [(0, 0, "looking at the files"), *((n, 10, "images") for n in (0, 3, 6, 9, 10))]


def test_pictures_of_many_kinds_and_sizes(workspace: Workspace, tmp_path: Path) -> None:
    color = np.stack([levels(n, (60, 70)) for n in range(3)], axis=2)
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {
        "happy/1x1.png": encoded(np.full((1, 1), 7, np.uint8)),
        "happy/color.jpg": encoded(color, "JPEG"),
        "happy/tall.png": png(3, (90, 20)),
        "happy/turned.jpg": encoded(levels(4, (30, 60)), "JPEG", exif=exif),
        "happy/deep.png": encoded(levels(5).astype(np.uint16) * 257),
        "sad/cmyk.jpg": encoded(Image.fromarray(color).convert("CMYK"), "JPEG"),
    }
    dataset = import_dataset(workspace, write_tree(tmp_path / "s", files), "faces")
    table = dataset.manifest().set_index("path")
    assert (table["error"] == "").all()
    assert table.loc["happy/turned.jpg", ["width", "height"]].tolist() == [30, 60]
    assert table["mode"].to_dict() == {p: "rgb" if "color" in p or "cmyk" in p else "gray" for p in files}
    assert (dataset.pixels()[table.loc["happy/1x1.png", "row"]] == 7).all()
    np.testing.assert_array_equal(dataset.pixels()[table.loc["happy/deep.png", "row"]], levels(5))
    for path, row in table.iterrows():
        picture = Image.fromarray(decode(files[str(path)]).pixels)
        assert row["phash"] == int(str(imagehash.phash(picture)), 16)


def test_one_class_and_a_class_with_one_image(workspace: Workspace, tmp_path: Path) -> None:
    one = write_tree(tmp_path / "one", {"happy/1.png": png(1), "happy/2.png": png(2)})
    assert describe(import_dataset(workspace, one, "one"))["classes"] == {"happy": 2}
    single = write_tree(
        tmp_path / "single", {"happy/1.png": png(1), "happy/2.png": png(2), "sad/3.png": png(3)}
    )
    found = describe(import_dataset(workspace, single, "single"))
    assert found["classes"] == {"happy": 2, "sad": 1}
    assert found["splits"] == {"train": 0, "val": 0, "test": 0, "unassigned": 3}


def test_the_source_is_not_changed(workspace: Workspace, source: Path) -> None:
    before = {p: (p.stat().st_mtime_ns, p.is_file() and p.read_bytes()) for p in source.rglob("*")}
    dataset = import_dataset(workspace, source, "faces", copy=True)
    dataset.pixels(32, "rgb")
    assert {p: (p.stat().st_mtime_ns, p.is_file() and p.read_bytes()) for p in source.rglob("*")} == before


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
@pytest.mark.parametrize("copy", [False, True])
def test_a_source_that_vanished(workspace: Workspace, tmp_path: Path, form: str, copy: bool) -> None:
    source = write_tree(tmp_path / "s", tree()) if form == "folder" else tmp_path / f"s.{form}"
    if form == "zip":
        write_zip(source, tree())
    elif form == "tar":
        with tarfile.open(source, "w") as archive:
            for name, data in tree().items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    dataset = import_dataset(workspace, source, "faces", copy=copy)
    assert dataset.about["source"]["owned"] is copy
    source.rename(tmp_path / "elsewhere")
    dataset = open_dataset(workspace, "faces")
    table = dataset.manifest()
    assert dataset.pixels()[table["row"]].shape == (6, 48, 48)
    if copy:
        assert dataset.read_file(table["image_id"][0]) == tree()[table["path"][0]]
        return
    for ask in (lambda: dataset.read_file(table["image_id"][0]), lambda: dataset.pixels(96)):
        with pytest.raises(NotFound, match="no longer there"):
            ask()


def test_an_owned_source_moves_with_its_workspace(workspace: Workspace, tmp_path: Path) -> None:
    import_dataset(workspace, write_zip(tmp_path / "s.zip", tree()), "faces", copy=True)
    workspace.root.rename(tmp_path / "moved")
    dataset = open_dataset(Workspace(tmp_path / "moved"), "faces")
    assert dataset.read_file(dataset.manifest()["image_id"][0])


def test_an_upload_is_taken_over_without_a_second_copy(workspace: Workspace) -> None:
    (workspace.jobs / "uploads").mkdir(parents=True)
    upload = write_zip(workspace.jobs / "uploads" / "faces.zip", tree())
    number = upload.stat().st_ino
    dataset = import_dataset(workspace, upload, "faces", copy=True)
    upload.unlink()
    assert dataset.source_path.stat().st_ino == number
    assert dataset.read_file(dataset.manifest()["image_id"][0])


def test_an_unknown_image(workspace: Workspace, source: Path) -> None:
    with pytest.raises(NotFound, match="no such image"):
        import_dataset(workspace, source, "faces").read_file("0" * 16)


def test_an_unknown_dataset_names_the_known(workspace: Workspace, source: Path) -> None:
    with pytest.raises(NotFound, match="none yet"):
        open_dataset(workspace, "faces")
    import_dataset(workspace, source, "faces")
    with pytest.raises(NotFound, match="Known: faces"):
        open_dataset(workspace, "facez")


def test_a_damaged_dataset_file(workspace: Workspace, source: Path) -> None:
    dataset = import_dataset(workspace, source, "faces")
    (dataset.folder / "dataset.json").write_text("{")
    with pytest.raises(ManifestError):
        _ = dataset.head


def test_ids_do_not_depend_on_the_name_or_the_form(
    workspace: Workspace, source: Path, tmp_path: Path
) -> None:
    first = import_dataset(workspace, source, "one")
    second = import_dataset(workspace, write_zip(tmp_path / "two.zip", tree(8)), "two")
    assert first.head == second.head
    assert set(first.manifest()["image_id"]) == set(second.manifest()["image_id"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), wrap=st.sampled_from(["", "a/", "a/b c/"]), spelled=st.booleans())
def test_a_renamed_and_shuffled_copy_is_the_same_version(
    tmp_path_factory: pytest.TempPathFactory, seed: int, wrap: str, spelled: bool
) -> None:
    """Names, order, wrapping folders, spellings and encodings do not matter; pixels, splits and labels do."""
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("same")
    files = list(tree(10).items())
    chance.shuffle(files)
    copy = {}
    for path, data in files:
        split, label, _ = path.split("/")
        if spelled:
            split = {"val": "Validation", "train": "Training"}.get(split, split)
            label = {"happy": "Happiness", "sad": "sadness"}.get(label, label)
        form = chance.choice(["PNG", "BMP"])
        again = encoded(Image.open(io.BytesIO(data)), form)
        copy[f"{wrap}{split}/{label}/{chance.random()}.{form.lower()}"] = again
    workspace = Workspace(folder / "home")
    first = import_dataset(workspace, write_zip(folder / "first.zip", tree(10)), "first")
    second = import_dataset(workspace, write_zip(folder / "second.zip", copy), "second")
    assert first.head == second.head
    some = chance.choice(list(copy))
    moved = {path: png(777) if path == some else data for path, data in copy.items()}
    assert import_dataset(workspace, write_zip(folder / "third.zip", moved), "third").head != first.head
