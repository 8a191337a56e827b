"""What libraries raise over files of somebody else ends in one sentence: each format wrong in its own way, and far too much.

`make soak` adds mutated ones by the thousand; here each kind has the case that fell once.
"""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import warnings
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_pictures import encoded, png, tree, write_zip
from PIL import Image

from fer_core import cli
from fer_core.base.errors import FerError, ImageError, RecipeError, SourceError
from fer_core.base.parsing import expand_home, parsing
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.images import decode
from fer_core.data.readers.pixel_csv import PixelCsv
from fer_core.data.sample.make import make_sample
from fer_core.inference.metadata import parse
from fer_core.recipes import recipe

DEEP = "[" * 100_000 + "]" * 100_000


def npz(header: bytes) -> bytes:
    """Pictures whose header is what somebody wrote there."""
    good = io.BytesIO()
    np.savez(good, x=np.zeros((4, 8, 8), np.uint8), y=np.arange(4))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        archive.writestr("y.npy", zipfile.ZipFile(good).read("y.npy"))
    return made.getvalue()


def parquet(huggingface: str) -> bytes:
    """One picture, and what Hugging Face says of its columns."""
    schema = pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": huggingface},
    )
    file = io.BytesIO()
    pq.write_table(pa.table({"image": [{"bytes": png(1), "path": "a"}], "label": [1]}, schema=schema), file)
    return file.getvalue()


HEADER = "{'descr': '|u1', 'fortran_order': False, 'shape': %s}\n"
SOURCES = {
    "huge.npz": npz((HEADER % "(99999999999, 48, 48)").encode()),
    "deep.npz": npz(b"(" * 9000 + b")" * 9000),
    "code.npz": npz(b"__import__('os')\n"),
    "deep.parquet": parquet(DEEP),
    "odd.parquet": parquet('{"info": {"features": {"label": {"_type": "ClassLabel", "names": 3}}}}'),
    "cut.parquet": parquet("{}")[:-9] + b"PAR1PAR1",
    "long.tfrecord": struct.pack("<Q", 2**60) + b"junk" * 50,
    "junk.h5": b"\x89HDF\r\n\x1a\n" + bytes(200),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_of_any_kind_is_read_or_refused_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SOURCES[name])
    try:
        dataset = import_dataset(Workspace(tmp_path / "home"), tmp_path / name, "faces")
    except FerError:
        return
    assert describe(dataset)["images"] > 0


def test_json_nested_too_deeply_is_told_or_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    archive = write_zip(tmp_path / "faces.zip", tree() | {"instances_default.json": DEEP.encode()})
    dataset = import_dataset(Workspace(tmp_path / "home"), archive, "faces")
    (tmp_path / "patch.json").write_text(DEEP)
    assert cli.run(["review", "faces", "import", str(tmp_path / "patch.json")]) == 2
    for name in ("annotations.json", "dataset.json"):
        (dataset.folder / name).write_text(DEEP)
        assert cli.run(["doctor"]) == 1
        assert cli.run(["datasets"]) == 0
    with pytest.raises(FerError, match="nested too deeply"):
        parse(DEEP, "model.onnx")


@pytest.mark.parametrize(
    "text", [f"x = {DEEP}", "[" + ".".join("a" * 3000) + "]\nx = 1", "seed = " + "9" * 5000, "extends = 3"]
)
def test_a_recipe_of_any_text_is_refused_in_words(text: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(RecipeError):
        recipe.load(str(tmp_path / "r.toml"))
    with pytest.raises(RecipeError):
        recipe.override(recipe.load("compact"), {"optimizer.learning_rate": DEEP})


@pytest.mark.parametrize(
    "blocks",
    [
        [{"kind": "dense", "units": 3_000_000}, {"kind": "dense", "units": 3_000_000}],
        [{"kind": "conv", "filters": 900_000}],
        [{"kind": "conv", "filters": 64}, {"kind": "flatten"}, {"kind": "dense", "units": 90_000}],
    ],
)
def test_a_network_beyond_any_machine_is_refused_before_it_is_built(blocks: list[dict[str, object]]) -> None:
    with pytest.raises(RecipeError, match="more than 1,000,000,000 parameters"):
        recipe.override(recipe.load("compact"), {"model.blocks": blocks})


def test_nobodys_home_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    with pytest.raises(FerError, match="has a home here"):
        expand_home(Path("~no-such-user-here/x"))
    make_sample(Workspace(tmp_path), "faces", count=120)
    for field, name in product(("model.start", "distillation.teacher"), ("x.onnx", "x.keras", "x")):
        setting = f"{field}=~no-such-user-here/{name}"
        assert cli.run(["train", "--dataset", "faces", "--recipe", "compact", "--set", setting]) in (1, 2)
        assert "A fault in the program" not in capsys.readouterr().err


def test_a_name_twice_in_a_zip_is_listed_and_the_rest_is_read(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
            for name, data in tree().items():
                archive.writestr(name, data)
            archive.writestr("train/happy/0.png", png(9))
    dataset = import_dataset(Workspace(tmp_path / "home"), tmp_path / "faces.zip", "faces")
    assert describe(dataset)["images"] == len(tree())
    reasons = [*dataset.manifest()["error"], *(each["reason"] for each in dataset.about["problems"])]
    assert "Twice in the archive; the last was read" in reasons


def test_a_picture_of_one_colour_and_49_megapixels_is_refused_by_its_header() -> None:
    flat = encoded(np.full((7000, 7000), 90, np.uint8))
    started = time.perf_counter()
    for _ in range(40):
        with pytest.raises(ImageError, match="for a file of so few bytes"):
            decode(flat)
    assert time.perf_counter() - started < 2
    photo = np.random.default_rng(0).integers(0, 256, (2500, 2500), dtype=np.uint8)
    assert decode(encoded(photo)).width == 2500  # as large, and a picture
    assert decode(encoded(np.full((1900, 1900), 90, np.uint8))).width == 1900


def test_a_smooth_webp_of_many_pixels_a_byte_is_a_picture() -> None:
    small = np.random.default_rng(3).integers(60, 200, (20, 20), dtype=np.uint8)
    made = Image.fromarray(small).convert("RGB").resize((4400, 4400), Image.Resampling.BICUBIC)
    made.save(file := io.BytesIO(), "WEBP", quality=75)
    assert 200 < made.width * made.height / len(file.getvalue()) < 450
    assert decode(file.getvalue()).width == 4400


def test_a_row_without_an_end_is_listed_and_takes_no_memory() -> None:
    long = b"0," + b"1 " * 60_000_000 + b",Training\n"
    text = b"emotion,pixels,Usage\n" + long + b"3," + b" ".join([b"7"] * 64) + b",Training\n"
    tracemalloc.start()
    table = PixelCsv(io.BytesIO(text), "fer2013.csv")
    entries = table.entries()
    with pytest.raises(SourceError, match="more than any picture"):
        table.read("000000.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [bool(entry.problem) for entry in entries] == [True, False]
    assert peak < 60_000_000
    table.close()


def test_the_guard_keeps_what_is_said_in_words() -> None:
    with pytest.raises(SourceError, match="own words"), parsing(ImageError, "other"):
        raise SourceError("own words")
    with pytest.raises(ImageError, match="it asks for more memory"), parsing(ImageError, "broken"):
        raise MemoryError
