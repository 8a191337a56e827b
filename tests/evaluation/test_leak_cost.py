"""Leak cost: the difference is that of two accuracies, and its interval covers it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_core.evaluation.leakage.leak_cost import leak_cost, leaked_images


def predictions(right: np.ndarray) -> pd.DataFrame:
    """Rows labelled happy, predicted right or wrong."""
    p = np.where(right, 0.9, 0.2)
    ids = [f"i{n}" for n in range(len(right))]
    return pd.DataFrame({"image_id": ids, "label": "happy", "p_happy": p, "p_sad": 1 - p})


def test_leaks_that_flatter() -> None:
    right = np.arange(1000) % 10 < 7  # 70 % on pictures it has not seen
    right[:200] = True  # and all of those it has
    cost = leak_cost(predictions(right), {f"i{n}" for n in range(200)})
    assert (cost["images"], cost["leaked"]) == (1000, 200)
    assert cost["accuracy"] == pytest.approx(0.76)
    assert cost["without"] == pytest.approx(0.70)
    assert cost["difference"] == pytest.approx(0.06)
    assert cost["interval"] is not None
    low, high = cost["interval"]
    assert 0.04 < low < 0.06 < high < 0.08
    # The same interval from drawing images one by one.
    seen = np.arange(1000) < 200
    random = np.random.default_rng(3)
    drawn = random.integers(0, 1000, (2000, 1000))
    differences = [right[d].mean() - right[d][~seen[d]].mean() for d in drawn]
    assert np.quantile(differences, [0.025, 0.975]) == pytest.approx([low, high], abs=0.003)


@pytest.mark.parametrize("leaked", [set(), {"i0", "i1", "elsewhere"}])
def test_none_or_all(leaked: set[str]) -> None:
    cost = leak_cost(predictions(np.array([True, False])), leaked)
    assert cost["accuracy"] == 0.5
    assert cost["without"] is cost["difference"] is cost["interval"] is None


def test_leaked_images_have_a_copy_in_train() -> None:
    table = pd.DataFrame(
        {"group": [0, 0, 1, 1, 2, 2], "image_id": list("abcdef"),
         "split": ["train", "test", "val", "test", "test", "test"]}
    )  # fmt: skip
    assert leaked_images(table, "test") == {"b"}
    assert leaked_images(table, "val") == set()
