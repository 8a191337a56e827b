"""The model card of a run: what somebody should know before using it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_core.base.errors import FerError, RecipeError
from fer_core.base.workspace import Workspace
from fer_core.evaluation import ledger, scores
from fer_core.evaluation.across.judged_file import UNKNOWN, judged_words
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.recipes import toml
from fer_core.recipes.recipe import Recipe, difference, fields, load, override
from fer_core.reports.document import (
    Code,
    Document,
    DocumentBlock,
    InlineLine,
    Name,
    Section,
    Table,
    Text,
    count,
    decimal,
    joined,
    line,
    names,
    number,
    share,
    span,
    text,
)
from fer_core.reports.templating import command
from fer_core.reports.thresholds import held
from fer_core.runs import run_annotations
from fer_core.runs.records import Scores
from fer_core.runs.run import Run
from fer_core.runs.store import get, list_runs
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
    """The command that trains this run again, by its whole recipe: what was typed once was put over what stood on a form.

    A recipe that no settings make out of a built-in one is named by the file that the run keeps.
    """
    info = run.info
    if "judged" in info:
        return scores.to_predict(run, run.version)
    words = ["train", "--dataset", run.dataset, "--version", run.version]
    try:
        recipe = run.recipe
        if parent := info.get("forked_from"):
            began = get(run.workspace, parent).recipe
            origin = f"{parent}@{info['forked_at']}"
            return command("train", "--fork", origin, *_settings(began, recipe, "schedule.begin_after"))
        return command(*words, "--recipe", recipe.name, *_settings(load(recipe.name), recipe))
    except FerError:  # no built-in recipe, or what it was forked from is gone
        return command(*words, "--recipe", str(run.folder / "recipe.toml"))


def _settings(old: Recipe, new: Recipe, *always: str) -> list[str]:
    """Options of `train` that make one recipe of another, some fields said even where they are alike.

    Raises:
        RecipeError: none do.
    """
    own = {key: value for key, value in fields(new).items() if key in always}
    changed = {key: toml.inline(value) for key, value in (difference(old, new) | own).items()}
    if override(old, changed) != new:
        raise RecipeError("No settings make this recipe", received=new.name)
    return [word for key, value in changed.items() for word in ("--set", f"{key}={value}")]


def card(run: Run, row: LeaderboardRow) -> Document:
    """What somebody should know before using a model.

    Test results stand in it only if the ledger says that somebody has looked.

    Args:
        run: the run.
        row: of `leaderboard.rows`.
    """
    info = run.info
    standing = ledger.standing(run.workspace, row, ledger.reads(run.workspace))
    splits = [
        line(f"{split} ", count(f"images.{split}", n)) for split, n in (info.get("images") or {}).items()
    ]
    classes = (
        line("Recognises ", *names(run.classes), " in face crops.")
        if run.classes
        else line("Which classes it recognises is not recorded.")
    )
    number_ = info.get("version_number")
    return Document(
        "Model card",
        run.id,
        classes,
        (
            Section("Data", (
                text("Dataset ", Name(run.dataset), ", version ", Name(str(number_ or "?")), " (", Name(run.version), ")."),
                text("Images: ", *(joined(splits) or line("not recorded")), "."),
            )),
            Section("Validation", tuple(_results(run, "val", _judged(run), "Not evaluated yet."))),
            Section("Test", tuple(_results(
                run, ledger.HELD, f"Ledger: {standing.words}.", "Nobody has looked at the test result of this run."
            ))),
            Section("Model", tuple(_model(run))),
            Section("Answers", (text(*_answers(run)),)),
            Section("Limits", tuple(_limits(run))),
        ),
    )  # fmt: skip


def _model(run: Run) -> list[DocumentBlock]:
    info = run.info
    if "judged" in info:
        return [
            text("File ", Name(info["judged"]["file"]), ". ", UNKNOWN, "."),
            text("Again: ", Code(reproduce(run))),
        ]
    packages = [f"{name} {value}" for name, value in (info.get("packages") or {}).items()]
    return [
        text("Recipe ", Name(str(info.get("recipe"))), ", seed ", number("seed", info.get("seed"), ".0f"), ", ",
             count("parameters", info.get("parameters"), "parameters not counted"), " "
             "parameters." if info.get("parameters") else "."),
        text("Trained on ", Name(str(info.get("device") or "an unknown device")), " with ",
             *(names(packages) or line("unknown packages")), "."),
        text("Again: ", Code(reproduce(run))),
    ]  # fmt: skip


def _judged(run: Run) -> str:
    if words := judged_words(run):
        return f"{words}."
    start = run.info.get("start")
    return "The epoch was chosen by these images." + (f" {sentence(start)}." if start else "")


def _answers(run: Run) -> InlineLine:
    """At which temperature and from which probability on the model of a run answers."""
    found = held(run)
    if found is None:
        return line("There is no exported model that can be read.")
    fitted = "as trained" if found.temperature == 1 else "fitted on validation"
    return line("Temperature ", number("temperature", found.temperature, ".2f"), f", {fitted}. Below a probability of ",
                number("threshold", found.threshold, ".2f"), " it says “uncertain”.")  # fmt: skip


def _held(run: Run, split: str) -> Scores:
    try:
        return scores.stored_scores(run, split)
    except FerError:
        return Scores()


def _results(run: Run, split: str, note: str, without: str) -> list[DocumentBlock]:
    found = _held(run, split)
    if not found:
        return [text(without)]
    limits = found.get("intervals", {})
    known = {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
    rows = tuple(
        (line(words), line(decimal(f"{split}.{key}", known[key])),
         span(f"{split}.{key}", limits[key]) if key in limits else line())
        for key, words in _SCORES.items()
        if key in known
    )  # fmt: skip
    said: list[DocumentBlock] = [
        text(count(f"{split}.images", found["images"]), " images. ", Name(note)),
        Table(("measure", "value", "95 %"), rows, (1, 2)),
    ]
    if votes := found.get("votes"):
        said.append(
            text("Where people voted, it answers as most do on ", share(f"{split}.as_people", votes["agreement"]), " of ",
                 count(f"{split}.voted", votes["majority"]), " faces; the labels do on ", share(f"{split}.label",
                     votes["label_agreement"]), ".")
        )  # fmt: skip
    return said


def _limits(run: Run) -> list[Text]:
    lines = [text("Answers hold for pictures like those of the dataset; other cameras, ages and poses were not measured."),
             text("A face shows an expression, not what a person feels.")]  # fmt: skip
    found = _held(run, "val")
    if not found:
        return lines
    if ends := easiest_and_hardest(found):
        (easy, high), (hard, low) = ends
        lines.append(
            text("Easiest on validation: ", Name(easy), " (", share("easiest", high, places=0), " recognised). Hardest: ",
                 Name(hard), " (", share("hardest", low, places=0), ").")
        )  # fmt: skip
    if weak := weak_classes(found):
        lines.append(text(f"Weak on validation (F1 below {WEAK}): ", *names(weak), "."))
    if top := confusions(found, 3):
        lines.append(text("Most frequent mistakes: ", *mistakes(top), "."))
    return lines


def mistakes(found: Sequence[Confusion]) -> InlineLine:
    """Mistakes in a row, each with its share of the label's images."""
    said = [
        line(Name(r.label), " predicted as ", Name(r.answer), " (", share(f"mistake.{r.label}.{r.answer}", r.share,
            places=0), ")")
        for r in found
    ]  # fmt: skip
    return joined(said, "; ")
