"""Quality checks against what cleanvision computes, step by step with Pillow, and against planted faults."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image, ImageDraw, ImageFilter, ImageStat

from fer_core.base.workspace import Workspace
from fer_core.checks import checks
from fer_core.checks.checks import BLANK_CONTRAST, is_blank, severity
from fer_core.checks.measure import measure_grays, measure_one
from fer_core.checks.store import COLUMNS, store_path
from fer_core.data.datasets import Dataset, import_dataset
from fer_core.data.manifest import readable


def reference(image: Image.Image) -> list[float]:
    """cleanvision 0.3.7, image_property.py: what it measures of one picture."""
    array = np.asarray(image)
    if array.ndim == 3:
        r, g, b = (array[:, :, i].astype("int") for i in range(3))
        bright = np.sqrt(0.241 * (r * r) + 0.691 * (g * g) + 0.068 * (b * b)) / 255
    else:
        bright = array / 255.0
    low, high = np.percentile(bright, [5, 99])
    ratio = max(image.width, image.height) / 64
    small = image.copy()
    if ratio > 1:
        small = image.resize((max(int(image.width // ratio), 1), max(int(image.height // ratio), 1)))
    gray = small.convert("L")
    edges = math.sqrt(ImageStat.Stat(gray.filter(ImageFilter.FIND_EDGES)).var[0])
    return [low, high, image.entropy(), edges, float(np.std(gray.histogram()))]


@settings(max_examples=60, deadline=None)
@given(
    npst.arrays(
        np.uint8,
        st.tuples(st.integers(1, 4), st.integers(1, 64), st.integers(1, 64)),
        elements=st.integers(0, 255),
    )
)
def test_grays_are_measured_as_cleanvision_does(stack: np.ndarray) -> None:
    wanted = [reference(Image.fromarray(picture)) for picture in stack]
    np.testing.assert_allclose(measure_grays(stack), wanted, atol=1e-6)
    np.testing.assert_allclose([measure_one(picture) for picture in stack], wanted, atol=1e-6)


@pytest.mark.parametrize("shape", [(48, 48, 3), (200, 90), (90, 200, 3), (350, 350), (1, 300, 3)])
def test_other_sizes_and_colour_too(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(4).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_allclose(measure_one(picture), reference(Image.fromarray(picture)), atol=1e-6)


def noise(seed: int, low: int = 0, high: int = 256, shape: tuple[int, ...] = (48, 48)) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, shape, dtype=np.uint8)


FAULTS = {
    "dark": noise(1, 0, 60),
    "light": noise(2, 250, 256),
    "low_information": np.full((48, 48), 120, np.uint8),
    "odd_aspect_ratio": noise(3, shape=(48, 300)),
    "odd_size": noise(4, shape=(600, 600)),
    "blurry": np.asarray(
        Image.fromarray(noise(5, 90, 160, (6, 6))).resize((48, 48), Image.Resampling.BICUBIC)
    ),
}


def add(root: Path, name: str, pixels: np.ndarray) -> None:
    root.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(root / f"{name}.png")


@pytest.fixture
def faces(tmp_path: Path) -> Dataset:
    for i in range(40):
        add(tmp_path / "s" / "happy", f"good{i}", noise(100 + i))
    for name, pixels in FAULTS.items():
        add(tmp_path / "s" / "happy", name, pixels)
    return import_dataset(Workspace(tmp_path / "home"), tmp_path / "s", "faces")


def flagged(dataset: Dataset, check: str) -> set[str]:
    table = checks.run_checks(dataset)
    paths = dataset.manifest().set_index("image_id")["path"]
    return {paths[i].split("/")[1].removesuffix(".png") for i in table.index[table[f"is_{check}_issue"]]}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_flagged(faces: Dataset, fault: str) -> None:
    found = flagged(faces, fault)
    assert fault in found
    assert not {name for name in found if name.startswith("good")}


def placeholders() -> dict[str, Image.Image]:
    """A warning sign, a card of text, a logo and a soft gradient, as sets scraped from the web have them."""
    sign, card, logo = (Image.new("L", (48, 48), ground) for ground in (0, 255, 235))
    pen = ImageDraw.Draw(sign)
    pen.polygon([(24, 8), (42, 40), (6, 40)], outline=230, width=2)
    pen.line([(24, 18), (24, 30)], fill=230, width=3)
    for line in range(5, 44, 12):
        ImageDraw.Draw(card).text((3, line), "image removed", fill=60, font_size=6)
    ImageDraw.Draw(logo).rounded_rectangle((6, 14, 42, 36), 5, fill=90)
    for x in (16, 24, 32):
        ImageDraw.Draw(logo).ellipse((x - 2, 23, x + 2, 27), fill=250)
    return {
        "sign": sign,
        "card": card,
        "logo": logo,
        "gradient": Image.linear_gradient("L").resize((48, 48)).point(lambda v: 120 + v // 4),
    }


def test_pictures_without_a_face_are_told_from_faces(sample: Dataset, tmp_path: Path) -> None:
    rows = readable(sample.manifest())
    for row in rows.loc[rows["contrast"] >= BLANK_CONTRAST, "row"].drop_duplicates().head(300):
        add(tmp_path / "s" / "happy", f"face{row}", np.asarray(sample.pixels()[row]))
    for name, picture in placeholders().items():
        picture.save(tmp_path / "s" / "happy" / f"{name}.png")
        picture.save(tmp_path / "s" / "happy" / f"{name} again.jpg", quality=92)
    dataset = import_dataset(Workspace(tmp_path / "home"), tmp_path / "s", "faces")
    assert {name.partition(" ")[0] for name in flagged(dataset, "no_face")} == set(placeholders())
    assert len(flagged(dataset, "no_face")) == 2 * len(placeholders())


def test_gray_is_odd_only_among_colour(tmp_path: Path) -> None:
    for i in range(6):
        add(tmp_path / "s" / "happy", f"c{i}", noise(i, shape=(48, 48, 3)))
    add(tmp_path / "s" / "happy", "gray", np.repeat(noise(9)[:, :, None], 3, axis=2))
    dataset = import_dataset(Workspace(tmp_path / "home"), tmp_path / "s", "faces")
    assert flagged(dataset, "grayscale") == {"gray"}
    table = checks.run_checks(dataset)
    assert set(table.columns) == {f for c in checks.CHECKS for f in (f"{c.name}_score", f"is_{c.name}_issue")}


def test_what_is_measured_is_kept(faces: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    first = checks.run_checks(faces)
    assert checks.summary(first)["dark"] == {
        "flagged": 1, "threshold": 0.32, "mean_score": pytest.approx(first["dark_score"].mean()), "missing": 0,
    }  # fmt: skip
    monkeypatch.setattr("fer_core.checks.store._measure", lambda *args: pytest.fail("measured again"))
    pd.testing.assert_frame_equal(checks.run_checks(faces), first)


def test_files_that_are_gone_are_not_guessed(faces: Dataset, tmp_path: Path) -> None:
    (tmp_path / "s" / "happy" / "odd_size.png").unlink()
    store_path(faces).unlink(missing_ok=True)
    table = checks.run_checks(faces)
    assert {name: told["missing"] for name, told in checks.summary(table).items()} == {
        "dark": 1, "light": 1, "blurry": 1, "low_information": 1, "no_face": 1, "odd_size": 0, "odd_aspect_ratio": 0,
        "grayscale": 0,
    }  # fmt: skip
    assert "odd_size" in flagged(faces, "odd_size")  # its size is in the manifest


def test_a_damaged_store_is_measured_again(faces: Dataset) -> None:
    first = checks.run_checks(faces)
    store_path(faces).write_bytes(b"PAR1")
    pd.testing.assert_frame_equal(checks.run_checks(faces), first)
    buffer = io.BytesIO(store_path(faces).read_bytes())
    assert len(pd.read_parquet(buffer)) == len(first)


def size_scores(sides: list[int]) -> np.ndarray:
    """cleanvision's odd_size, written down again."""
    size = np.sqrt(sides) * np.sqrt(sides)
    q1, q3 = np.percentile(size, [25, 75])
    low, high = q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)
    middle, gap = (low + high) / 2, high - low
    return 1 - np.clip(np.abs(size - middle) / (gap or middle), 0, 1) < (0.5 if gap else 1.0)


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_odd_sizes_are_those_of_cleanvision(sides: list[int]) -> None:
    rows = pd.DataFrame(
        {
            "image_id": [str(i) for i in range(len(sides))],
            "width": sides,
            "height": sides,
            "mode": "gray",
            "source": "main",
        }
    )
    raw = pd.DataFrame(
        0.5,
        index=rows.index,
        columns=list(COLUMNS),
    )
    table = checks.score_checks(rows, raw)
    np.testing.assert_array_equal(table["is_odd_size_issue"], size_scores(sides))
    assert table.filter(like="score").to_numpy().min() >= 0
    assert table.filter(like="score").to_numpy().max() <= 1


def test_sizes_are_judged_within_their_source() -> None:
    """A merged set of another size is not odd as a whole; one odd picture of it is."""
    sides, source = [48] * 30 + [350] * 9 + [20], ["main"] * 30 + ["web"] * 10
    rows = pd.DataFrame(
        {
            "image_id": [str(i) for i in range(40)],
            "width": sides,
            "height": sides,
            "mode": "gray",
            "source": source,
        }
    )
    columns = list(COLUMNS)
    table = checks.score_checks(rows, pd.DataFrame(0.5, index=rows.index, columns=columns))
    assert table.index[table["is_odd_size_issue"]].tolist() == ["39"]
    together = checks.score_checks(
        rows.assign(source="main"), pd.DataFrame(0.5, index=rows.index, columns=columns)
    )
    assert int(together["is_odd_size_issue"].sum()) == 10


def test_blank_is_known_from_the_import_alone() -> None:
    table = pd.DataFrame({"error": ["", "", "", "broken"], "contrast": [0.0, 0.0199, 0.02, 0.0]})
    assert is_blank(table).tolist() == [True, True, False, False]


def test_few_flagged_pictures_are_no_fault_of_a_set() -> None:
    assert [severity(found, 1000) for found in (0, 1, 9, 10, 1000)] == ["good", "warn", "warn", "bad", "bad"]
    assert severity(0, 0) == "good"
