"""Ensembles: what independent errors gain, what copies of one run do not, and a saved one that answers alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import VERSION, made

from fer_core.base.errors import FerError, NotFound, RunError
from fer_core.evaluation import ensembles
from fer_core.evaluation.ensembles import RunStack
from fer_core.evaluation.metrics import log_loss
from fer_core.inference import ensemble
from fer_core.runs import predictions


def stack(count: int, n: int = 1500, seed: int = 0, skill: float = 1.0, shared: float = 0.0) -> RunStack:
    """Runs whose logits err independently, or in part together."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, n)
    noise = rng.normal(size=(count, n, 4)) * (1 - shared) + rng.normal(size=(n, 4)) * shared
    logits = 1.6 * (noise + skill * np.eye(4)[truth])
    p = np.exp(logits)
    p /= p.sum(axis=2, keepdims=True)
    names = tuple(f"{i:04d}-x" for i in range(count))
    return RunStack(names, pd.Series([f"i{i}" for i in range(n)]), ("a", "b", "c", "d"), truth, p)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(20, 200))
def test_the_greedy_choice_is_never_worse_than_the_best_run_on_what_it_chose_by(
    seed: int, count: int, n: int
) -> None:
    found = stack(count, n, seed)
    weights = ensembles.select_greedily(found)
    losses = [log_loss(found.truth, p) for p in found.p]
    assert log_loss(found.truth, found.mix(weights)) <= min(losses) + 1e-9
    assert set(weights) <= set(found.runs)
    assert sum(weights.values()) <= ensembles.ROUNDS
    assert found.mix(weights).sum(axis=1) == pytest.approx(1)


def test_independent_errors_gain_and_equal_runs_do_not() -> None:
    found = stack(5)
    outcome = ensembles.judge_greedy(found)
    assert outcome.gain["told_apart"]
    assert outcome.gain["interval"][0] > 0.02
    assert outcome.accuracy == pytest.approx(outcome.best_accuracy + outcome.gain["difference"])
    assert outcome.interval[0] < outcome.accuracy < outcome.interval[1]
    one = stack(1)
    twin = RunStack(("a", "b"), one.ids, one.classes, one.truth, np.repeat(one.p, 2, axis=0))
    same = ensembles.judge_ensemble(twin, {"a": 1, "b": 1})
    assert (same.gain["difference"], same.disagreement) == (0, 0)
    assert same.both_wrong == pytest.approx(1 - same.best_accuracy)


def test_the_gain_on_the_images_that_chose_does_not_flatter_itself() -> None:
    naive, honest = [], []
    for seed in range(40):
        both = stack(12, 2200, seed, shared=0.4)
        here, fresh = slice(0, 200), slice(200, None)
        few = RunStack(both.runs, both.ids[here], both.classes, both.truth[here], both.p[:, here])
        rest = RunStack(both.runs, both.ids[fresh], both.classes, both.truth[fresh], both.p[:, fresh])
        picked = max(few.runs, key=lambda run: float(few.right(run).mean()))
        naive.append(few.right(picked).mean() - rest.right(picked).mean())
        outcome = ensembles.judge_greedy(few)
        mixed = rest.mix(ensembles.select_greedily(few)).argmax(axis=1) == rest.truth
        honest.append((outcome.accuracy - mixed.mean(), outcome.best_accuracy - rest.right(picked).mean()))
    assert np.mean(naive) > 0.02  # the luckiest of twelve looks that much better than it is
    assert np.abs(np.mean(honest, axis=0)).max() < 0.012


def test_runs_are_gathered_by_image_and_class_whatever_their_order(tmp_path: Path) -> None:
    n = np.arange(60)
    first, second = made(tmp_path, n < 40), made(tmp_path, n >= 20)
    table = (
        predictions.read(second.folder, "val")[["image_id", "label", "p_sad", "p_happy"]].iloc[::-1].head(50)
    )
    predictions.write(second.folder, "val", table)
    found = ensembles.stack_predictions([first, second], "val", VERSION)
    assert found.classes == ("happy", "sad")
    assert list(found.ids) == [f"i{i}" for i in range(10, 60)]
    assert found.right(first.id).sum() == 30
    assert found.right(second.id).sum() == 40
    with pytest.raises(RunError, match="at least two"):
        ensembles.stack_predictions([first], "val", VERSION)
    with pytest.raises(RunError, match="Nobody has looked"):
        ensembles.stack_predictions([first, second], "test", VERSION)
    other = table.rename(columns={"p_sad": "p_fear"}).assign(label="happy")
    predictions.write(second.folder, "val", other)
    with pytest.raises(RunError, match="other classes"):
        ensembles.stack_predictions([first, second], "val", VERSION)


def test_names_are_checked_and_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    runs = [made(tmp_path, np.arange(40) < 30) for _ in range(2)]
    weights = {run.id: 1 for run in runs}
    home = runs[0].workspace
    with pytest.raises(FerError, match="letters"):
        ensembles.save(home, "../out", runs, weights, VERSION)
    with pytest.raises(NotFound, match="no exported model"):
        ensembles.save(home, "pair", runs, weights, VERSION)
    assert ensemble.saved_ensembles(home) == []
    folder = home.models / "ensembles" / "odd"
    folder.mkdir(parents=True)
    (folder / "ensemble.json").write_text(json.dumps([1]))
    assert ensemble.saved_ensembles(home) == []
