"""What pages and the report say of copies across splits before and after pictures are compared: unknown is not zero."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates import scan_store
from fer_core.reports import dataset_report
from fer_core.ui.duplicates import cached_groups

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("explore", "duplicates", "train")


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Forty faces in three splits without equal pixels; one of val is one of train, moved by a pixel and brightened."""
    drawn = make_sample(Workspace(tmp_path / "drawn"), count=120)
    good = drawn.manifest()
    good = good[(good["error"] == "") & (good["contrast"] > 0.1)].drop_duplicates("pixel_hash")
    pixels = drawn.pixels()
    for number, (row, label) in enumerate(zip(good["row"].head(40), good["label"], strict=False)):
        split = ("train", "train", "val", "test")[number % 4]
        folder = tmp_path / "faces" / split / label
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[row]).save(folder / f"{number}.png")
    first = good.iloc[0]
    moved = np.clip(np.roll(pixels[first["row"]], 1, axis=1).astype(int) + 6, 0, 255).astype(np.uint8)
    folder = tmp_path / "faces" / "val" / str(first["label"])
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(moved).save(folder / "copy.png")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cached_groups, "AT_ONCE", 0)  # as in a set too large to compare while the page loads
    return import_dataset(Workspace(tmp_path / "home"), tmp_path / "faces", "faces")


def words(page: str) -> str:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=120)
    app.switch_page(f"pages/{'models' if page == 'train' else 'data'}/{page}.py")
    app.run()
    assert not app.exception
    return re.sub("<[^>]+>", " ", " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html")))


def report(dataset: Dataset) -> str:
    return re.sub("<[^>]+>", " ", dataset_report.write(dataset, dataset.head))


def test_before_comparing_nothing_claims_that_there_is_none(dataset: Dataset) -> None:
    for text in (*map(words, PAGES), report(dataset)):
        assert "not compared" in text
        assert "none across splits" not in text
        assert not re.search(r"\b0 (near|mirrored)\b", text)
        assert not re.search(r"\b0 groups? (of near|across)", text)


def test_after_comparing_all_say_what_was_found(dataset: Dataset) -> None:
    scan_store.compared_pairs(dataset, dataset.head)
    for text in (words("explore"), words("duplicates"), report(dataset)):
        assert "1 near" in text
        assert "not compared yet" not in text
    assert re.search(r"[\d.]+% of val is in another split too", words("train"))
