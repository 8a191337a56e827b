"""What to know about a version before training on it: what forbids it, and what makes its numbers mean less.

for caution in cautions_of(dataset, "v2"):
    print(caution)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fer_core.base.errors import FerError
from fer_core.checks.checks import is_blank
from fer_core.data.manifest import classes, counts, readable
from fer_core.recipes.combinations import check_classes
from fer_core.scheduling import starting_points, teachers
from fer_core.scheduling.recipe_cautions import sentences
from fer_core.splits.balance import drift, drift_level
from fer_core.splits.leaks import leaks_of

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.recipes.recipe import Recipe
    from fer_core.splits.leaks import Leaks

ReadinessKind = Literal[
    "no split", "one class", "leak", "copies", "not compared", "narrow", "drift", "blank", "recipe", "start"
]
MIN_CLASSES = 2
_REMEMBERED = "What it has learned it answers from memory: accuracy on them is too good by that"


@dataclass(frozen=True)
class Caution:
    """One thing that is not as it should be.

    Attributes:
        kind: what it is about.
        level: "bad", "warn" (worth a look) or "none" (not known yet).
        text, meaning: what is there, and what follows from it.
        blocks: whether training cannot begin.
    """

    kind: ReadinessKind
    level: Literal["bad", "warn", "none"]
    text: str
    meaning: str
    blocks: bool = False

    def __str__(self) -> str:
        return f"{self.text}. {self.meaning.rstrip('.')}."


def cautions_of(dataset: Dataset, version: str | None = None, recipe: Recipe | None = None) -> list[Caution]:
    """`cautions` of a version on the disk, None for the newest, and of what a recipe asks of it."""
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    found = cautions(manifest, leaks_of(dataset, chosen.id, manifest))
    if recipe is None:
        return found
    return found + recipe_cautions(recipe, manifest) + start_cautions(dataset, chosen.id, recipe)


def recipe_cautions(recipe: Recipe, manifest: pd.DataFrame) -> list[Caution]:
    """What the recipe asks for that does nothing on this version, or not what its name says."""
    found = [
        Caution("recipe", "warn", text, meaning) for text, meaning in sentences(recipe, counts(manifest))
    ]
    if recipe.model.color == "rgb" and set(readable(manifest)["mode"]) == {"gray"}:
        meaning = "Three equal channels say no more than one, and take longer: set model.color to gray"
        found.append(Caution("recipe", "warn", "model.color is rgb, and every picture is gray", meaning))
    return found


def start_cautions(dataset: Dataset, version: str, recipe: Recipe) -> list[Caution]:
    """Why a recipe does not fit a version's classes or cannot have its start or teacher, or how many of the images it is
    judged by these have seen."""
    try:
        teachers.check(dataset, version, recipe)
        check_classes(recipe, classes(dataset.manifest(version)))
        _, known = starting_points.resolve_start(dataset, version, recipe)
    except FerError as error:
        return [Caution("start", "bad", error.message, f"{error}".removeprefix(f"{error.message}. "), True)]
    found = [("start", known["start"])] if known else []
    if teacher := recipe.distillation.teacher:
        judged, seen = starting_points.judging_images(dataset, version, teacher)
        found.append(("teacher", {"name": teacher, "judged": judged, "seen": seen}))
    return [
        Caution(
            "start",
            "none" if one["seen"] is None else "warn",
            starting_points.sentence(one, role),
            _REMEMBERED,
        )
        for role, one in found
        if one["seen"] != 0
    ]


def cautions(manifest: pd.DataFrame, leaks: Leaks) -> list[Caution]:
    """What is wrong with a version, the gravest first; [] where it can be trained on as it is."""
    counted = counts(manifest)
    images = counted.sum(axis=1)
    found = []
    if missing := [split for split in ("train", "val") if not int(images.get(split, 0))]:
        what = f"no {' and no '.join(missing)} images"
        found.append(Caution("no split", "bad", what, "Training needs both", blocks=True))
    if len(counted.columns) < MIN_CLASSES:
        meaning = "There is nothing to tell apart"
        found.append(Caution("one class", "bad", "one class only", meaning, blocks=True))
    found += _leaks(leaks)
    mixed = drift(counted)
    if mixed and (level := drift_level(mixed["cramers_v"])) != "good":
        text = f"classes are mixed differently in the splits (Cramér's V {mixed['cramers_v']:.2f})"
        found.append(Caution("drift", level, text, "Accuracies of the splits cannot be compared"))
    if blank := int(is_blank(manifest).sum()):
        text = f"{blank:,} blank picture{'' if blank == 1 else 's'}"
        found.append(Caution("blank", "warn", text, "They teach nothing but their label"))
    return found


def _leaks(known: Leaks) -> list[Caution]:
    """What leaks, and what nobody compared yet: that is not the same as none."""
    found = []
    for split in ("val", "test"):
        if leaked := known.leaked(split):
            text = f"{leaked / known.sizes[split]:.1%} of {split} is in another split too"
            meaning = f"Accuracy on {split} will look better than it is. {known.sentence}"
            found.append(Caution("leak", "bad" if split == "val" else "warn", text, meaning))
    if known.total.copies and not found:
        found.append(Caution("copies", "warn", f"copies across splits: {known.counts}", known.sentence))
    if known.missing and len(known.sizes) > 1:
        text = "near and mirrored copies across splits are not compared yet"
        found.append(Caution("not compared", "none", text, known.sentence))
    elif not known.complete and not known.total.copies:
        text = f"copies across splits were looked for up to {known.reach} bits only"
        found.append(Caution("narrow", "warn", text, known.sentence))
    return found
