"""Leak cost: the difference is that of two accuracies, and its interval covers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import trained

from fer_core.base.errors import RunError
from fer_core.base.workspace import Workspace
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation.leakage import run_leaks
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
    assert cost["memory"] == 1
    z, n, k = 1.959964, 800, 560  # Wilson's interval, written anew
    centre, half = (k + z * z / 2) / (n + z * z), z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    assert cost["without_interval"] == pytest.approx([centre - half, centre + half], abs=1e-6)
    assert cost["memory_interval"] == pytest.approx([200 / (200 + z * z), 1], abs=1e-6)
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
    assert cost["difference"] is cost["interval"] is None
    assert (cost["without"], cost["memory"]) == ((0.5, None) if not leaked else (None, 0.5))


def test_leaked_images_have_a_copy_in_train() -> None:
    table = pd.DataFrame(
        {"group": [0, 0, 1, 1, 2, 2], "image_id": list("abcdef"),
         "split": ["train", "test", "val", "test", "test", "test"]}
    )  # fmt: skip
    assert leaked_images(table, "test") == {"b"}
    assert leaked_images(table, "val") == set()


def test_what_of_a_run_s_own_figure_is_leakage(tmp_path: Path) -> None:
    dataset = make_sample(Workspace(tmp_path), count=300)  # with copies across splits planted
    run = trained(dataset, 0.5, ["val"])
    table = readable(dataset.manifest())
    learned = set(table.loc[table["split"] == "train", "pixel_hash"])
    val = table[table["split"] == "val"].reset_index(drop=True)
    copied = val["pixel_hash"].isin(learned)
    told = run_leaks.own_cost(run, "val")
    assert told is not None
    assert copied.any()
    assert told.cost["leaked"] == copied.sum()
    right = np.arange(len(val)) < round(0.5 * len(val))
    assert told.cost["memory"] == pytest.approx(right[copied].mean())
    assert told.cost["without"] == pytest.approx(right[~copied].mean())
    assert not told.compared
    assert "near copies were not compared" in told.words
    with pytest.raises(RunError, match="Nobody has looked"):
        run_leaks.own_cost(trained(dataset, 0.5, ["test"]), "test")
    run.update(version="f" * 16)
    assert run_leaks.own_cost(run, "val") is None
