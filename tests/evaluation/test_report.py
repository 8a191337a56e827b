"""Evaluation files and the leaderboard: right where the files are whole, silent where they are not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from made_runs import NAMES, bare, tell_epochs

from fer_core.base.errors import NotFound, RunError
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.evaluation.advice import advice_for
from fer_core.evaluation.chance import chance_level, chance_of
from fer_core.evaluation.report import (
    CHANCE,
    COLUMNS,
    evaluate_run,
    gap_level,
    gap_verdict,
    leaderboard,
)
from fer_core.recipes.recipe import load
from fer_core.runs import predictions
from fer_core.runs.records import Epoch, Evaluation, RunSummary
from fer_core.runs.run import STOPPED_AT_ONCE, Run
from fer_core.runs.store import create_run


def make_run(
    root: Path, name: str = "0001-compact", val: list[float] | None = None, train: float = 0.9, **info: Any
) -> Run:
    """A run with one metrics line per accuracy, and predictions that are right in the best share."""
    curve = [0.6, 0.8, 0.7] if val is None else val
    run = bare(root, name, **{"recipe": "compact", "parameters": 500_000, "seconds": 12.5, **info})
    tell_epochs(run, curve, accuracy=train)
    if curve:
        predictions.write(run.folder, "val", answers(round(max(curve) * 200)))
    return run


def answers(right: int, n: int = 200) -> pd.DataFrame:
    truth = np.arange(n) % 2
    chosen = np.where(np.arange(n) < right, truth, 1 - truth)
    return pd.DataFrame(
        {
            "image_id": [f"i{i}" for i in range(n)],
            "label": np.array(["happy", "sad"])[truth],
            "p_happy": np.where(chosen == 0, 0.9, 0.2).astype(np.float32),
            "p_sad": np.where(chosen == 1, 0.8, 0.1).astype(np.float32),
        }
    )


def test_an_evaluation_is_written_for_every_split_with_predictions(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    predictions.write(run.folder, "train", answers(150))
    predictions.write(run.folder, "test", answers(10))
    result = evaluate_run(run)
    assert list(result["splits"]) == ["train", "val"]  # test waits until somebody asks
    assert result["splits"]["val"]["accuracy"] == 0.8
    assert result["splits"]["train"]["accuracy"] == 0.75
    assert "0.05" not in (run.folder / "evaluation.json").read_text()
    with pytest.raises(RunError, match="look is recorded"):
        evaluate_run(run, ["test"])
    assert (result["run"], result["dataset"], result["version"]) == (run.id, "faces", "v1")
    assert run.evaluation() == result


def test_the_leaderboard_shows_the_best_epoch_with_gap_and_interval(tmp_path: Path) -> None:
    better = make_run(tmp_path, "0001-compact", [0.6, 0.8, 0.7], train=0.93)
    worse = make_run(tmp_path, "0002-model_0", [0.7, 0.6], train=0.71)
    for run in (better, worse):
        evaluate_run(run)
    first, second = leaderboard([worse, better])
    assert (first["run"], first["best_epoch"], first["val_accuracy"]) == ("0001-compact", 2, 0.8)
    assert first["gap"] == pytest.approx(13)
    assert first["verdict"] == "high"
    assert first["macro_f1"] == pytest.approx(0.8)
    assert first["val_low"] < 0.8 < first["val_high"]
    assert first["problem"] == ""
    assert (second["val_accuracy"], second["verdict"]) == (0.7, "healthy")
    assert first["parameters"] == second["parameters"] == 500_000


@pytest.mark.parametrize(
    ("val", "word"),
    [
        (1.0, "do not trust: leaks or hard augmentation"),
        (0.999, "check for leaks or hard augmentation"),
        (0.96, "check for leaks or hard augmentation"),
        (0.95, "validation ahead"),
        (0.9, "healthy"),
        (0.85, "moderate"),
        (0.8, "high"),
        (0.75, "severe overfitting"),
    ],
)
def test_gap_verdicts_at_their_limits(val: float, word: str) -> None:
    assert gap_verdict(0.9, val) == word


@pytest.mark.parametrize(
    ("train", "word"),
    [(0.8998, "healthy"), (0.8994, "validation ahead"), (0.9496, "moderate"), (0.9494, "healthy")],
)
def test_the_word_goes_by_the_gap_as_it_is_shown(train: float, word: str) -> None:
    row = {"accuracy": train, "val_accuracy": 0.9}
    (told, *_) = advice_for([cast(Epoch, row)] * 5, load("compact"))
    shown = f"{100 * (train - 0.9):.1f}"
    assert (gap_verdict(train, 0.9), told.word) == (word, word), shown


def test_runs_that_are_not_whole_are_shown_as_what_they_are(tmp_path: Path) -> None:
    bare = make_run(tmp_path, "0001-queued", [], state="queued")
    unfinished = make_run(tmp_path, "0002-running", [0.5], state="running")
    failed = make_run(tmp_path, "0003-failed", [0.5], state="failed", reason="Out of memory")
    no_evaluation = make_run(tmp_path, "0004-noeval", [0.5])
    cut = make_run(tmp_path, "0005-cut", [0.5])
    (cut.folder / "evaluation.json").write_text('{"schema": 1, "spl')
    cut_metrics = make_run(tmp_path, "0006-cutmetrics", [0.5])
    with open(cut_metrics.folder / "metrics.jsonl", "a") as file:
        file.write('{"epoch": 2, "val_accuracy": 0.9')
    empty = make_run(tmp_path, "0007-empty", [])
    (empty.folder / "run.json").write_text("")
    rows = {
        row["run"]: row
        for row in leaderboard([bare, unfinished, failed, no_evaluation, cut, cut_metrics, empty])
    }
    assert len(rows) == 7
    assert all(set(COLUMNS) <= set(row) for row in rows.values())
    assert all(row["macro_f1"] is None for row in rows.values())
    assert rows["0001-queued"]["val_accuracy"] is None
    assert rows["0001-queued"]["verdict"] is None
    assert "Out of memory" in rows["0003-failed"]["problem"]
    assert rows["0004-noeval"]["problem"] == rows["0005-cut"]["problem"] == "The evaluation is missing"
    assert rows["0006-cutmetrics"]["val_accuracy"] == 0.5
    assert rows["0007-empty"]["state"] == "lost"


def test_an_evaluation_that_is_not_this_runs_is_not_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    good = evaluate_run(run)
    for change, words in (
        ({"run": "0009-other"}, "belongs to another run"),
        ({"version": "v2"}, "belongs to another run or version"),
        ({"schema": 2}, "another version of the app"),
        ({"splits": {}}, "no validation split"),
        ({"splits": {"val": {**good["splits"]["val"], "accuracy": 0.6}}}, "disagrees with the best epoch"),
    ):
        (run.folder / "evaluation.json").write_text(json.dumps({**good, **change}))
        (row,) = leaderboard([run])
        assert words in row["problem"]
        assert row["macro_f1"] is None


def test_numbers_that_cannot_be_are_not_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    line = {"epoch": 1, "val_accuracy": float("nan"), "accuracy": 87.0}
    (run.folder / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    (row,) = leaderboard([run])
    assert row["val_accuracy"] is None
    assert row["gap"] is None
    assert "not a share between 0 and 1" in row["problem"]


def test_summaries_do_as_well_as_runs() -> None:
    summary = {"run": "r", "state": "finished", "val_accuracy": 0.8, "train_accuracy": 0.82, "macro_f1": 0.7}
    (row,) = leaderboard([cast(RunSummary, summary)])
    assert (row["verdict"], row["macro_f1"], row["problem"]) == ("healthy", 0.7, "")


def test_nothing_is_written_when_predictions_are_missing_or_broken(tmp_path: Path) -> None:
    none = make_run(tmp_path, "0001-none", [])
    with pytest.raises(RunError, match="no predictions to evaluate"):
        evaluate_run(none)
    broken = make_run(tmp_path, "0002-broken")
    whole = predictions.predictions_path(broken.folder, "val").read_bytes()
    predictions.predictions_path(broken.folder, "train").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match="train predictions of run 0002-broken are not whole"):
        evaluate_run(broken)
    assert not (broken.folder / "evaluation.json").exists()
    with pytest.raises(NotFound):
        evaluate_run(broken, ["holiday"])


@pytest.mark.parametrize(
    ("points", "level"),
    [
        (-9.9, "warn"),
        (-6, "warn"),
        (-1, "warn"),
        (0, "good"),
        (4.9, "good"),
        (5, "warn"),
        (14.9, "warn"),
        (15, "bad"),
    ],
)
def test_how_grave_a_gap_is(points: float, level: str) -> None:
    assert gap_level(gap_verdict(0.8, 0.8 - points / 100)) == level
    assert gap_level(gap_verdict(0.8, 0.8 - points / 100, apart=True)) == level


def test_ten_points_ahead_are_not_trusted_unless_the_splits_are_known_to_be_apart() -> None:
    assert gap_level(gap_verdict(0.7, 0.8)) == "bad"
    assert gap_verdict(0.7, 0.8, apart=True) == gap_verdict(0.74, 0.8, apart=True) == "hard augmentation"


@pytest.mark.parametrize(
    ("val", "classes", "images", "guesses"),
    [
        (0.225, 4, 400, True),
        (0.25, 4, 0, True),
        (0.251, 4, 0, False),  # nobody knows how much is luck
        (0.28, 4, 400, True),  # by binomial tables: 114 of 400 or more is reached by guessing in 6 % of cases
        (0.29, 4, 400, False),  # and 116 or more in 4 %
        (0.3, 0, 400, False),  # classes not known: nothing is said
        (0.52, 2, 5000, False),
    ],
)
def test_a_model_that_guesses_is_not_called_healthy(
    val: float, classes: int, images: int, guesses: bool
) -> None:
    word = gap_verdict(val, val, chance=chance_level(classes, images))
    assert (word == CHANCE) == guesses
    assert gap_level(word) == ("bad" if guesses else "good")


def test_the_best_of_many_epochs_of_guessing_is_still_guessing() -> None:
    best = np.random.default_rng(5).binomial(400, 1 / 4, (2000, 30)).max(axis=1) / 400
    assert 0.9 < (best <= chance_level(4, 400, 30)).mean() < 0.99
    assert (
        best <= chance_level(4, 400)
    ).mean() < 0.5  # by a bound for one epoch most guesses look like skill


def test_always_naming_the_largest_class_is_chance(tmp_path: Path, sample: Dataset) -> None:
    assert gap_verdict(0.61, 0.61, chance=chance_level(4, 400, 1, 0.6)) == CHANCE
    assert gap_verdict(0.66, 0.66, chance=chance_level(4, 400, 1, 0.6)) == "healthy"
    val = readable(sample.manifest()).query("split == 'val'")
    share = val["label"].value_counts().max() / len(val)
    known = {"classes": list(NAMES), "images": {"val": len(val)}}
    run = bare(tmp_path, "0001-names", dataset=sample.name, version=sample.head, **known)
    assert chance_of(run) == chance_level(4, len(val))  # no such dataset here: one in four
    there = create_run(sample.workspace, sample.name, sample.head, load("compact"), **known)
    assert chance_of(there) == pytest.approx(chance_level(4, len(val), 1, share))
    told = {"splits": {"val": {"per_class": {"happy": {"support": 30}, "sad": {"support": 10}}}}}
    assert chance_of(there, cast(Evaluation, told)) == pytest.approx(chance_level(4, len(val), 1, 0.75))
    shutil.rmtree(there.folder)


def test_a_run_knows_its_own_chance_level_and_says_that_it_was_stopped_at_once(tmp_path: Path) -> None:
    four = ["happy", "sad", "fear", "anger"]
    guess = bare(tmp_path, "0001-guess", classes=four, images={"val": 400})
    tell_epochs(guess, [0.24], accuracy=0.25)
    cut = bare(tmp_path, "0002-cut", state="stopped", classes=four, images={"val": 400})
    tell_epochs(cut, [0.6], accuracy=0.6, partial=True)
    rows = {row["run"]: row for row in leaderboard([guess, cut])}
    assert rows["0001-guess"]["verdict"] == CHANCE
    assert rows["0002-cut"]["verdict"] == "healthy"
    assert STOPPED_AT_ONCE in rows["0002-cut"]["problem"]
    assert STOPPED_AT_ONCE not in rows["0001-guess"]["problem"]
