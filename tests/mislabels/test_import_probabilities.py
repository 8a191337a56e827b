"""Imported probabilities: two ways to name images, three to name classes, and every fault in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from face_tables import faces, manifest_of

from fer_core.base.errors import ProbabilityError
from fer_core.mislabels.import_probabilities import read_probabilities

NAMES = ["happy", "surprise", "neutral", "sad"]


@pytest.fixture(scope="module")
def manifest() -> pd.DataFrame:
    labels = ["happy", "neutral", "sad", "surprise"] * 5
    return manifest_of(faces(20), labels=labels, paths=[f"train/{i:03d}.png" for i in range(20)])


@pytest.fixture
def good(manifest: pd.DataFrame) -> pd.DataFrame:
    chances = np.random.default_rng(0).dirichlet(np.ones(4), 20)
    return pd.DataFrame(chances, columns=NAMES).assign(image_id=manifest["image_id"].to_numpy())


def written(table: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.csv.gz"])
def test_what_was_written_is_read(
    name: str, good: pd.DataFrame, manifest: pd.DataFrame, tmp_path: Path
) -> None:
    found = read_probabilities(written(good, tmp_path / name), manifest)
    assert list(found.columns) == NAMES
    assert found.to_numpy() == pytest.approx(good[NAMES].to_numpy(), abs=1e-9)
    assert list(found.index) == list(good["image_id"])


def test_paths_prefixes_spellings_and_a_part_of_the_images(
    good: pd.DataFrame, manifest: pd.DataFrame, tmp_path: Path
) -> None:
    by_path = good.drop(columns="image_id").assign(path=manifest["path"], note="mine")[::-1].head(7)
    by_path = by_path.rename(
        columns=dict(zip(NAMES, ["p_joy", "p_Surprised", "p_neutral", "p_sadness"], strict=True))
    )
    found = read_probabilities(written(by_path, tmp_path / "p.csv"), manifest)
    expected = good.set_index("image_id")[NAMES].iloc[::-1].head(7)
    pd.testing.assert_frame_equal(found, expected, check_index_type=False, check_column_type=False)


def test_rounded_rows_are_made_to_sum_to_one(
    good: pd.DataFrame, manifest: pd.DataFrame, tmp_path: Path
) -> None:
    found = read_probabilities(written(good.round(2), tmp_path / "p.csv"), manifest)
    assert found.sum(axis=1).to_numpy() == pytest.approx(1)


def test_ids_of_digits_stay_text(good: pd.DataFrame, manifest: pd.DataFrame, tmp_path: Path) -> None:
    digits = [f"{i:016d}" for i in range(20)]
    digits[3] = "12e4567890123456"
    table = manifest.assign(image_id=digits)
    found = read_probabilities(written(good.assign(image_id=digits), tmp_path / "p.csv"), table)
    assert list(found.index) == digits


def changed(column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table = table.astype({column: "object"})
        table.loc[2, column] = value
        return table

    return change


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (changed("happy", 0.999), r"do not sum to 1 in 1 of 20 rows.*row 3: happy 0\.999"),
        (lambda t: t.assign(**{n: t[n] * 2 for n in NAMES}), r"(outside 0 to 1|do not sum to 1)"),
        (lambda t: t.assign(**{n: np.log(t[n]) for n in NAMES}), "outside 0 to 1.*20 rows.*softmax"),
        (changed("sad", np.nan), "not numbers in 1 of 20 rows.*row 3"),
        (changed("sad", "much"), "not numbers in 1 of 20 rows.*sad much"),
        (changed("sad", np.inf), "not numbers"),
        (changed("image_id", "ffffffffffffffff"), r"1 of 20 rows are about no image.*ffffffffffffffff"),
        (lambda t: pd.concat([t, t.tail(1)]), "occurs more than once"),
        (lambda t: t.drop(columns="sad"), "one column for each of the 4 classes.*lacking: sad"),
        (lambda t: t.assign(fear=0.0), "not a class: fear"),
        (lambda t: t.assign(joy=0.0), "Two columns are about the same class.*happy, joy"),
        (lambda t: t.drop(columns="image_id"), "does not say which image"),
        (lambda t: t.head(0), "no rows"),
    ],
)
def test_every_fault_is_told(
    fault: Callable[[pd.DataFrame], pd.DataFrame],
    words: str,
    good: pd.DataFrame,
    manifest: pd.DataFrame,
    tmp_path: Path,
) -> None:
    with pytest.raises(ProbabilityError) as told:
        read_probabilities(written(fault(good), tmp_path / "p.csv"), manifest)
    assert re.search(words, str(told.value))
    assert "\n" not in str(told.value)


def test_files_that_are_none(manifest: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"no table")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00" * 40)
    for name in ("a.parquet", "b.csv", "missing.csv"):
        with pytest.raises(ProbabilityError, match="cannot be read"):
            read_probabilities(tmp_path / name, manifest)
    (tmp_path / "shadow").write_text("root:secret,1\n")
    for name in (".", "shadow"):
        with pytest.raises(ProbabilityError, match="from CSV and Parquet") as told:
            read_probabilities(tmp_path / name, manifest)
        assert "secret" not in str(told.value)
