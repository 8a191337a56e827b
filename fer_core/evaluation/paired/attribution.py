"""Which single change made the difference of two runs: the changes, the runs that try them, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from fer_core.evaluation.significance import PairedGain
from fer_core.recipes.recipe import Setting
from fer_core.runs.run import Run


@dataclass(frozen=True)
class SettingChange:
    """One thing that the second run does otherwise.

    Attributes:
        name: the setting, or the table whose settings go together, such as `optimizer`.
        settings: as `recipe.override` takes them.
        before, after: in words.
        problem: why it cannot be tried alone; "" where it can.
        version: id of the version that the second has learned from, where that is the change; else None.
    """

    name: str
    settings: Mapping[str, Setting]
    before: str
    after: str
    problem: str = ""
    version: str | None = None


@dataclass(frozen=True)
class AblationStep:
    """A change, the run that tries it alone, and what came of it (`significance.compare` against the first)."""

    change: SettingChange
    run: Run | None = None
    verdict: PairedGain | None = None


class StepRecord(TypedDict):
    """A step, JSON-ready; run, state and verdict are None while nobody tried it."""

    change: str
    before: str
    after: str
    problem: str
    run: str | None
    state: str | None
    verdict: PairedGain | None


class AttributionRecord(TypedDict):
    """An attribution, JSON-ready."""

    total: PairedGain
    together: float | None
    steps: list[StepRecord]


@dataclass(frozen=True)
class Attribution:
    """What each change gains.

    Attributes:
        steps: one per change.
        total: `significance.compare` of the second against the first.
        together: total difference minus the sum of the single ones; None while a step is open, or where they were not judged
            by as many images.
    """

    steps: list[AblationStep]
    total: PairedGain
    together: float | None = None

    @property
    def same_images(self) -> bool:
        """Whether every gain is of as many images as the total: only then do they add up."""
        told = [step.verdict["images"] for step in self.steps if step.verdict is not None]
        return all(images == self.total["images"] for images in told)

    def record(self) -> AttributionRecord:
        """JSON-ready."""
        return {
            "total": self.total,
            "together": self.together,
            "steps": [
                {
                    "change": step.change.name,
                    "before": step.change.before,
                    "after": step.change.after,
                    "problem": step.change.problem,
                    "run": step.run.id if step.run else None,
                    "state": step.run.state if step.run else None,
                    "verdict": step.verdict,
                }
                for step in self.steps
            ],
        }
