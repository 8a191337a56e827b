"""What a search leaves: a recipe file that says where it comes from and what its score is worth."""

from __future__ import annotations

from pathlib import Path

from fer_core.base.atomic import write_atomic
from fer_core.base.errors import RunError
from fer_core.recipes.recipe import Recipe, builtin_names, override, to_toml
from fer_core.scheduling.search.plan import BEST
from fer_core.scheduling.search.standing import SearchStanding


def recipe_of(standing: SearchStanding) -> Recipe:
    """The recipe of the trial that is ahead, under the search's name, with the seed of the recipe that was varied.

    Raises:
        RunError: no trial has a score yet.
    """
    if standing.leader is None:
        raise RunError("No trial of the search has a score yet", received=standing.plan.name)
    plan = standing.plan
    found = override(plan.recipe, dict(standing.trials[standing.leader].values))
    parent = plan.recipe.name if plan.recipe.name in builtin_names() else ""
    return found.model_copy(
        update={"name": plan.name, "extends": parent, "description": f"Found by search {plan.name}"}
    )


def lineage(standing: SearchStanding) -> list[str]:
    """Where the winner comes from, a sentence a line."""
    plan, lines = standing.plan, []
    best = standing.trials[standing.leader or 0]
    lines.append(
        f"Found by search {plan.name}, begun {plan.created}, on {plan.dataset}, version {plan.version}"
    )
    lines.append(f"Varied from {plan.recipe.name}: {'; '.join(plan.varied)}")
    rungs = ", ".join(map(str, plan.rungs))
    lines.append(
        f"{len(standing.trials)} trials ({plan.sampler}), compared after {rungs} epochs on validation alone"
    )
    run = best.run.id if best.run else "no run"
    lines.append(f"Winner: trial {best.number}, run {run}, validation score {best.score:.4f}")
    if (found := standing.result) is not None:
        runs = ", ".join(each.run.id for each in standing.fresh if each.run)
        spread = "" if found.sd is None else f" ± {found.sd:.4f}"
        lines.append(f"Fresh seeds: {runs}: mean {found.mean:.4f}{spread}")
        lines.append(f"Optimism of the best of {len(standing.trials)}: {found.optimism:+.4f}")
    return lines


def write(folder: Path, standing: SearchStanding) -> None:
    """Write `best.toml` into the folder of a search: a complete recipe with its lineage on top."""
    head = "".join(f"# {line}\n" for line in lineage(standing))
    write_atomic(folder / BEST, f"{head}\n{to_toml(recipe_of(standing))}")
