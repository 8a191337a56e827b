"""The layouts people train from: read back by the loaders they are made for."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_pictures import encoded, levels, png, tree, write_tree, write_zip
from PIL import Image

from fer_core.base.errors import AlreadyExists, FerError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.exporting.export import FORMATS, export_version
from fer_core.data.exporting.formats import plain_picture
from fer_core.data.images import decode

FACE = levels(5)


@pytest.fixture
def dataset(workspace: Workspace, tmp_path: Path) -> Dataset:
    """Three classes in three splits; a broken file, one in no split, and formats loaders do not agree on."""
    turned = Image.Exif()
    turned[0x0112] = 6
    files = tree(12) | {
        "train/happy/bad.jpg": b"not a face",
        "unassigned/happy/aside.png": png(300),
        "train/happy/b.bmp": encoded(FACE, "BMP"),
        "train/sad/t.tiff": encoded(levels(9, (50, 40)), "TIFF"),
        "train/sad/t.png": png(301),
        "val/sad/turned.jpg": encoded(FACE, "JPEG", exif=turned),
    }
    return import_dataset(workspace, write_zip(tmp_path / "s.zip", files), "faces")


def used(dataset: Dataset) -> pd.DataFrame:
    table = dataset.manifest()
    return table[(table["error"] == "") & (table["split"] != "unassigned")]


@pytest.mark.parametrize("format", ["keras", "imagefolder"])
def test_folders_hold_upright_jpeg_and_png_and_every_class_in_every_split(
    dataset: Dataset, tmp_path: Path, format: str
) -> None:
    found = export_version(dataset, dataset.version(), tmp_path / "out", format)
    table = used(dataset)
    index = pd.read_csv(tmp_path / "out" / "index.csv")
    assert found["images"] == len(index) == len(table)
    assert (tmp_path / "out" / "classes.txt").read_text().split() == sorted(table["label"].unique())
    folders = {
        p.name: sorted(c.name for c in p.iterdir()) for p in (tmp_path / "out").iterdir() if p.is_dir()
    }
    assert set(folders) == set(table["split"])
    assert all(names == sorted(table["label"].unique()) for names in folders.values())
    by_id = table.set_index("image_id")
    for row in index.itertuples():
        picture = decode((tmp_path / "out" / row.file).read_bytes())
        assert picture.format in {"JPEG", "PNG"}
        assert picture.format == {".jpg": "JPEG", ".png": "PNG"}[Path(row.file).suffix]
        assert np.array_equal(picture.pixels, decode(dataset.read_file(row.image_id)).pixels)
        assert (row.split, row.label) == tuple(by_id.loc[row.image_id, ["split", "label"]])
        assert row.file.startswith(f"{row.split}/{row.label}/")


@pytest.mark.slow
def test_keras_reads_what_was_written_for_it(dataset: Dataset, tmp_path: Path) -> None:
    export_version(dataset, dataset.version(), tmp_path / "out", "keras")
    code = (
        "import sys, keras\n"
        "for folder in sys.argv[1:]:\n"
        "    d = keras.utils.image_dataset_from_directory(folder, color_mode='grayscale', image_size=(48, 48), batch_size=64)\n"
        "    print('read', d.class_names, sum(len(y) for _, y in d))"
    )
    sizes = used(dataset)["split"].value_counts()
    command = [sys.executable, "-c", code, *(str(tmp_path / "out" / split) for split in sizes.index)]
    env = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    out = subprocess.run(command, capture_output=True, text=True, timeout=200, env=env)
    assert out.returncode == 0, out.stderr[-800:]
    read = [line for line in out.stdout.splitlines() if line.startswith("read ")]
    assert read == [f"read {sorted(used(dataset)['label'].unique())} {size}" for size in sizes]


def test_torchvision_reads_what_was_written_for_it(dataset: Dataset, tmp_path: Path) -> None:
    folders = pytest.importorskip("torchvision.datasets", reason="torchvision is not installed")
    export_version(dataset, dataset.version(), tmp_path / "out", "imagefolder")
    sizes = used(dataset)["split"].value_counts()
    for split in sizes.index:
        found = folders.ImageFolder(tmp_path / "out" / split, allow_empty=True)
        assert found.classes == sorted(used(dataset)["label"].unique())
        assert len(found) == sizes[split]


def test_a_class_that_a_split_lacks_keeps_its_number(workspace: Workspace, tmp_path: Path) -> None:
    files = {"train/happy/1.png": png(1), "train/sad/2.png": png(2), "val/sad/3.png": png(3)}
    dataset = import_dataset(workspace, write_tree(tmp_path / "s", files), "faces")
    found = export_version(dataset, dataset.version(), tmp_path / "out", "keras")
    assert (tmp_path / "out/val/happy").is_dir()
    assert found["warnings"] == ["val has no image of happy: ImageFolder needs allow_empty=True."]


def test_csv_names_a_file_for_every_row(dataset: Dataset, tmp_path: Path) -> None:
    export_version(dataset, dataset.version(), tmp_path / "out", "csv")
    table = pd.read_csv(tmp_path / "out" / "labels.csv")
    assert set(table["image_id"]) == set(used(dataset)["image_id"])
    assert table["file"].is_unique
    for row in table.itertuples():
        assert (tmp_path / "out" / row.file).is_file()
    assert {"file", "split", "label", "class_index", "source", "path", "pixel_hash"} <= set(table)


def test_fer2013_is_the_kaggle_format(dataset: Dataset, tmp_path: Path) -> None:
    export_version(dataset, dataset.version(), tmp_path / "out", "fer2013")
    table = pd.read_csv(tmp_path / "out" / "fer2013.csv")
    rows = used(dataset)
    assert list(table) == ["emotion", "pixels", "Usage"]
    assert set(table["Usage"]) <= {"Training", "PublicTest", "PrivateTest"}
    number = {"happy": 3, "sad": 4, "neutral": 6}
    assert table["emotion"].tolist() == [number[label] for label in rows["label"]]
    first = np.array(table["pixels"][0].split(), dtype=np.uint8).reshape(48, 48)
    assert np.array_equal(first, dataset.pixels()[rows["row"].iloc[0]])


def test_npz_loads_without_pickle(dataset: Dataset, tmp_path: Path) -> None:
    dataset.source_path.unlink()  # the small pictures are enough
    export_version(dataset, dataset.version(), tmp_path / "out", "npz")
    rows = used(dataset)
    with np.load(tmp_path / "out" / "faces.npz", allow_pickle=False) as found:
        names = found["classes"].tolist()
        for split, own in rows.groupby("split"):
            assert found[f"x_{split}"].dtype == np.uint8
            assert np.array_equal(found[f"x_{split}"], dataset.pixels()[own["row"].to_numpy()])
            assert [names[y] for y in found[f"y_{split}"]] == own["label"].tolist()
            assert found[f"id_{split}"].tolist() == own["image_id"].tolist()


@pytest.mark.parametrize("format", FORMATS)
def test_everything_comes_as_a_zip_too(dataset: Dataset, tmp_path: Path, format: str) -> None:
    plain = export_version(dataset, dataset.version(), tmp_path / "plain", format)
    seen: list[tuple[int, int, str]] = []
    packed = export_version(
        dataset,
        dataset.version(),
        tmp_path / "deep" / "out.zip",
        format,
        progress=lambda *at: seen.append(at),
    )
    assert packed["images"] == plain["images"] == seen[-1][1] or format == "fer2013"
    files = {
        p.relative_to(tmp_path / "plain").as_posix() for p in (tmp_path / "plain").rglob("*") if p.is_file()
    }
    with zipfile.ZipFile(tmp_path / "deep" / "out.zip") as archive:
        assert {name for name in archive.namelist() if not name.endswith("/")} == files
        assert archive.testzip() is None
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["out.zip"]
    with pytest.raises(AlreadyExists, match="There is a file"):
        export_version(dataset, dataset.version(), tmp_path / "deep" / "out.zip", format)


def test_what_cannot_be_exported_leaves_nothing(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FerError, match="format must be one of"):
        export_version(dataset, dataset.version(), tmp_path / "out", "tfrecord")
    dataset.source_path.rename(tmp_path / "gone.zip")
    for format in ("folder", "keras", "csv"):
        for place in ("out", "out.zip"):
            with pytest.raises(NotFound):
                export_version(dataset, dataset.version(), tmp_path / place, format)
    assert not [p for p in tmp_path.iterdir() if "out" in p.name]


def test_pictures_loaders_disagree_on_become_png() -> None:
    plain = encoded(FACE, "JPEG")
    assert plain_picture(plain) == (plain, ".jpg")
    for data in (encoded(FACE, "BMP"), encoded(FACE, "GIF"), encoded(FACE, "TIFF")):
        content, suffix = plain_picture(data)
        assert suffix == ".png"
        assert np.array_equal(decode(content).pixels, decode(data).pixels)
