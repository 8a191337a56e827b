"""Verbs that look for better values of fields: tune, find-rate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from fer_core.base.errors import RecipeError
from fer_core.cli.common import dataset, settings_option, version_option, workspace
from fer_core.cli.report import Report, reports, table
from fer_core.cli.tuning.find_rate import find_rate
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.scheduling.search import SearchStanding


@click.command("tune")
@click.argument("name", metavar="[DATASET]", required=False)
@click.option(
    "--recipe", metavar="RECIPE", default=None, help="What is varied: a name from `recipes`, or a .toml file."
)
@version_option
@settings_option
@click.option(
    "--vary",
    "varied",
    multiple=True,
    metavar="FIELD=RANGE",
    help="LOW..HIGH, or A,B,C; without =, the proposed range. May be repeated.",
)
@click.option("--trials", type=int, metavar="N", default=20, show_default=True, help="Trials at most.")
@click.option(
    "--budget-hours",
    type=float,
    metavar="H",
    default=None,
    help="Hours of training, all trials together; fresh seeds come on top.",
)
@click.option(
    "--sampler",
    type=click.Choice(["tpe", "random"]),
    default="tpe",
    show_default=True,
    help="tpe learns from the trials before.",
)
@click.option("--name", "search", metavar="NAME", default="", help="Of the search; else one is made.")
@click.option(
    "--resume", "resumed", metavar="NAME", default=None, help="Go on with a search, whatever ended it."
)
@click.option(
    "--show", "shown", metavar="NAME", default=None, help="Tell how far a search is, and leave it alone."
)
@click.option(
    "--delete",
    "deleted",
    metavar="NAME",
    default=None,
    help="Delete a search; its runs stay, as all runs do.",
)
@job_option
@reports
def tune(
    name: str | None,
    recipe: str | None,
    version: str | None,
    settings: tuple[str, ...],
    varied: tuple[str, ...],
    trials: int,
    budget_hours: float | None,
    sampler: str,
    search: str,
    resumed: str | None,
    shown: str | None,
    deleted: str | None,
    job: Path | None,
) -> Report:
    """Search over fields of a recipe: draw trials, let the better third train on, judge the winner with fresh seeds.

    Works on all slots of the queue (FER_SLOTS). Validation alone decides; test is not looked at. Ctrl-C pauses the runs, and
    --resume goes on, also after a kill.
    """
    from fer_core.cli.training import settings_of
    from fer_core.scheduling.search import begin, carry_on, delete, read

    home = workspace()
    there = {"show": shown, "resume": resumed, "delete": deleted}
    if any(each is not None for each in there.values()):
        _check_alone(there, bool(name or recipe or version or settings or varied or search))
        if shown is not None:
            return _report(read(home, shown))
        if deleted is not None:
            runs = delete(home, deleted)
            told = f"{deleted} is deleted; {len(runs)} runs stay"
            return Report({"search": deleted, "deleted": True, "runs": runs}, told)
        going = resumed or ""
    elif not name or not recipe or not varied:
        hint = "Such as fer tune faces --recipe compact --vary learning_rate"
        raise RecipeError("tune needs a dataset, --recipe and --vary, or --resume NAME", hint=hint)
    else:
        found = dataset(name)
        plan = begin(
            found, version, recipe, varied,
            name=search, trials=trials, budget_hours=budget_hours, sampler=sampler, settings=settings_of(settings),
        )  # fmt: skip
        going = plan.name
        click.echo(f"{going} is starting; Ctrl-C pauses it, `fer tune --resume {going}` goes on", err=True)
    with work(job) as task:

        def tell(standing: SearchStanding) -> None:
            done, total = standing.progress
            task.progress(done, total, "trials through" if standing.result is None else "fresh seeds")

        carry_on(home, going, tell)
        standing = read(home, going)
        task.result = {"search": going}
    return _report(standing)


def _check_alone(there: Mapping[str, str | None], others: bool) -> None:
    """Raise RecipeError where options stand beside the one that names a search."""
    given = click.get_current_context().get_parameter_source
    kept = [
        each for each in ("trials", "budget_hours", "sampler") if given(each) is ParameterSource.COMMANDLINE
    ]
    if others or kept or sum(each is not None for each in there.values()) > 1:
        hint = "A search keeps its dataset, version, recipe, ranges, trials, budget and sampler"
        raise RecipeError("--resume, --show and --delete stand alone", received="other options", hint=hint)


def _report(standing: SearchStanding) -> Report:
    from fer_core.scheduling.search import document_of, lineage

    fields = [each.field for each in standing.plan.space]
    rows = [
        [trial.number, *(trial.values.get(field) for field in fields), trial.epochs, trial.score, trial.state]
        for trial in standing.trials
    ]
    parts = [table(("trial", *fields, "epochs", "val score", "state"), rows)] if rows else []
    if standing.importance:
        told = [[field, share] for field, share in standing.importance.items()]
        parts.append(table(("field", "share of the differences"), told))
    if standing.leader is not None:
        parts.append("\n".join(lineage(standing)))
    document = document_of(workspace(), standing)
    if standing.phase == "ended":
        parts.append(f"Recipe: {document['recipe']}")
    else:
        left = f"{document['trials_left']} trials still to be drawn"
        parts.append(f"At {standing.phase}, {left}; `fer tune --resume {standing.plan.name}` goes on")
    return Report(document, "\n\n".join(parts))


COMMANDS: list[click.Command] = [tune, find_rate]
