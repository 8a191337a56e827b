"""What a story is told from: versions and runs of a dataset, the version all are judged on, and who wins there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.emotions import ordered_classes
from fer_core.data.manifest import readable
from fer_core.evaluation import leaderboard, ranking
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.evaluation.leakage.run_leaks import OwnLeakCost, own_cost
from fer_core.evaluation.ranking import Ranking
from fer_core.runs.run import Run

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version

ENDED = ("finished", "stopped")
"""States of a run whose answers count."""


@dataclass(frozen=True)
class StoryFacts:
    """What is stored about a dataset, and what follows at once.

    Attributes:
        dataset, versions: oldest first.
        rows: of its runs that are not archived, in the order they were made.
        judged: the version on which most runs can be judged, the newest of equals; None where none has answers.
        entries: runs that have answers there, seeds of one recipe together, the oldest first.
        ranking: of these on its val part.
        winner: the best of those that share the first rank; None where nobody has one.
        faces: whether pictures are shown.
    """

    dataset: Dataset
    versions: list[Version]
    rows: list[LeaderboardRow]
    judged: Version | None
    entries: list[list[Run]]
    ranking: Ranking | None
    winner: tuple[str, ...] | None
    faces: bool

    @property
    def first(self) -> Version:
        return self.versions[0]

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Of all versions, in the usual order."""
        return ordered_classes({name for each in self.versions for name in each.counts["classes"]})

    @cached_property
    def ended(self) -> list[LeaderboardRow]:
        """Rows of runs that have ended with a score."""
        return [row for row in self.rows if row["state"] in ENDED and row["val_accuracy"] is not None]

    def run(self, name: str) -> Run:
        return Run(self.dataset.workspace.runs / name)

    @cached_property
    def apart(self) -> list[LeaderboardRow]:
        """Rows of runs that have ended and have no answers where the others are judged."""
        judged = {run.id for entry in self.entries for run in entry}
        return [row for row in self.ended if row["run"] not in judged]

    @cached_property
    def leakage(self) -> list[OwnLeakCost]:
        """What leaked images did to the figure of each run on the val part of its own version, where that can be told."""
        found = (own_cost(self.run(row["run"]), "val") for row in self.ended)
        return [cost for cost in found if cost is not None]

    @cached_property
    def judged_manifest(self) -> pd.DataFrame | None:
        """Of the version that all are judged on."""
        return None if self.judged is None else self.dataset.manifest(self.judged.id)

    @cached_property
    def _rows_of_images(self) -> dict[str, int]:
        table = self.dataset.rows()
        return dict(zip(table["image_id"], table["row"].astype(int), strict=True))

    def pictures(self, images: list[str]) -> dict[str, NDArray[np.uint8]]:
        """Of those images that have one, uint8 (48, 48) by id."""
        known = [image for image in images if image in self._rows_of_images]
        pixels = self.dataset.pixels()
        return {image: np.asarray(pixels[self._rows_of_images[image]]) for image in known}


def look(dataset: Dataset, faces: bool = True, on: Version | None = None) -> StoryFacts:
    """Read what is stored.

    Args:
        dataset: the dataset.
        faces: as in `StoryFacts`.
        on: the version all are judged on; None for the one on which most can be.
    """
    versions = dataset.versions()
    own = [row for row in leaderboard.rows(dataset.workspace) if row["dataset"] == dataset.name]
    rows = [row for row in reversed(own) if not row["archived"]]
    judged = on or _most_judged(versions, rows)
    if judged is None:
        return StoryFacts(dataset, versions, rows, None, [], None, None, faces)
    able = [row for row in rows if row["state"] in ENDED and judged.id in (row["version"], *row["on"])]
    groups = leaderboard.group_seeds(able)
    entries = [[Run(dataset.workspace.runs / row["run"]) for row in group] for group in groups]
    entries.sort(key=lambda group: min(run.id for run in group))
    ranked = ranking.rank(entries, "val", judged.id, dataset.manifest(judged.id))
    best = [(entry, names) for names, entry in ranked.entries.items() if entry.rank == 1]
    winner = max(best, key=lambda found: found[0].accuracy)[1] if best else None
    return StoryFacts(dataset, versions, rows, judged, entries, ranked, winner, faces)


def _most_judged(versions: list[Version], rows: list[LeaderboardRow]) -> Version | None:
    """The version with the most runs that have answers for it."""
    able = [row for row in rows if row["state"] in ENDED]
    number = {each.id: sum(each.id in (row["version"], *row["on"]) for row in able) for each in versions}
    known = [each for each in versions if number[each.id]]
    return max(known, key=lambda each: (number[each.id], each.number), default=None)


def faces_of(manifest: pd.DataFrame, label: str, limit: int) -> pd.DataFrame:
    """Some images of a class, always the same ones."""
    own = readable(manifest)
    own = own[own["label"] == label]
    return own.sample(min(limit, len(own)), random_state=0)
