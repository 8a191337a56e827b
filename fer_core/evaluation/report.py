"""From a run's files to its numbers: evaluation.json per run, and the leaderboard over runs.

A number that cannot be trusted is not shown: it is None, and `problem` says why.

    >>> gap_verdict(0.93, 0.85)
    'moderate'
    >>> gap_verdict(0.80, 0.86)
    'check for leaks or hard augmentation'
    >>> gap_verdict(0.24, 0.225, chance=0.29)
    'at chance level'
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

from fer_core import __version__
from fer_core.base.checksums import file_state, write_checked
from fer_core.base.emotions import ordered_splits
from fer_core.base.errors import FerError, RunError
from fer_core.base.workspace import now
from fer_core.evaluation import scores
from fer_core.evaluation.chance import chance_of
from fer_core.evaluation.ledger import HELD
from fer_core.runs.predictions import stored_splits
from fer_core.runs.records import Evaluation, RunState, RunSummary, Scores
from fer_core.runs.run import Run
from fer_core.splits import known_leaks

SCHEMA = 1
DISTRUST = "do not trust: leaks or hard augmentation"
"""From 10 points ahead on: such a lead is as a rule made by copies of validation images in training."""
_FAR = -10
VERDICTS: tuple[tuple[float, str], ...] = (
    (-5, "check for leaks or hard augmentation"),
    (0, "validation ahead"),
    (5, "healthy"),
    (10, "moderate"),
    (15, "high"),
    (math.inf, "severe overfitting"),
)
"""Upper end (exclusive, percentage points of train minus validation accuracy) and the word for it."""
HEALTHY = VERDICTS[2][1]
HARD = "hard augmentation"
"""What remains of the first verdict where the splits are known to have no copies in common."""
LEADS = (VERDICTS[0][1], DISTRUST, HARD)
"""On validation far ahead: which of them holds goes by what is known of copies across the splits."""
CHANCE = "at chance level"
COLUMNS: tuple[str, ...] = (
    "run", "state", "recipe", "dataset", "version", "val_accuracy", "val_low", "val_high", "train_accuracy",
    "gap", "verdict", "macro_f1", "parameters", "trainable_parameters", "epochs", "best_epoch", "seconds",
    "images_per_second", "problem",
)  # fmt: skip
"""What every row of the leaderboard has, whatever the run's files lack."""
_ACTIVE = ("queued", "starting", "running", "stopping", "pausing")
_ENDED = ("finished", "stopped")
_DISAGREE = 0.01  # the same weights measured twice differ by rounding in low precision, not by a point


class ScoredRun(RunSummary):
    """A run with its scores on validation.

    Attributes:
        val_accuracy, train_accuracy: at the best epoch, 0..1; `val_low` and `val_high` the 95 % interval of the first, which
            is of `val_images` images.
        gap: train minus validation accuracy, percentage points, and the `verdict` on it.
        problem: what is wrong with its files, a sentence or "".
    """

    val_low: float | None
    val_high: float | None
    val_images: int | None
    gap: float | None
    verdict: str | None
    macro_f1: float | None
    problem: str


def evaluate_run(run: Run, splits: Sequence[str] | None = None) -> Evaluation:
    """Compute all metrics from the predictions of each split and write `evaluation.json`.

    Args:
        run: the run whose predictions to read.
        splits: which; None for every split that has predictions but test, which waits until somebody asks
            (`scores.read_scores`).

    Returns:
        What was written.

    Raises:
        RunError: there are no predictions, a file is not whole, it holds no probabilities, or test is asked for.
            Nothing is written then.
        NotFound: the run has no predictions for a split in `splits`.
    """
    files = stored_splits(run.folder)
    names = splits or ordered_splits(name for name in files if name != HELD)
    if not names:
        hint = "They are written when training ends"
        raise RunError(f"Run {run.id} has no predictions to evaluate", received=run.folder, hint=hint)
    if HELD in names:
        raise RunError(
            "Test results are only computed when somebody looks, and the look is recorded", received=run.id
        )
    result: Evaluation = {
        "schema": SCHEMA,
        "run": run.id,
        "dataset": run.dataset,
        "version": run.version,
        "code": __version__,
        "time": now(),
        "splits": {name: scores.compute(run, name) for name in names},
    }
    write_checked(run.folder / "evaluation.json", result)
    for name in names:
        scores.correctness(run, name)
    return result


def leaderboard(runs: Iterable[Run | RunSummary]) -> list[ScoredRun]:
    """One row per run, the best validation accuracy first, runs without one last.

    Args:
        runs: runs, or summaries as `Run.summary` gives them.

    Returns:
        Rows with everything of the summary and all of `COLUMNS`. What is unknown is None.
    """
    rows = [_row(run) for run in runs]
    return sorted(rows, key=lambda row: (-_or(row["val_accuracy"]), -_or(row["macro_f1"]), str(row["run"])))


def gap_verdict(train: float, val: float, apart: bool = False, chance: float = 0.0) -> str:
    """The word for a gap between train and validation accuracy (each 0..1).

    Args:
        train, val: accuracies at the best epoch.
        apart: whether the splits are known to have no copies in common; nobody is sent to look for leaks then.
        chance: `chance.chance_level`; a model that is no better is not called healthy, whatever its gap.
    """
    if val <= chance:
        return CHANCE
    gap = shown_gap(train, val)
    word = next(word for end, word in VERDICTS if gap < end)
    if word != VERDICTS[0][1]:
        return word
    return HARD if apart else DISTRUST if gap <= _FAR else word


def verdict_of(run: Run, train: float, val: float, evaluation: Evaluation | None = None) -> str:
    """`gap_verdict` of accuracies of a run, by its chance level and by what is known of copies across its splits."""
    word = gap_verdict(train, val, chance=chance_of(run, evaluation))
    return gap_verdict(train, val, is_apart(run)) if word in LEADS else word


def is_apart(run: Run) -> bool:
    """Whether the version it learns from is known to have no copies across its splits."""
    found = known_leaks.find(run.workspace, run.dataset, run.version)
    return found is not None and found.verdict == "none"


def gap_level(word: str) -> Literal["good", "warn", "bad"]:
    """How grave a word of `VERDICTS` is."""
    return "good" if word == HEALTHY else "bad" if word in (VERDICTS[-1][1], DISTRUST, CHANCE) else "warn"


def shown_gap(train: float, val: float) -> float:
    """Train minus validation accuracy in points, to a tenth as it is shown: the word beside it goes by no more than that."""
    return round(_gap(train, val), 1) + 0.0  # no -0.0


def _gap(train: float, val: float) -> float:
    # Rounded, so that .90 - .85 is 5 points and not 5.000000000000004.
    return round((train - val) * 100, 6)


def _row(run: Run | RunSummary) -> ScoredRun:
    evaluation, unsound = Evaluation(), ""
    if isinstance(run, Run):
        try:
            summary, evaluation = run.summary(), run.evaluation()
            unsound = _unsound(run, summary["state"])
        except (FerError, OSError, ValueError, TypeError, KeyError) as error:
            told = {"run": run.id, "state": "unreadable", "problem": f"Unreadable: {error}"}
            return cast(ScoredRun, dict.fromkeys((*COLUMNS, "val_images")) | told)
    else:
        summary = run
    row = cast(ScoredRun, dict.fromkeys((*COLUMNS, "val_images")) | dict(summary))
    problems = [str(row["reason"])] if row.get("reason") else []
    row["val_accuracy"], row["train_accuracy"] = (
        _checked(row["val_accuracy"], "val_accuracy", problems),
        _checked(row["train_accuracy"], "train_accuracy", problems),
    )
    found, problem = _scores(row, evaluation)
    if unsound and not problem:
        found, problem = None, unsound
    if problem and isinstance(run, Run):
        problems.append(problem)
    if found and isinstance(run, Run) and run.info.get("judged"):  # no epoch told its accuracy
        row["val_accuracy"] = _share(found.get("accuracy"))
    if found:
        row["macro_f1"] = _share(found.get("macro_f1"))
        row["val_low"], row["val_high"] = found["accuracy_interval"]
        row["val_images"] = found.get("images")
    row["macro_f1"] = _share(row["macro_f1"])
    if row["train_accuracy"] is not None and row["val_accuracy"] is not None:
        row["gap"] = _gap(row["train_accuracy"], row["val_accuracy"])
        both = row["train_accuracy"], row["val_accuracy"]
        row["verdict"] = verdict_of(run, *both, evaluation) if isinstance(run, Run) else gap_verdict(*both)
    row["problem"] = ". ".join(problems)
    return row


def _unsound(run: Run, its_state: RunState) -> str:
    """Which of the files that the board's figures stand in does not hold what was written."""
    if its_state not in _ENDED:
        return ""
    names = [
        name for name in ("evaluation.json", "metrics.jsonl") if file_state(run.folder / name) == "damaged"
    ]
    return (
        f"{' and '.join(names)} changed since they were written: `fer doctor` says what to do"
        if names
        else ""
    )


def _checked(value: object, name: str, problems: list[str]) -> float | None:
    """An accuracy, or None where it is none: `problems` are told so."""
    share = _share(value)
    if share is None and value is not None:
        problems.append(f"{name} is not a share between 0 and 1 ({value})")
    return share


def _scores(row: ScoredRun, evaluation: Evaluation) -> tuple[Scores | None, str]:
    """The validation scores of an evaluation, if it is whole and belongs to this run; else why not."""
    if row["state"] in _ACTIVE:
        return None, ""  # an earlier part of a resumed run may have left one
    if not evaluation:
        return None, "The evaluation is missing" if row["state"] in _ENDED else ""
    if evaluation.get("schema") != SCHEMA:
        return None, "The evaluation was written by another version of the app"
    if (evaluation.get("run"), evaluation.get("version")) != (row["run"], row["version"]):
        return None, "The evaluation belongs to another run or version"
    found = (evaluation.get("splits") or {}).get("val")
    if not isinstance(found, dict) or len(found.get("accuracy_interval") or ()) != 2:
        return None, "The evaluation has no validation split"
    accuracy, curve = _share(found.get("accuracy")), row["val_accuracy"]
    if accuracy is None or (curve is not None and abs(accuracy - curve) > _DISAGREE):
        return None, f"The evaluation ({accuracy}) disagrees with the best epoch ({curve})"
    return found, ""


def _share(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if good else None


def _or(value: float | None) -> float:
    return -1.0 if value is None else value
