"""The parts of a dataset's status: steps on the way, the next action, and the story of its versions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.evaluation.leaderboard import LeaderboardRow


def count(number: int, word: str) -> str:
    """`1 run`, `2,100 runs`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


StepState = Literal["done", "open", "working", "ahead"]
"""Nothing left to do, something to do, at work now, or not begun."""


@dataclass(frozen=True)
class JourneyStep:
    """One part of the way.

    Attributes:
        name: Import, Copies, Labels, Split, Train, Compare or Try it.
        page: where it is done, as in the page's address.
        state: of `StepState`.
        facts: what is known, a few words each.
        caution: what is open or wrong; "" where nothing is.
    """

    name: str
    page: str
    state: StepState
    facts: tuple[str, ...]
    caution: str = ""


@dataclass(frozen=True)
class NextAction:
    """What to do next.

    Attributes:
        step: the step it belongs to.
        title: what to do, as an order.
        reason: why, one sentence.
        page: where, as in the page's address.
        verb: the command that does it or shows it.
    """

    step: str
    title: str
    reason: str
    page: str
    verb: str


@dataclass(frozen=True)
class VersionStory:
    """A version and what was made of it.

    Attributes:
        version: the version.
        changed: what made it, in numbers.
        certified: whether its certificate holds; None where it has none.
        runs: of it, the best on its own validation part first.
    """

    version: Version
    changed: str
    certified: bool | None
    runs: tuple[LeaderboardRow, ...]


@dataclass(frozen=True)
class DatasetStatus:
    """Everything about a dataset in one look.

    Attributes:
        dataset, version, number: what it is about; the newest version.
        images, classes, splits: readable images, class names, and images per split of it.
        steps: the way, from import to a model in use.
        next: the one thing to do; None where all that is left was put off.
        story: every version, oldest first.
    """

    dataset: str
    version: str
    number: int
    images: int
    classes: tuple[str, ...]
    splits: dict[str, int]
    steps: tuple[JourneyStep, ...]
    next: NextAction | None
    story: tuple[VersionStory, ...]

    def record(self) -> dict[str, object]:
        """JSON-ready; of each version its number, what changed, and its runs with their validation accuracy."""
        story = [
            {
                "version": each.version.id,
                "number": each.version.number,
                "parent": each.version.parent,
                "changed": each.changed,
                "certified": each.certified,
                "runs": [
                    {key: row[key] for key in ("run", "state", "recipe", "val_accuracy")} for row in each.runs
                ],
            }
            for each in self.story
        ]
        return asdict(self) | {"story": story}


@dataclass(frozen=True)
class StoredState:
    """What is stored about the newest version of a dataset, and what follows at once.

    Attributes:
        dataset, version, manifest: what it is about.
        compared: whether near and mirrored copies were looked for.
        queues: numbers of groups of copies by what is left to decide, as `review.copies.group_queues`.
        method: of the ranking of labels; "" where there is none.
        suspects: ids of images whose label is likely wrong.
        reviewed: how many of these somebody has seen.
        pending: decisions that are in no version yet.
        rows: the runs of all versions.
    """

    dataset: Dataset
    version: Version
    manifest: pd.DataFrame
    compared: bool
    queues: dict[str, list[int]]
    method: str
    suspects: frozenset[str]
    reviewed: int
    pending: int
    rows: tuple[LeaderboardRow, ...]

    @property
    def open_groups(self) -> int:
        return sum(len(found) for name, found in self.queues.items() if name != "settled")
