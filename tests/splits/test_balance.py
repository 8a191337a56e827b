"""Leaks, shares, class balance and drift, on tables small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from face_tables import faces, manifest_of
from scipy.stats import chi2_contingency

from fer_core.data import manifest
from fer_core.data.datasets import Dataset
from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.leakage import leak_table, leaked_share
from fer_core.splits.balance import (
    DRIFT_WORDS,
    callouts,
    class_balance,
    class_mix,
    drift,
    drift_level,
    share_verdict,
    split_shares,
)
from fer_core.splits.ratios import percent


def table_of(counts: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Counts of readable rows by (split, class)."""
    rows = [(split, label) for (split, label), n in counts.items() for _ in range(n)]
    return manifest.counts(pd.DataFrame(rows, columns=["split", "label"]).assign(error=""))


def test_a_leak_table_counts_groups_across_and_copies_within() -> None:
    pixels = faces(4)[[0, 0, 0, 1, 1, 2, 2, 3]]
    splits = ["train", "train", "val", "train", "test", "val", "val", "test"]
    table = manifest_of(pixels, splits=splits)
    found = leak_table(find_exact(table))
    assert found.to_dict() == {
        "train": {"train": 1, "val": 1, "test": 1},
        "val": {"train": 1, "val": 1, "test": 0},
        "test": {"train": 1, "val": 0, "test": 0},
    }
    assert leaked_share(table, find_exact(table)) == {"train": 1.0, "val": 1 / 3, "test": 0.5}


def test_no_copies_make_an_empty_leak_table() -> None:
    table = manifest_of(faces(3))
    assert leak_table(find_exact(table)).empty
    assert leaked_share(table, find_exact(table)) == {"train": 0.0}


def test_leaks_of_the_sample_agree_with_the_summary(sample: Dataset) -> None:
    groups = find_exact(sample.manifest())
    leaks, cross = leak_table(groups), groups.summary()["cross_split"]
    assert leaks.loc["train", "val"] == cross["train|val"] > 0
    assert leaks.loc["test", "train"] == cross["test|train"] > 0
    assert (leaks == leaks.T).all(axis=None)


@pytest.mark.parametrize(
    ("counts", "verdicts"),
    [
        ((8000, 1000, 1000), {"train": "good", "val": "good", "test": "good"}),
        ((800, 100, 100), {"train": "good", "val": "warn", "test": "warn"}),
        ((7500, 2400, 100), {"train": "warn", "val": "bad", "test": "bad"}),
    ],
)
def test_split_shares_are_judged(counts: tuple[int, int, int], verdicts: dict[str, str]) -> None:
    table = table_of({(s, "happy"): n for s, n in zip(("train", "val", "test"), counts, strict=True)})
    found = split_shares(table)
    assert found["verdict"].to_dict() == verdicts
    assert found["images"].tolist() == list(counts)
    assert found["share"].sum() == pytest.approx(1)
    assert found["words"].str.len().min() > 0


def test_a_split_without_a_target_is_looked_at() -> None:
    found = split_shares(table_of({("unassigned", "happy"): 10}))
    assert found.loc["unassigned", "verdict"] == "warn"
    assert np.isnan(found.loc["unassigned", "target"])


def test_class_weights_balance_the_classes() -> None:
    found = class_balance(table_of({("train", "happy"): 60, ("train", "sad"): 20, ("val", "sad"): 20}))
    assert found["images"].to_dict() == {"happy": 60, "sad": 40}
    assert (found["images"] * found["weight"]).tolist() == pytest.approx([50, 50])
    assert found["ideal"].tolist() == [0.5, 0.5]


def test_drift_is_the_chi_square_test_with_its_effect_size() -> None:
    counts = {("train", "happy"): 300, ("train", "sad"): 300, ("val", "happy"): 90, ("val", "sad"): 30}
    found = drift(table_of(counts))
    assert found is not None
    reference = chi2_contingency([[300, 300], [90, 30]], correction=False)
    assert found["chi2"] == pytest.approx(reference.statistic)
    assert (found["dof"], found["p"]) == (1, pytest.approx(reference.pvalue))
    assert found["cramers_v"] == pytest.approx(np.sqrt(reference.statistic / 720))
    assert found["p"] < 0.001


def test_equal_mixes_do_not_drift_and_one_class_cannot() -> None:
    even = drift(table_of({(s, c): 50 for s in ("train", "val") for c in ("happy", "sad")}))
    assert even is not None
    assert (even["chi2"], even["p"], even["cramers_v"]) == (0, 1, 0)
    assert drift(table_of({("train", "happy"): 5, ("val", "happy"): 5})) is None
    assert drift(table_of({("train", "happy"): 5, ("train", "sad"): 5})) is None
    assert drift(table_of({})) is None


def test_the_samples_splits_drift(sample: Dataset) -> None:
    found = drift(manifest.counts(sample.manifest()))
    assert found is not None
    assert found["p"] < 0.05
    assert found["cramers_v"] > 0.05


def mix(**splits: tuple[int, ...]) -> pd.DataFrame:
    """Counts per split of the classes happy, neutral and sad."""
    return pd.DataFrame.from_dict(splits, orient="index", columns=["happy", "neutral", "sad"])


def test_a_balanced_train_and_an_uneven_test_are_called_out() -> None:
    found = class_mix(mix(train=(1000, 1010, 990), val=(300, 100, 90), test=(9, 7, 8)))
    assert list(found["mix"]) == ["balanced", "uneven", "balanced"]
    assert found.loc["val", "ratio"] == 300 / 90
    few = mix(
        train=(330, 260, 180), val=(32, 26, 18), test=(32, 26, 18)
    )  # 1.8 to 1 is not even, of however few
    assert list(class_mix(few)["mix"]) == ["uneven", "unclear", "unclear"]
    assert callouts(few) == []
    assert found.loc["val", "largest"] == "happy"
    said = callouts(mix(train=(1000, 1010, 990), val=(300, 100, 90), test=(900, 150, 160)))
    assert [words.split(" (")[0] for words in said] == [
        "train is balanced, val is not",
        "train is balanced, test is not",
    ]
    back = callouts(mix(train=(900, 300, 250), test=(32, 32, 32)))
    assert back[0].startswith("test is balanced, train is not (happy 3.6 times sad)")


def test_like_splits_are_not_called_out() -> None:
    assert callouts(mix(train=(900, 300, 250), test=(90, 30, 25))) == []
    assert callouts(mix(train=(100, 100, 100), test=(10, 10, 10))) == []
    assert callouts(mix(train=(5, 0, 0))) == []
    missing = class_mix(mix(train=(50, 50, 0)))
    assert np.isinf(missing.loc["train", "ratio"])
    assert missing.loc["train", "mix"] == "uneven"


@pytest.mark.parametrize(
    ("cramers_v", "words"),
    [
        (0.0, "no drift"),
        (0.0499, "no drift"),
        (0.05, "drift"),
        (0.0999, "drift"),
        (0.1, "strong drift"),
        (1.0, "strong drift"),
    ],
)
def test_what_a_cramers_v_means(cramers_v: float, words: str) -> None:
    assert DRIFT_WORDS[drift_level(cramers_v)] == words


def test_ratios_are_percent_however_they_were_kept() -> None:
    assert percent([80, 10, 10]) == (80, 10, 10)
    assert percent([0.8, 0.1, 0.1]) == pytest.approx((80, 10, 10))
    assert percent([1 / 3] * 3) == pytest.approx([100 / 3] * 3)
    assert percent([]) == ()


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.25, "within 5 points"), (0.3, "within 5 points"), (0.2, "within 5 points"), (0.301, "high"), (0.199, "low")],
)  # fmt: skip
def test_a_class_share_is_judged_against_an_even_one(share: float, word: str) -> None:
    assert share_verdict(share, 0.25) == word
