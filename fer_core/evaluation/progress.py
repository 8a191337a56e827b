"""The journey: how the best of a board came about, step by step, from the first run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from fer_core.evaluation import hyperparameters, ranking
from fer_core.evaluation.data_axis import settings
from fer_core.evaluation.data_axis.phases import JourneyPhase, gain_of_many, phases
from fer_core.evaluation.significance import Gain
from fer_core.runs.run import Run


@dataclass(frozen=True)
class Journey:
    """Every entry that can be judged, the oldest first, and the phases they make."""

    steps: list[ProgressStep]
    phases: list[JourneyPhase]


@dataclass(frozen=True)
class ProgressStep:
    """An entry, in the order in which they were made.

    Attributes:
        runs: ids behind it.
        accuracy: 0..1, on the images it has not learned from, and how many `images` these are.
        record: better than the record before it (the first is the baseline), on the images neither has learned from.
        gain: of a record, over the baseline (`significance.gain`), p corrected for all entries, as any of them could have
            been it (`phases.gain_of_many`); None of the baseline, of others, and where one of the two has learned from
            each of the images.
        step: of a record, over the record before it, p corrected alike.
        changed: of a record, what it does otherwise than that, in words; what it has learned from first.
        gain_images, step_images: how many images the two were judged by.
        part: a number of the images its accuracy is of: equal for the same ones.
    """

    runs: tuple[str, ...]
    accuracy: float
    record: bool
    gain: Gain | None = None
    step: Gain | None = None
    changed: tuple[str, ...] = ()
    images: int = 0
    gain_images: int = 0
    step_images: int = 0
    part: int = 0


def journey(
    entries: Sequence[Sequence[Run]], split: str, version: str, manifest: pd.DataFrame | None = None
) -> Journey:
    """How the best of these came about.

    Two entries are held against each other on the images that neither has learned from: one that has learned from many
    takes none from the others. Files that were not trained here are no step: what they have learned from is not known.

    Args:
        entries: runs; several in one are seeds of one recipe.
        split, version, manifest: as `ranking.rank`.
    """
    entries = [entry for entry in entries if not any("judged" in run.info for run in entry)]
    answers = ranking.split_answers(entries, split, version, manifest)
    known = {run.id: run for entry in entries for run in entry}
    return Journey(_steps(answers, known), phases(answers, known))


def _steps(answers: ranking.SplitAnswers, known: Mapping[str, Run]) -> list[ProgressStep]:
    judged = {i: told for i in range(len(answers.entries)) if (told := answers.accuracy(i))}
    if not judged:
        return []
    order = sorted(judged, key=lambda i: min(answers.entries[i]))
    base = before = order[0]
    parts: dict[bytes, int] = {}
    result = []
    for i in order:
        part = parts.setdefault(answers.seen[i].tobytes(), len(parts))
        runs, (accuracy, images) = answers.entries[i], judged[i]
        step = None if i == base else gain_of_many(answers, before, i)
        if i == base:
            result.append(ProgressStep(runs, accuracy, record=True, images=images, part=part))
        elif step and step[0]["difference"] > 0:
            gain, compared = gain_of_many(answers, base, i) or (None, 0)
            changed = _changed(known[answers.entries[before][0]], known[runs[0]])
            best = ProgressStep(runs, accuracy, True, gain, step[0], changed, images, compared, step[1], part)
            result.append(best)
            before = i
        else:
            result.append(ProgressStep(runs, accuracy, record=False, images=images, part=part))
    return result


def _changed(old: Run, new: Run) -> tuple[str, ...]:
    """`learning rate 0.002` and the like, what decides the kind of a table first."""
    one, two = hyperparameters.settings_of(old) or {}, hyperparameters.settings_of(new) or {}
    names = [n for n in dict.fromkeys([*one, *two]) if n != hyperparameters.SEED and one.get(n) != two.get(n)]
    kinds = {n.rpartition(".")[0] for n in names if n.endswith((".name", ".architecture"))}
    shown = [n for n in names if n.rpartition(".")[0] not in kinds or n.endswith((".name", ".architecture"))]
    shown.sort(key=lambda n: not n.endswith((".name", ".architecture")))
    labels = [
        n.removesuffix(".name").removeprefix("model.")
        if n.endswith(".name")
        else hyperparameters.short_name(n, names)
        for n in shown
    ]
    data = settings.told(old, new)
    return tuple([f"data {data}"] if data else []) + tuple(
        f"{label} {hyperparameters.value_text(two.get(n))}" for label, n in zip(labels, shown, strict=True)
    )
