"""A person's own small test: poses on request, then how often the model was right about them.

card = ReportCard(("happy", "sad", "surprise"))
card.wanted                                   # "happy"
card.add(face, probabilities)                 # the pose, as the camera saw it
card.score().accuracy
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fer_core.base.emotions import ordered_classes
from fer_core.base.statistics import wilson_interval

PROMPTS: dict[str, str] = {
    "happy": "Smile as if a friend came in",
    "surprise": "Raise your brows and open your mouth",
    "neutral": "Relax your face and look ahead",
    "sad": "Let the corners of your mouth hang, brows up in the middle",
    "anger": "Pull your brows down and press your lips together",
    "fear": "Open your eyes wide, brows up, lips stretched",
    "disgust": "Wrinkle your nose as at a bad smell",
    "contempt": "Lift one corner of your mouth",
}


@dataclass(frozen=True)
class Pose:
    """One pose and what the model made of it."""

    wanted: str
    said: str
    probability: float
    uncertain: bool
    face: np.ndarray = field(repr=False, compare=False)

    @property
    def right(self) -> bool:
        return self.wanted == self.said


@dataclass(frozen=True)
class Score:
    """What came of it: `right` of `poses`, with the 95 % interval of the share (Wilson)."""

    right: int
    poses: int
    low: float
    high: float

    @property
    def accuracy(self) -> float:
        """0..1; NaN of no pose."""
        return self.right / self.poses if self.poses else float("nan")


@dataclass
class ReportCard:
    """Poses taken so far, in memory only.

    Args:
        classes: the model's.
        rounds: how often each is asked for.
    """

    classes: Sequence[str]
    rounds: int = 2
    poses: list[Pose] = field(default_factory=list)

    @property
    def plan(self) -> list[str]:
        """What is asked for, in order: all classes, then all again."""
        return list(ordered_classes(self.classes)) * self.rounds

    @property
    def wanted(self) -> str | None:
        """The next pose; None when all are taken."""
        return self.plan[len(self.poses)] if len(self.poses) < len(self.plan) else None

    @property
    def prompt(self) -> str:
        """How to pose for it."""
        return PROMPTS.get(self.wanted or "", f"Show {self.wanted}" if self.wanted else "")

    def add(self, face: np.ndarray, probabilities: Mapping[str, float], uncertain: bool = False) -> Pose:
        """Take the next pose.

        Raises:
            ValueError: all are taken.
        """
        if self.wanted is None:
            raise ValueError("Every pose is taken")
        said = max(probabilities, key=lambda name: probabilities[name])
        self.poses.append(Pose(self.wanted, said, float(probabilities[said]), uncertain, face))
        return self.poses[-1]

    def skip(self) -> None:
        """Leave the next class out of what is still asked for."""
        if self.wanted is not None:
            name = self.wanted
            self.classes = tuple(c for c in self.classes if c != name)
            done = [p for p in self.poses if p.wanted != name]
            self.poses = done

    def retake(self) -> None:
        """Take the last pose again."""
        if self.poses:
            self.poses.pop()

    def score(self) -> Score:
        """How often the model was right."""
        right = sum(pose.right for pose in self.poses)
        if not self.poses:
            return Score(0, 0, 0.0, 1.0)
        low, high = wilson_interval(right / len(self.poses), len(self.poses))
        return Score(right, len(self.poses), float(low), float(high))

    def confusion(self) -> dict[tuple[str, str], int]:
        """(wanted, said) -> poses."""
        found: dict[tuple[str, str], int] = {}
        for pose in self.poses:
            found[pose.wanted, pose.said] = found.get((pose.wanted, pose.said), 0) + 1
        return found
