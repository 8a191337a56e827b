"""The journey in phases: what each version of the data brought, with all that was tried on it.

for phase in phases(answers, runs):
    phase.version, phase.purpose, phase.models, phase.gain      # v4, "copies and labels: 1,456 copies dropped", ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fer_core.evaluation import hyperparameters
from fer_core.evaluation.data_axis import settings
from fer_core.evaluation.paired.candidates import axes_of
from fer_core.evaluation.ranking import SplitAnswers
from fer_core.evaluation.significance import Gain, of_many
from fer_core.runs.run import Run


@dataclass(frozen=True)
class JourneyPhase:
    """All runs that have learned from one version; phases follow each other by the first run of each.

    Attributes:
        dataset, version: `v4`, what they have learned from.
        purpose: what was done to the data since the phase before, and what was tried, in words.
        models: names of their recipes, the oldest first.
        runs: how many entries.
        best: ids of the runs of the best entry; accuracy, 0..1, on so many images it has not learned from.
        gain: of its best over the best of all phases before, on the images neither has learned from (`gain_images`), p
            corrected for all entries (`gain_of_many`); None of the first, and where there are none such.
        total: the same over the baseline, the first entry of the first phase, on `total_images`.
    """

    dataset: str
    version: str
    purpose: str
    models: tuple[str, ...]
    runs: int
    best: tuple[str, ...]
    accuracy: float
    images: int
    gain: Gain | None = None
    gain_images: int = 0
    total: Gain | None = None
    total_images: int = 0

    def record(self) -> dict[str, object]:
        """JSON-ready."""
        return asdict(self)


def phases(answers: SplitAnswers, known: Mapping[str, Run]) -> list[JourneyPhase]:
    """The phases of entries, the oldest first.

    The best of a phase is the one with the highest accuracy on what it has not learned from: of many tried, it flatters; its
    interval does not know of that, its p does.

    Args:
        answers: `ranking.split_answers` of them.
        known: the runs behind, by id.
    """
    judged = {i: told for i in range(len(answers.entries)) if (told := answers.accuracy(i))}
    groups: dict[tuple[str, str], list[int]] = {}
    for i in sorted(judged, key=lambda i: min(answers.entries[i])):
        run = known[answers.entries[i][0]]
        groups.setdefault((run.dataset, run.version), []).append(i)
    result: list[JourneyPhase] = []
    base = before = -1
    for inside in groups.values():
        best = max(inside, key=lambda i: (judged[i][0], -i))
        leads = [known[answers.entries[i][0]] for i in inside]
        accuracy, images = judged[best]
        gain, gain_images, total, total_images = None, 0, None, 0
        if base < 0:
            base = inside[0]
        else:
            gain, gain_images = gain_of_many(answers, before, best) or (None, 0)
        if best != base:
            total, total_images = gain_of_many(answers, base, best) or (None, 0)
        names = tuple(dict.fromkeys(str(lead.info.get("recipe") or lead.id) for lead in leads))
        purpose = _purpose(known[answers.entries[before][0]] if before >= 0 else None, leads)
        phase = JourneyPhase(leads[0].dataset, settings.name(leads[0]), purpose, names, len(inside),
                      answers.entries[best], accuracy, images, gain, gain_images, total, total_images)  # fmt: skip
        result.append(phase)
        if before < 0 or accuracy > judged[before][0]:
            before = best
    return result


def gain_of_many(answers: SplitAnswers, first: int, second: int) -> tuple[Gain, int] | None:
    """`answers.gain` of one that was picked out of all entries but one: p corrected for all of these (Bonferroni)."""
    told = answers.gain(first, second)
    return told and (of_many(told[0], len(answers.entries) - 1), told[1])


def _purpose(last: Run | None, leads: Sequence[Run]) -> str:
    """What was done to the data, and which axes the runs of a phase differ along."""
    values: list[Mapping[str, Any]] = [
        found for run in leads if (found := hyperparameters.settings_of(run)) is not None
    ]
    tried = axes_of(values)
    data = "baseline" if last is None else settings.told_sides(last, leads[0])[1]
    return data + (f"; tried: {', '.join(tried)}" if tried else "")
