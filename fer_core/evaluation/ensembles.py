"""Ensembles from stored probabilities: pick runs, or let validation pick them; what they gain; save one.

stack = stack_predictions(runs, "val", version)
weights, outcome = worth(stack, "val", stack)   # {"0003-compact": 2, "0007-model_b": 1}, gain over the best member
save(workspace, "three", runs, weights, version)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from fer_core.base.arrays import Floats, Ints
from fer_core.base.atomic import new_folder
from fer_core.base.checksums import record_checksum, write_checked
from fer_core.base.errors import FerError, NotFound, RunError
from fer_core.base.workspace import Workspace, now
from fer_core.evaluation import scores
from fer_core.evaluation.calibration import fit_temperature
from fer_core.evaluation.intervals import intervals
from fer_core.evaluation.metrics import log_loss, read
from fer_core.evaluation.significance import PairedGain, compare
from fer_core.inference import recalibrate
from fer_core.inference.ensemble import FILE
from fer_core.inference.metadata import ModelMetadata
from fer_core.inference.predictor import RUN_MODEL, Predictor
from fer_core.runs.run import Run

MOST = 20
"""Runs that are offered to the greedy choice."""
ROUNDS = 12
"""Additions of the greedy choice, at most."""
_FOLDS = 5
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class RunStack:
    """What several runs say of the same images.

    Attributes:
        runs: their ids.
        ids: the images, without any that one of the runs has learned from.
        classes: names.
        truth: labels, int64 (n,).
        p: probabilities, float64 (runs, n, classes).
    """

    runs: tuple[str, ...]
    ids: pd.Series
    classes: tuple[str, ...]
    truth: Ints
    p: NDArray[np.float64]

    def mix(self, weights: Mapping[str, int]) -> Floats:
        """The weighted mean of probabilities, (n, classes)."""
        shares = np.array([weights.get(run, 0) for run in self.runs], dtype=np.float64)
        return np.asarray(np.tensordot(shares / shares.sum(), self.p, axes=1))

    def right(self, run: str) -> NDArray[np.bool_]:
        """Which images one run answers rightly."""
        return np.asarray(self.p[self.runs.index(run)].argmax(axis=1) == self.truth)


@dataclass(frozen=True)
class EnsembleResult:
    """What an ensemble is worth on a split.

    Attributes:
        accuracy, interval: of the ensemble, 95 %.
        best, best_accuracy: the best of its members on these images.
        gain: `significance.compare` of the ensemble against that member.
        disagreement: mean share of images two members answer differently.
        both_wrong: mean share that two members get wrong together.
    """

    accuracy: float
    interval: tuple[float, float]
    best: str
    best_accuracy: float
    gain: PairedGain
    disagreement: float
    both_wrong: float


def stack_predictions(runs: Sequence[Run], split: str, version: str) -> RunStack:
    """The probabilities of runs on the images all of them have predictions for.

    Raises:
        RunError: fewer than two runs, other classes, other labels, or no image in common; or a test split that nobody
            has looked at.
        NotFound: a run has no predictions there.
    """
    if len(runs) < 2:
        raise RunError("An ensemble has at least two members", received=", ".join(run.id for run in runs))
    tables: list[tuple[pd.Index, NDArray[np.object_], Floats]] = []
    names: tuple[str, ...] = ()
    orders = set()
    for run in runs:
        found = scores.correctness(run, split, version)  # refuses a test split nobody has looked at
        orders.add((found.order, found.seen.tobytes()))
        table = scores.predictions(run, split, version)
        if "seen" in table:
            table = table[~table["seen"]].reset_index(drop=True)
        own, _, p = read(table)
        names = names or own
        if set(own) != set(names):
            raise RunError(f"Run {run.id} answers with other classes", received=", ".join(own))
        tables.append(
            (pd.Index(table["image_id"]), table["label"].to_numpy(), p[:, [own.index(n) for n in names]])
        )
    common = tables[0][0]
    for ids, _, _ in tables[1:] if len(orders) > 1 else ():
        common = common[common.isin(ids)]
    if common.empty:
        raise RunError("These runs have no images in common", received=", ".join(run.id for run in runs))
    same = np.arange(len(common))
    places = [ids.get_indexer(common) if len(orders) > 1 else same for ids, _, _ in tables]
    labels = [label[place] for (_, label, _), place in zip(tables, places, strict=True)]
    if any((label != labels[0]).any() for label in labels[1:]):
        raise RunError(
            "These runs were scored against different labels", received=", ".join(r.id for r in runs)
        )
    truth = pd.Index(names).get_indexer(pd.Index(labels[0])).astype(np.int64)
    p = np.stack([table[place] for (_, _, table), place in zip(tables, places, strict=True)])
    return RunStack(tuple(run.id for run in runs), pd.Series(common), tuple(names), truth, p)


def select_greedily(stack: RunStack, rows: NDArray[np.integer] | None = None) -> dict[str, int]:
    """Members and weights by forward selection with replacement (Caruana et al., ICML 2004), by log loss.

    It begins with the run of least log loss and adds, as often as it helps, the run with which the mean is best.

    Args:
        stack: of the validation split, never of test.
        rows: images to choose by; None takes all.
    """
    p = stack.p if rows is None else stack.p[:, rows]
    truth = stack.truth if rows is None else stack.truth[rows]
    given = p[:, np.arange(len(truth)), truth]  # all that log loss asks of probabilities
    total, chosen, best = np.zeros(len(truth)), [], np.inf
    tiny = np.finfo(np.float64).eps
    for count in range(1, ROUNDS + 1):
        losses = -np.log(np.maximum((total + given) / count, tiny)).mean(axis=1)
        place = int(losses.argmin())
        if losses[place] >= best - 1e-9:
            break
        best, total = float(losses[place]), total + given[place]
        chosen.append(stack.runs[place])
    return {run: chosen.count(run) for run in dict.fromkeys(chosen)}


def worth(
    stack: RunStack, split: str, validation: RunStack | None = None, groups: ArrayLike | None = None
) -> tuple[Mapping[str, int], EnsembleResult]:
    """Members with their weights, and what they are worth on a split.

    Args:
        stack, split: what they are judged on.
        validation: of which the greedy choice is made; None takes every run once. Judged on these same images it is
            cross-fitted.
        groups: as `judge_ensemble`.
    """
    weights = dict.fromkeys(stack.runs, 1) if validation is None else select_greedily(validation)
    if validation is not None and split == "val":
        return weights, judge_greedy(stack, groups)
    return weights, judge_ensemble(stack, weights, groups)


def judge_ensemble(
    stack: RunStack, weights: Mapping[str, int], groups: ArrayLike | None = None
) -> EnsembleResult:
    """What an ensemble gains over the best of its members, on images that did not choose it.

    Args:
        stack: of any split.
        weights: run -> how often it counts.
        groups: ids (n,); copies of one picture share one.
    """
    return _outcome(stack, weights, stack.mix(weights).argmax(axis=1), None, groups)


def judge_greedy(stack: RunStack, groups: ArrayLike | None = None) -> EnsembleResult:
    """What the greedy choice gains on the images that choose it, cross-fitted so that it does not flatter itself.

    In each of five parts (copies on one side) both the members and the best single run are those the other four parts
    choose; the answers of the five parts together are judged.
    """
    count = len(stack.truth)
    ids = np.arange(count) if groups is None else pd.factorize(np.asarray(groups))[0]
    part = np.random.default_rng(0).integers(0, _FOLDS, int(ids.max()) + 1)[ids]
    said, single = np.empty(count, dtype=np.int64), np.empty(count, dtype=bool)
    for fold in range(_FOLDS):
        rest, here = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
        if not len(rest) or not len(here):
            rest = np.arange(count)
        weights = select_greedily(stack, rest)
        said[here] = stack.mix(weights)[here].argmax(axis=1)
        best = max(stack.runs, key=lambda run: float(stack.right(run)[rest].mean()))
        single[here] = stack.right(best)[here]
    return _outcome(stack, select_greedily(stack), said, single, groups)


def _outcome(
    stack: RunStack,
    weights: Mapping[str, int],
    said: Ints,
    single: NDArray[np.bool_] | None,
    groups: ArrayLike | None,
) -> EnsembleResult:
    members = [run for run in stack.runs if weights.get(run)]
    best = max(members, key=lambda run: float(stack.right(run).mean()))
    base = stack.right(best) if single is None else single
    ends = intervals(stack.truth, said, len(stack.classes), groups)["accuracy"]
    answers = np.stack([stack.p[stack.runs.index(run)].argmax(axis=1) for run in members])
    wrong = answers != stack.truth
    pairs = [(i, j) for i in range(len(members)) for j in range(i)]
    return EnsembleResult(
        accuracy=float((said == stack.truth).mean()),
        interval=(ends[0], ends[1]),
        best=best,
        best_accuracy=float(base.mean()),
        gain=compare(base, said == stack.truth, groups),
        disagreement=_mean([float((answers[i] != answers[j]).mean()) for i, j in pairs]),
        both_wrong=_mean([float((wrong[i] & wrong[j]).mean()) for i, j in pairs]),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def save(
    workspace: Workspace, name: str, runs: Sequence[Run], weights: Mapping[str, int], version: str
) -> Path:
    """Keep an ensemble as a model: a folder that `inference.ensemble` loads. Temperature is fitted on validation.

    Args:
        workspace: where; it lies in `models/ensembles/<name>`.
        name: letters, digits, `_`, `.` and `-`.
        runs: the members and, possibly, others.
        weights: run -> how often it counts.
        version: whose validation split fits the temperature.

    Raises:
        FerError: a name that is taken or not valid.
        NotFound: a member has no exported model.
        RunError, ModelFileError: as `stack_predictions`, or a model that cannot be loaded.
    """
    if not _NAME.fullmatch(name):
        raise FerError(
            "A name has letters, digits, `_`, `.` and `-`", received=repr(name), hint="Such as three-seeds"
        )
    target = workspace.models / "ensembles" / name
    if target.exists():
        raise FerError("There is an ensemble of that name", received=name, hint="Choose another name")
    members = [run for run in runs if weights.get(run.id)]
    if missing := [run.id for run in members if not (run.folder / RUN_MODEL).is_file()]:
        raise NotFound("Some members have no exported model", received=", ".join(missing))
    stack = stack_predictions(members, "val", version)
    mixed = stack.mix(weights)
    loaded = [Predictor.load(run.folder) for run in members]
    about = ModelMetadata(
        classes=stack.classes,
        input_size=max(model.input_size for model in loaded),
        color="rgb" if any(model.color == "rgb" for model in loaded) else "gray",
        temperature=fit_temperature(stack.truth, mixed),
        dataset=members[0].dataset,
        version=version,
        run=name,
        recipe="ensemble",
    )
    document = {
        "schema": 1,
        "name": name,
        "created": now(),
        "members": [
            {"run": run.id, "file": f"{run.id}.onnx", "weight": int(weights[run.id])} for run in members
        ],
        "metadata": about.model_dump(mode="json"),
        "validation": {
            "images": len(stack.truth),
            "accuracy": float((mixed.argmax(axis=1) == stack.truth).mean()),
            "log_loss": log_loss(stack.truth, mixed),
        },
    }
    with new_folder(target) as folder:
        for run in members:
            recalibrate.copy_as_trained(run.folder / RUN_MODEL, folder / f"{run.id}.onnx")
            record_checksum(folder / f"{run.id}.onnx")
        write_checked(folder / FILE, document)
    return target
