"""A search over the fields of a recipe: random or TPE, with successive halving, honest about its winner.

plan = search.begin(dataset, None, "compact", ["optimizer.learning_rate=1e-4..1e-2"], trials=20)
standing = search.carry_on(workspace, plan.name)         # or read(workspace, plan.name) while another process does
standing.result.optimism
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from fer_core.base.atomic import new_folder
from fer_core.base.errors import AlreadyExists
from fer_core.base.workspace import now
from fer_core.data.dataset import Dataset
from fer_core.recipes.recipe import Recipe, load, override, to_toml
from fer_core.runs.store import list_runs
from fer_core.scheduling import queue
from fer_core.scheduling.search import halving
from fer_core.scheduling.search.document import document_of
from fer_core.scheduling.search.plan import (
    MOST_TRIALS,
    SAMPLERS,
    TRIALS,
    SearchPlan,
    check_plan,
    folder_of,
    names,
)
from fer_core.scheduling.search.removal import delete
from fer_core.scheduling.search.space import check_space, proposed, read_field
from fer_core.scheduling.search.standing import SearchStanding, plan_of, read, runs_of
from fer_core.scheduling.search.winner import lineage, recipe_of
from fer_core.scheduling.search.work import carry_on
from fer_core.scheduling.start import check_startable

__all__ = [
    "MOST_TRIALS", "SAMPLERS", "TRIALS", "SearchStanding", "begin", "carry_on", "delete", "document_of", "lineage", "names",
    "plan_of", "proposed", "read", "recipe_of",
]  # fmt: skip

_COHORT = 4  # trials that TPE draws by the same knowledge, at least


def begin(
    dataset: Dataset,
    version: str | None,
    recipe: Recipe | str,
    varied: Sequence[str],
    *,
    name: str = "",
    trials: int = TRIALS,
    budget_hours: float | None = None,
    sampler: str = "tpe",
    settings: Mapping[str, Any] | None = None,
) -> SearchPlan:
    """Make a search; `carry_on` works on it.

    Args:
        dataset: to train on.
        version: id, start of an id, `v3`, or None for the newest.
        recipe: what is varied, its name, or the path of a `.toml` file.
        varied: fields with their ranges, see `space.read_field`.
        name: of the search; "" makes one.
        trials: at most.
        budget_hours: of training, all trials together; None: no limit. The winner's fresh seeds come on top.
        sampler: "tpe" or "random".
        settings: fields of the recipe to change for all trials.

    Raises:
        RecipeError: a field or range that is not valid, or numbers that make no search.
        AlreadyExists: a search of that name is there.
        NotFound, TooFewImages, RunError: as `scheduling.start.start`.
    """
    check_plan(trials, budget_hours, sampler)
    found = dataset.version(version)
    base = override(load(recipe) if isinstance(recipe, str) else recipe, settings or {})
    space = [read_field(base, text) for text in varied]
    check_space(base, space)
    check_startable(dataset, found.id, base)
    name = name or _free(dataset, base)
    folder = folder_of(dataset.workspace, name)
    plan = SearchPlan(
        name=folder.name,
        dataset=dataset.name,
        version=found.id,
        recipe_toml=to_toml(base),
        varied=tuple(each.text for each in space),
        trials=trials,
        budget_hours=budget_hours,
        sampler=sampler,
        cohort=max(_COHORT, queue.slots()) if sampler == "tpe" else 1,
        rungs=halving.rungs(base.training.epochs),
        created=now(),
    )
    override(base, {"name": plan.name})  # its recipe will be called so
    _check_free(dataset, plan.name)
    from fer_core.scheduling.search.journal import SearchJournal

    with new_folder(folder) as temporary:
        SearchJournal.write(temporary, plan)
    return plan


def _check_free(dataset: Dataset, name: str) -> None:
    """Raise AlreadyExists where a search has that name, or runs of one that was deleted, which would be taken for its own."""
    if folder_of(dataset.workspace, name).exists():
        raise AlreadyExists(
            "A search of this name is there", received=name, hint=f"`fer tune --resume {name}` goes on"
        )
    if runs_of(dataset.workspace, name):
        raise AlreadyExists(
            "Runs of a search of this name are there, which was deleted",
            received=name,
            hint="Take another name",
        )


def _free(dataset: Dataset, recipe: Recipe) -> str:
    """The first name of a search of this recipe that is not taken."""
    taken = {*names(dataset.workspace), *(run.info.get("search") for run in list_runs(dataset.workspace))}
    return next(each for n in count(1) if (each := f"{recipe.name}-search-{n}") not in taken)
