"""Broken CSVs and zips: words, never a traceback, never a part of a dataset.

`FER_FUZZ=500` tries as many of each kind (`make exhaustive`); a hundred are tried otherwise.
"""

from __future__ import annotations

import io
import os
import random
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_sources import fer_csv, png

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.importing.options import Options

SMALL = np.random.default_rng(5).integers(0, 256, (6, 8, 8), dtype=np.uint8)
CSV = fer_csv(SMALL)
LEGEND = b"image,emotion,split\n" + b"".join(b"%d.png,%s,train\n" % (i, b"happy") for i in range(6))


def _zip(legend: bool) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, picture in enumerate(SMALL):
            archive.writestr(
                f"images/{i}.png" if legend else f"train/{('happy', 'sad')[i % 2]}/{i}.png", png(picture)
            )
        if legend:
            archive.writestr("legend.csv", LEGEND)
        else:
            archive.writestr("more/fer2013.csv", CSV)
    return file.getvalue()


EXAMPLES = int(os.environ.get("FER_FUZZ", "100"))
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # spares the disk ten syncs each time
ZIPS = (_zip(False), _zip(True))
NASTY = (
    b"\0",
    b"\n",
    b",",
    b'"',
    b"\xff\xfe",
    b"\r",
    b" ",
    b"-1",
    b"999",
    b"PK\x03\x04",
    b"../",
    b"e",
    b";",
    b"\xef\xbb\xbf",
)


@st.composite
def mutated(draw: st.DrawFn, originals: tuple[bytes, ...]) -> bytes:
    """Bytes changed, cut out, repeated, put in, or cut off."""
    data = bytearray(draw(st.sampled_from(originals)))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 16, 300)))
        how = chance.randrange(5)
        if how == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif how == 1:
            del data[at:end]
        elif how == 2:
            data[at:at] = data[at:end] * chance.choice((1, 3))
        elif how == 3:
            data[at:at] = chance.choice(NASTY)
        else:
            data = data[: chance.randrange(len(data) + 1)] if chance.random() < 0.2 else data
    return bytes(data)


def tried(name: str, data: bytes, labels: bytes | None = None) -> None:
    """Import it: a dataset that describes itself, or a reason and nothing left."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        root = Path(folder)
        source, workspace = root / name, Workspace(root / "home")
        source.write_bytes(data)
        legend = root / "legend.csv"
        if labels is not None:
            legend.write_bytes(labels)
        options = Options(labels=str(legend) if labels is not None else "")
        try:
            dataset = import_dataset(workspace, source, "faces", options=options)
        except FerError:
            assert not workspace.data.exists() or os.listdir(workspace.data) == []
        else:
            found = describe(dataset)
            assert found["images"] == len(dataset.pixels()) > 0
            assert os.listdir(workspace.data) == ["faces"]
        assert not (workspace.jobs / "imports").exists() or os.listdir(workspace.jobs / "imports") == []
        assert source.read_bytes() == data


fuzz = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@fuzz
@given(mutated((CSV,)))
def test_csvs_with_pixels(data: bytes) -> None:
    tried("faces.csv", data)


@fuzz
@given(mutated(ZIPS))
def test_zips(data: bytes) -> None:
    tried("faces.zip", data)


@settings(fuzz, max_examples=EXAMPLES // 3)
@given(mutated((LEGEND,)))
def test_label_csvs(data: bytes) -> None:
    tried("faces.zip", ZIPS[1], data)
