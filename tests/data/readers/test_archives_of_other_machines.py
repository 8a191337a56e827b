"""Archives packed elsewhere: names that do not say how they are written, parts of split ones, pictures of 12 bits."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_sources import png

from fer_core.base.errors import SourceError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.options import Options
from fer_core.data.readers.archive import ArchiveReader


def packed(path: Path, encoding: str, names: list[str], pixels: np.ndarray) -> Path:
    """A zip whose names are in that encoding and whose flag for UTF-8 is not set."""
    written = [name.encode(encoding) for name in names]
    stand_ins = [chr(65 + number) * len(name) for number, name in enumerate(written)]
    with zipfile.ZipFile(path, "w") as archive:
        for name, picture in zip(stand_ins, pixels, strict=False):
            archive.writestr(name, png(picture))
    data = path.read_bytes()
    for stand_in, own in zip(stand_ins, written, strict=True):
        data = data.replace(stand_in.encode(), own)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("encoding", "folders", "said"),
    [
        ("gbk", ["高兴", "悲伤", "中性/测试"], "GBK"),
        ("shift_jis", ["笑顔", "悲しみ", "データ表"], "Shift-JIS"),
        ("cp1251", ["Радость", "грусть", "Лица"], "CP1251"),
        ("cp866", ["Радость", "грусть", "Лица"], "CP866"),
        ("utf-8", ["高兴", "fröhlich", "грусть"], "UTF-8"),
        ("cp437", ["fröhlich", "Ärger", "überrascht", "Freude è"], ""),
    ],
)
def test_names_are_read_as_they_make_sense(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray, encoding: str, folders: list[str], said: str
) -> None:
    names = [f"{folder}/1.png" for folder in folders]
    source = packed(tmp_path / "faces.zip", encoding, names, pixels)
    dataset = import_dataset(workspace, source, "faces", options=Options(accept_classes=True))
    assert sorted(dataset.manifest()["path"]) == sorted(names)
    notes = describe(dataset)["understood"]["notes"]
    assert notes == (
        [f"{len(names)} names in the zip do not say how they are written: read as {said}"] if said else []
    )
    old = names[0].encode(encoding).decode("cp437")  # as imports of older versions named it
    assert ArchiveReader(source).read(old) == png(pixels[0])


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.zip.001", "join its parts"), ("a.rar", "pack it as zip"), ("a.zip", "Give a folder")],
)
def test_what_is_no_zip_is_named_for_what_it_is(
    workspace: Workspace, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / name).write_bytes(b"half of something" * 99)
    with pytest.raises(SourceError, match=words):
        import_dataset(workspace, tmp_path / name, "a")


def test_pictures_that_use_12_of_16_bits_are_said(
    workspace: Workspace, tmp_path: Path, pixels: np.ndarray
) -> None:
    for name, picture in {"a": pixels[0].astype(np.uint16) << 4, "b": pixels[0]}.items():
        (tmp_path / "set/happy").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"set/happy/{name}.png").write_bytes(png(picture))
    dataset = import_dataset(workspace, tmp_path / "set", "a")
    assert dataset.manifest()["pixel_hash"].nunique() == 1
    assert describe(dataset)["understood"]["notes"] == [
        "1 picture has 16 bits and uses 12: read as 12 bits, black to white"
    ]
