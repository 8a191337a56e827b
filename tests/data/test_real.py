"""Exact counts on the real sets in FER_TEST_DATA."""

from __future__ import annotations

import io
import zipfile

import imagehash
import pandas as pd
import pytest
from PIL import Image

from fer_core.data.datasets import Dataset, describe
from fer_core.data.manifest import readable

pytestmark = pytest.mark.real

CAPSTONE = {
    "train": {"happy": 3687, "surprise": 2525, "neutral": 3720, "sad": 3722},
    "val": {"happy": 1759, "surprise": 645, "neutral": 1160, "sad": 1068},
    "test": {"happy": 32, "surprise": 32, "neutral": 32, "sad": 32},
}
_FER_ORDER = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FER2013 = {
    "train": dict(zip(_FER_ORDER, (3196, 349, 3278, 5772, 3864, 2537, 3972), strict=True)),
    "val": dict(zip(_FER_ORDER, (374, 45, 397, 716, 522, 332, 486), strict=True)),
    "test": dict(zip(_FER_ORDER, (393, 44, 422, 703, 475, 333, 501), strict=True)),
}


def test_capstone4_counts(capstone: Dataset) -> None:
    found = describe(capstone)
    assert (found["images"], found["unreadable"], found["problems"]) == (18_414, 0, [])
    assert found["counts"] == CAPSTONE
    assert found["splits"] == {"train": 13_654, "val": 4_632, "test": 128}
    assert list(found["classes"]) == ["happy", "surprise", "neutral", "sad"]


def test_fer2013_counts(fer2013: Dataset) -> None:
    found = describe(fer2013)
    assert (found["images"], found["unreadable"], found["problems"]) == (28_711, 0, [])
    assert found["counts"] == FER2013
    assert found["splits"] == {"train": 22_968, "val": 2_872, "test": 2_871}
    assert list(found["classes"]) == ["happy", "surprise", "neutral", "sad", "anger", "fear", "disgust"]


def copies(manifest: pd.DataFrame) -> pd.DataFrame:
    """Rows whose pixels occur more than once."""
    return manifest[manifest["pixel_hash"].duplicated(keep=False)]


def test_capstone4_copies_by_pixels(capstone: Dataset) -> None:
    found = copies(capstone.manifest())
    groups = found.groupby("pixel_hash")
    assert (groups.ngroups, len(found) - groups.ngroups) == (732, 856)
    spans = groups["split"].agg(lambda splits: "|".join(sorted(set(splits)))).value_counts()
    both = {
        a + b: sum(n for s, n in spans.items() if a in s and b in s)  # type: ignore[misc]
        for a, b in [("train", "val"), ("test", "train"), ("test", "val")]
    }
    assert both == {"trainval": 247, "testtrain": 12, "testval": 7}
    assert int((groups["label"].nunique() > 1).sum()) == 7


def test_fer2013_copies_by_pixels(fer2013: Dataset) -> None:
    found = copies(fer2013.manifest())
    groups = found.groupby("pixel_hash")
    assert (groups.ngroups, len(found) - groups.ngroups) == (1_271, 1_531)
    assert int((groups["split"].nunique() > 1).sum()) == 481
    assert int((groups["label"].nunique() > 1).sum()) == 54


@pytest.mark.parametrize("name", ["capstone", "fer2013"])
def test_every_phash_is_that_of_imagehash(name: str, request: pytest.FixtureRequest) -> None:
    dataset: Dataset = request.getfixturevalue(name)
    table = dataset.manifest()
    with zipfile.ZipFile(dataset.source_path) as archive:
        for path, phash in zip(table["path"][::16], table["phash"][::16], strict=True):
            image = Image.open(io.BytesIO(archive.read(path)))
            assert int(str(imagehash.phash(image)), 16) == phash, path


def test_pixels_are_those_of_the_files(capstone: Dataset) -> None:
    table, pixels = capstone.manifest(), capstone.pixels()
    assert pixels.shape == (18_414, 48, 48)
    assert readable(table).shape == table.shape
    for row in table.iloc[:: len(table) // 200].itertuples():
        image = Image.open(io.BytesIO(capstone.read_file(row.image_id)))
        assert image.tobytes() == pixels[row.row].tobytes()
