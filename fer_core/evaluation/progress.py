"""The journey: how the best of a board came about, step by step, from the first run on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from fer_core.evaluation import hyperparameters, ranking, significance
from fer_core.evaluation.significance import Gain
from fer_core.runs.run import Run


@dataclass(frozen=True)
class ProgressStep:
    """An entry, in the order in which they were made.

    Attributes:
        runs: ids behind it.
        accuracy: 0..1.
        record: better than everything before it (the first is the baseline).
        gain: of a record, over the baseline (`significance.gain`); None of the baseline and of others.
        step: of a record, over the record before it.
        changed: of a record, what it does otherwise than that, in words.
    """

    runs: tuple[str, ...]
    accuracy: float
    record: bool
    gain: Gain | None = None
    step: Gain | None = None
    changed: tuple[str, ...] = ()


def progress_steps(
    entries: Sequence[Sequence[Run]], split: str, version: str, manifest: pd.DataFrame | None = None
) -> list[ProgressStep]:
    """Every entry that can be judged, the oldest first.

    Args:
        entries: runs; several in one are seeds of one recipe.
        split, version, manifest: as `ranking.rank`.
    """
    lineup = ranking.align_entries(entries, split, version, manifest)
    if not lineup.images:
        return []
    known = {run.id: run for entry in entries for run in entry}
    order = sorted(range(len(lineup.entries)), key=lambda i: min(lineup.entries[i]))
    base = before = order[0]
    result = []
    for i in order:
        runs, answers = lineup.entries[i], lineup.correct[i]
        accuracy = float(answers.mean())
        if i == base:
            result.append(ProgressStep(runs, accuracy, record=True))
        elif accuracy > float(lineup.correct[before].mean()):
            gain = significance.gain(lineup.correct[base], answers, lineup.groups)
            step = significance.gain(lineup.correct[before], answers, lineup.groups)
            changed = _changed(known[lineup.entries[before][0]], known[runs[0]])
            result.append(ProgressStep(runs, accuracy, record=True, gain=gain, step=step, changed=changed))
            before = i
        else:
            result.append(ProgressStep(runs, accuracy, record=False))
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
    return tuple(
        f"{label} {hyperparameters.value_text(two.get(n))}" for label, n in zip(labels, shown, strict=True)
    )
