"""A search as it was asked for, and where it is kept: `models/searches/NAME/`.

    journal.jsonl    Optuna's journal: the plan, and of every trial its values and what it reached after the first rung
    best.toml        the recipe that won, once the search has ended
    .lock            held by whoever carries it on

All else is read from the runs: each carries the name of its search, and its number in it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from fer_core.base.errors import NotFound, RecipeError
from fer_core.base.workspace import Workspace, check_name
from fer_core.recipes.recipe import Recipe, parse
from fer_core.scheduling.search.space import VariedField, read_field

SAMPLERS = ("tpe", "random")
TRIALS, MOST_TRIALS = 20, 500
FRESH = 3
"""Runs with fresh seeds that the winner is judged by."""
JOURNAL, BEST = "journal.jsonl", "best.toml"


@dataclass(frozen=True)
class SearchPlan:
    """What a search does; it never changes.

    Attributes:
        name: of the search.
        dataset, version: trained on.
        recipe_toml: the complete recipe that is varied.
        varied: fields and their ranges, as `--vary` takes them.
        trials: at most.
        budget_hours: of training, of all trials together; None for no limit.
        sampler: "tpe" or "random".
        cohort: trials drawn by the same knowledge: TPE learns when all of them have reached the first rung, so that what it
            proposes does not depend on which was faster.
        rungs: epochs after which trials are compared.
        created: UTC, ISO 8601.
    """

    name: str
    dataset: str
    version: str
    recipe_toml: str
    varied: tuple[str, ...]
    trials: int
    budget_hours: float | None
    sampler: str
    cohort: int
    rungs: tuple[int, ...]
    created: str

    @cached_property
    def recipe(self) -> Recipe:
        return parse(self.recipe_toml)

    @cached_property
    def space(self) -> tuple[VariedField, ...]:
        return tuple(read_field(self.recipe, text) for text in self.varied)

    def seed_of(self, trial: int) -> int:
        """The training seed of a trial; those of the winner's fresh runs follow after all that trials can have."""
        return self.recipe.training.seed + trial

    def record(self) -> dict[str, object]:
        """JSON-ready."""
        return asdict(self)


def check_plan(trials: int, budget_hours: float | None, sampler: str) -> None:
    """Raise RecipeError for numbers that make no search."""
    if not 1 <= trials <= MOST_TRIALS:
        raise RecipeError(f"A search has 1 to {MOST_TRIALS} trials", received=trials)
    if budget_hours is not None and not budget_hours > 0:
        raise RecipeError("The budget is in hours, above 0", received=budget_hours)
    if sampler not in SAMPLERS:
        raise RecipeError(f"`sampler` must be one of {{{', '.join(map(repr, SAMPLERS))}}}", received=sampler)


def folder_of(workspace: Workspace, name: str) -> Path:
    """Where the search of that name is kept, or would be."""
    return workspace.models / "searches" / check_name(name, "search")


def names(workspace: Workspace) -> list[str]:
    """The searches of a workspace, the newest first."""
    found = (workspace.models / "searches").glob(f"[!.]*/{JOURNAL}")
    return [path.parent.name for path in sorted(found, key=lambda path: path.stat().st_ctime, reverse=True)]


def find(workspace: Workspace, name: str) -> Path:
    """The folder of a search.

    Raises:
        NotFound: there is none of that name.
    """
    folder = folder_of(workspace, name)
    if not (folder / JOURNAL).is_file():
        known = ", ".join(names(workspace)[:8])
        raise NotFound(
            "Search not found", received=name, hint=f"Known: {known}" if known else "There is none yet"
        )
    return folder
