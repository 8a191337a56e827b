"""The model card of a run: what somebody should know before using it, as Markdown or as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.evaluation import ledger, scores
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.inference.predictor import Predictor
from fer_core.reports.templating import command, render
from fer_core.runs import run_annotations
from fer_core.runs.records import Scores
from fer_core.runs.run import Run
from fer_core.runs.store import list_runs
from fer_core.scheduling.starting_points import sentence

WEAK = 0.6
"""F1 below which a class counts as weak."""
_SCORES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "kappa": "Cohen's kappa",
    "log_loss": "log loss, nats",
    "ece": "calibration error",
}


@dataclass(frozen=True)
class Section:
    """A titled part of a card: sentences, scores (measure, value, 95 % interval) or a command."""

    title: str
    lines: tuple[str, ...]
    scores: tuple[tuple[str, str, str], ...] = ()
    command: str = ""


@dataclass(frozen=True)
class Card:
    """What a model card says, in plain text."""

    run: str
    about: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Confusion:
    """A mistake: label and answer, how many images, their share of the label's and of all mistakes."""

    label: str
    answer: str
    images: int
    share: float
    of_errors: float


def confusions(found: Scores, limit: int = 5) -> list[Confusion]:
    """The most frequent mistakes."""
    counts = np.asarray(found["confusion"]["counts"])
    names = found["confusion"]["classes"]
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    rows = []
    for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[i, j]:
            rows.append(
                Confusion(
                    names[i],
                    names[j],
                    int(wrong[i, j]),
                    float(wrong[i, j] / counts[i].sum()),
                    float(wrong[i, j] / wrong.sum()),
                )
            )
    return rows


def most_confused(
    workspace: Workspace, dataset: str, classes: Sequence[str], version: str
) -> tuple[Run, Confusion] | None:
    """The most frequent mistake between two of these classes, of the run on a dataset that is best on validation.

    A run that has learned from this version is asked first: another one was judged by other images.

    Returns:
        The run and its mistake; None where no run has a mistake of that kind on record.
    """
    found = [
        run
        for run in list_runs(workspace)
        if run.dataset == dataset and not run_annotations.read(run)["archived"]
    ]
    scored = [(run, (run.evaluation().get("splits") or {}).get("val")) for run in found]
    known = [
        (run, judged)
        for run, judged in scored
        if judged and judged.get("confusion") and judged.get("accuracy") is not None
    ]
    for run, judged in sorted(known, key=lambda entry: (entry[0].version != version, -entry[1]["accuracy"])):
        for top in confusions(judged, limit=len(judged["confusion"]["classes"]) ** 2):
            if {top.label, top.answer} <= set(classes):
                return run, top
    return None


def easiest_and_hardest(found: Scores) -> tuple[tuple[str, float], tuple[str, float]] | None:
    """The classes with the highest and the lowest recall, each with it (0..1); None where fewer than two have images."""
    rows = sorted((row["recall"], name) for name, row in found["per_class"].items() if row["support"])
    if len(rows) < 2 or rows[0][0] == rows[-1][0]:
        return None
    (low, hardest), (high, easiest) = rows[0], rows[-1]
    return (easiest, high), (hardest, low)


def weak_classes(found: Scores) -> list[str]:
    """Classes with an F1 below .6, the worst first."""
    rows = [(row["f1"], name) for name, row in found["per_class"].items() if row["support"]]
    return [name for f1, name in sorted(rows) if f1 < WEAK]


def reproduce(run: Run) -> str:
    """The command that trains this run again."""
    info = run.info
    words = ["train", "--dataset", run.dataset, "--version", run.version]
    words += ["--recipe", str(info.get("recipe", ""))]
    for key, value in (info.get("settings") or {}).items():
        words += ["--set", f"{key}={value}"]
    return command(*words)


def markdown(run: Run, row: LeaderboardRow) -> str:
    """The card as Markdown; arguments as `card`."""
    return render("model_card.md", card=card(run, row))


def page(run: Run, row: LeaderboardRow) -> str:
    """The card as an HTML document; arguments as `card`."""
    return render("model_card.html", card=card(run, row))


def card(run: Run, row: LeaderboardRow) -> Card:
    """What somebody should know before using a model.

    Test results stand in it only if the ledger says that somebody has looked.

    Args:
        run: the run.
        row: of `leaderboard.rows`.
    """
    info = run.info
    classes = ", ".join(run.classes)
    images = ", ".join(f"{split} {n:,}" for split, n in (info.get("images") or {}).items())
    packages = ", ".join(f"{name} {value}" for name, value in (info.get("packages") or {}).items())
    weights = f"{info['parameters']:,} parameters" if info.get("parameters") else "parameters not counted"
    standing = ledger.standing(run.workspace, row, ledger.reads(run.workspace))
    return Card(
        run.id,
        f"Recognises {classes} in face crops." if classes else "Which classes it recognises is not recorded.",
        (
            Section(
                "Data",
                (
                    f"Dataset {run.dataset}, version {info.get('version_number') or '?'} ({run.version}).",
                    f"Images: {images or 'not recorded'}.",
                ),
            ),
            _results(run, "Validation", "val", _judged(run), "Not evaluated yet."),
            _results(
                run,
                "Test",
                ledger.HELD,
                f"Ledger: {standing.words}.",
                "Nobody has looked at the test result of this run.",
            ),
            Section(
                "Model",
                (
                    f"Recipe {info.get('recipe')}, seed {info.get('seed')}, {weights}.",
                    f"Trained on {info.get('device') or 'an unknown device'} with {packages or 'unknown packages'}.",
                ),
                command=reproduce(run),
            ),
            Section("Answers", (_answers(run),)),
            Section("Limits", _limits(run)),
        ),
    )


def _judged(run: Run) -> str:
    start = run.info.get("start")
    return "The epoch was chosen by these images." + (f" {sentence(start)}." if start else "")


def _answers(run: Run) -> str:
    """At which temperature and from which probability on the model of a run answers."""
    try:
        held = Predictor.load(run.folder).metadata
    except FerError:
        return "There is no exported model that can be read."
    fitted = "as trained" if held.temperature == 1 else "fitted on validation"
    return f"Temperature {held.temperature:.2f}, {fitted}. Below a probability of {held.threshold:.2f} it says “uncertain”."


def _held(run: Run, split: str) -> Scores:
    try:
        return scores.stored_scores(run, split)
    except FerError:
        return Scores()


def _results(run: Run, title: str, split: str, note: str, without: str) -> Section:
    found = _held(run, split)
    if not found:
        return Section(title, (without,))
    limits = found.get("intervals", {})
    numbers = {name: value for name, value in found.items() if isinstance(value, int | float)}
    rows = [
        (words, f"{numbers[key]:.3f}", "{:.3f} to {:.3f}".format(*limits[key]) if key in limits else "")
        for key, words in _SCORES.items()
        if key in numbers
    ]
    return Section(title, (f"{found['images']:,} images. {note}",), tuple(rows))


def _limits(run: Run) -> tuple[str, ...]:
    lines = ["Answers hold for pictures like those of the dataset; other cameras, ages and poses were not measured.",
             "A face shows an expression, not what a person feels."]  # fmt: skip
    found = _held(run, "val")
    if found:
        if ends := easiest_and_hardest(found):
            (easy, high), (hard, low) = ends
            lines.append(
                f"Easiest on validation: {easy} ({high:.0%} recognised). Hardest: {hard} ({low:.0%})."
            )
        if weak := weak_classes(found):
            lines.append(f"Weak on validation (F1 below {WEAK}): {', '.join(weak)}.")
        if top := confusions(found, 3):
            said = "; ".join(f"{r.label} predicted as {r.answer} ({r.share:.0%})" for r in top)
            lines.append(f"Most frequent mistakes: {said}.")
    return tuple(lines)
