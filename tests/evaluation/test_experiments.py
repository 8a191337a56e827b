"""What settings do: pairs that differ in one thing, the gain attributed to single changes, the journey."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from made_runs import VERSION, bare, made

from fer_core.base.errors import RunError
from fer_core.base.workspace import Workspace
from fer_core.evaluation import (
    ablation,
    controlled_pairs,
    hyperparameters,
    leaderboard,
    progress,
    ranking,
    significance,
)
from fer_core.recipes.recipe import load, to_toml
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.scheduling import queue

N = np.arange(400)


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "launch", lambda run: None)


def test_pairs_are_found_along_their_axis_and_judged(tmp_path: Path) -> None:
    base = made(tmp_path, N < 300)
    again = made(tmp_path, N < 310, training__seed=7)
    colour = made(tmp_path, N < 360, model__color="rgb")
    loss = made(tmp_path, N < 302, loss__name="categorical_focal_crossentropy")
    rate = made(tmp_path, N < 200, optimizer__learning_rate=0.1)
    two = made(tmp_path, N < 399, model__color="rgb", optimizer__learning_rate=0.1)
    other = made(tmp_path, N < 100, model__color="rgb", version="f" * 16)
    rows = leaderboard.group_seeds(leaderboard.rows(base.workspace))
    entries = [
        [Run(base.workspace.runs / r["run"]) for r in group] for group in rows if group[0]["run"] != other.id
    ]
    found = {
        row.second[0]: row
        for row in controlled_pairs.find_pairs(entries, "val", VERSION).pairs
        if base.id in row.first
    }
    assert set(found) == {colour.id, loss.id, rate.id}
    assert {row.axis for row in found.values()} == {"colour", "loss", "optimizer"}
    assert (found[colour.id].before, found[colour.id].after) == ("gray", "rgb")
    assert found[loss.id].after == "categorical_focal_crossentropy"
    assert set(found[colour.id].first) == {base.id, again.id}  # seeds are one
    assert found[colour.id].gain["difference"] == pytest.approx((360 - 305) / 400)
    assert found[colour.id].gain["told_apart"]
    assert not found[loss.id].gain["told_apart"]
    assert found[rate.id].gain["interval"][1] < -0.15
    both = {
        (r.axis, r.first[0])
        for r in controlled_pairs.find_pairs(entries, "val", VERSION).pairs
        if r.second == (two.id,)
    }
    assert both == {("colour", rate.id), ("optimizer", colour.id)}
    for run in (base, again):  # what was stopped is no experiment, and it is said that it was one
        run.update(state="stopped")
    told = controlled_pairs.find_pairs([[colour], [base]], "val", VERSION)
    assert told.pairs == []
    assert "stopped before its end" in controlled_pairs.why_unjudged(told.unjudged)


def test_the_gain_of_means_agrees_with_the_test_of_pairs() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 900)) < np.array([[0.7], [0.74]])
    groups = rng.integers(0, 400, 900)
    found = significance.gain(a, b, groups)
    assert found["p"] == pytest.approx(
        significance.pairwise_p_values(np.stack([a, b]), groups)[0, 1], abs=1e-6
    )
    low, high = significance.compare(a, b, groups, draws=4000)["interval"]
    assert found["interval"] == pytest.approx([low, high], abs=0.006)
    assert significance.gain(a, a)["p"] == 1


def test_every_single_change_is_tried_once_and_its_gain_told(tmp_path: Path) -> None:
    first = made(tmp_path, N < 200)
    second = made(tmp_path, N < 320, loss__label_smoothing=0.0, optimizer__name="sgd", optimizer__learning_rate=0.05,
                  training__batch_size=32, training__seed=9)  # fmt: skip
    names = [change.name for change in ablation.plan(first, second)]
    assert names == ["loss.label_smoothing", "optimizer", "training.batch_size"]
    there = made(tmp_path, N < 260, loss__label_smoothing=0.0)
    made_now = ablation.start(first, second)
    assert len(made_now) == 2
    sgd, batch = made_now
    assert sgd.recipe.optimizer == second.recipe.optimizer
    assert sgd.recipe.loss == first.recipe.loss
    assert (batch.recipe.training.batch_size, batch.recipe.training.seed) == (32, first.recipe.training.seed)
    assert sgd.info["ablation"]["change"] == "optimizer"
    assert ablation.start(first, second) == []  # nothing is queued twice
    found = ablation.attribute(first, second, "val", VERSION)
    told = {step.change.name: step.verdict for step in found.steps}
    assert told["loss.label_smoothing"]["difference"] == pytest.approx(0.15)
    assert told["optimizer"] is None
    assert found.together is None
    assert found.steps[0].run == there
    answers = predictions.read(made(tmp_path, N < 240).folder, "val")
    for run in (sgd, batch):
        predictions.write(run.folder, "val", answers)
        run.update(state="finished")
    found = ablation.attribute(first, second, "val", VERSION)
    assert found.together == pytest.approx(0.3 - (0.15 + 0.1 + 0.1))


def test_what_cannot_be_attributed_says_why(tmp_path: Path) -> None:
    first = made(tmp_path, N < 200)
    other = made(tmp_path, N < 300, version="f" * 16, training__batch_size=32)
    data, batch = ablation.plan(first, other)
    assert (data.name, data.problem != "", batch.problem) == (
        "training data",
        True,
        "",
    )  # the version is gone
    other.update(dataset="more")
    with pytest.raises(RunError, match="different datasets"):
        ablation.plan(first, other)
    near = made(tmp_path, N < 300, training__batch_size=32)
    with pytest.raises(RunError, match="fewer than two"):
        ablation.start(first, near)
    (near.folder / "recipe.toml").write_text("[model]\nunknown = 1\n")
    with pytest.raises(RunError, match="cannot be read"):
        ablation.plan(first, near)
    net = made(tmp_path, N < 300, recipe="mobilenetv2_frozen")
    names = [change.name for change in ablation.plan(first, net)]
    assert "model" in names
    assert not any(name.startswith("model.") for name in names)


def test_the_journey_tells_each_new_best_from_the_baseline_on(tmp_path: Path) -> None:
    shares = (200, 190, 260, 250, 262)
    runs = [made(tmp_path, s > N, training__epochs=i + 1) for i, s in enumerate(shares)]
    found = progress.journey([[run] for run in reversed(runs)], "val", VERSION).steps
    assert [stage.runs[0] for stage in found] == [run.id for run in runs]
    assert [stage.record for stage in found] == [True, False, True, False, True]
    assert found[2].gain["difference"] == pytest.approx(0.15)
    assert found[2].gain["told_apart"]
    change = (shares[2] > N).astype(float) - (shares[0] > N)
    alone = math.erfc(abs(change.sum()) / math.sqrt((change**2).sum()) / math.sqrt(2))
    assert found[2].gain["p"] == pytest.approx(4 * alone)  # any of four could have been it
    assert found[4].gain["difference"] == pytest.approx(0.155)
    assert found[4].step["difference"] == pytest.approx(0.005)
    assert not found[4].step["told_apart"]
    assert found[2].changed == ("epochs 3",)
    assert progress.journey([], "val", VERSION).steps == []


def test_the_best_of_many_equal_runs_is_not_called_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 equally good runs of two versions: in 6 % of journeys at most is any gain significant, of each kind."""
    runs = [bare(tmp_path, f"{i:04d}", version="v1" if i < 15 else "v2") for i in range(30)]
    rng, told = np.random.default_rng(0), dict.fromkeys(("step", "gain", "phase", "total"), 0)
    for _ in range(200):
        correct = rng.normal(size=(30, 600)) + rng.normal(size=600) > -0.75
        answers = ranking.SplitAnswers(
            tuple((run.id,) for run in runs), correct.astype(np.float32), np.zeros(correct.shape, np.bool_)
        )
        monkeypatch.setattr(ranking, "split_answers", lambda *_, known=answers: known)
        found = progress.journey([[run] for run in runs], "val", "v2")
        gains = {
            "step": [stage.step for stage in found.steps],
            "gain": [stage.gain for stage in found.steps],
            "phase": [phase.gain for phase in found.phases],
            "total": [phase.total for phase in found.phases],
        }
        for kind, each in gains.items():
            told[kind] += any(gain["told_apart"] for gain in each if gain)
    assert max(told.values()) <= 0.06 * 200, told


def test_settings_that_vary_and_how_much_they_go_with_accuracy(tmp_path: Path) -> None:
    runs = [made(tmp_path, 100 * (1 + k // 2) > N, training__batch_size=16 * (1 + k // 2),
                 loss__label_smoothing=0.1 * (k % 2)) for k in range(6)]  # fmt: skip
    (runs[5].folder / "recipe.toml").write_text("cut off")
    table = hyperparameters.varying(runs)
    assert list(table.index) == [run.id for run in runs[:5]]
    assert set(table) == {"training.batch_size", "loss.label_smoothing"}
    import pandas as pd

    accuracy = pd.Series([run.summary()["val_accuracy"] or 0.0 for run in runs[:5]], index=table.index)
    assert hyperparameters.explained_share(table["training.batch_size"], accuracy) == pytest.approx(1)
    assert hyperparameters.explained_share(table["loss.label_smoothing"], accuracy) < 0.3


def test_a_network_is_told_in_few_words() -> None:
    blocks = [{"kind": "conv", "filters": 28}, {"kind": "residual", "filters": 28}, {"kind": "residual", "filters": 60},
              {"kind": "global_average"}, {"kind": "dense", "units": 9}]  # fmt: skip
    assert hyperparameters.value_text(blocks) == "conv 28, residual 28 60, global average, dense 9"
    assert (
        hyperparameters.value_text([]),
        hyperparameters.value_text(None),
        hyperparameters.value_text(True),
    ) == (
        "none",
        "–",
        "yes",
    )


def test_a_recipe_is_told_from_others_by_its_lines_alone(tmp_path: Path) -> None:
    workspace, recipe = Workspace(tmp_path), load("compact")
    lines = hyperparameters.plain_lines(to_toml(recipe))
    same, other = (create_run(workspace, "faces", VERSION, r) for r in (recipe, load("model_b")))
    assert hyperparameters.may_match(same, lines)
    assert not hyperparameters.may_match(other, lines)
    text = (same.folder / "recipe.toml").read_text()
    (same.folder / "recipe.toml").write_text(
        text.replace("clipnorm = 0.0\n", "").replace("compact", "mine", 1)
    )
    assert hyperparameters.may_match(same, lines)  # an older app wrote fewer lines; a name says nothing
    (same.folder / "recipe.toml").write_text(text.replace("seed = 42", "seed = 43"))
    assert not hyperparameters.may_match(same, lines)
    (same.folder / "recipe.toml").unlink()
    assert not hyperparameters.may_match(same, lines)


def test_trials_of_two_searches_are_no_seeds_of_each_other(tmp_path: Path) -> None:
    """The first trial of each search of a recipe is the same recipe but for its seed; each was picked for its own score."""
    runs = [made(tmp_path, N < 300, training__seed=seed) for seed in (1, 2, 3, 4)]
    for run, search in zip(runs, ("one", "two", "", ""), strict=True):
        if search:
            run.update(search=search, trial=0)
    groups = leaderboard.group_seeds(leaderboard.rows(runs[0].workspace))
    assert sorted(len(group) for group in groups) == [1, 1, 2]
