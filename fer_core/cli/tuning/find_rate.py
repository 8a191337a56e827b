"""The verb that looks for a learning rate: find-rate."""

from __future__ import annotations

from pathlib import Path

import click

from fer_core.cli.common import dataset, settings_option, version_option
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work


@click.command("find-rate")
@click.option("--dataset", "name", metavar="NAME", required=True, help="Dataset to train on.")
@click.option("--recipe", metavar="RECIPE", required=True, help="A name from `recipes`, or a .toml file.")
@version_option
@settings_option
@click.option("--low", type=float, default=1e-6, show_default=True, help="Rate to begin with.")
@click.option("--high", type=float, default=1.0, show_default=True, help="Rate to end with.")
@click.option(
    "--steps", type=int, metavar="N", help="Rates in between. Else 100, and 300 where these tell nothing."
)
@job_option
@reports
def find_rate(
    name: str,
    recipe: str,
    version: str | None,
    settings: tuple[str, ...],
    low: float,
    high: float,
    steps: int | None,
    job: Path | None,
) -> Report:
    """Look for a learning rate: train a few steps while the rate rises, and see where the loss falls (Smith 2017).

    Proposed is the lower of two: where the smoothed loss falls most steeply, and a tenth of the rate where it is lowest.
    Nothing is kept of the steps; the test split is not looked at.
    """
    from fer_core.cli.training import settings_of
    from fer_core.recipes.recipe import load
    from fer_core.scheduling.rate_finder import find_rate

    with work(job) as task:
        found = find_rate(
            dataset(name), version, load(recipe), settings_of(settings),
            low=low, high=high, steps=steps, progress=task.progress,
        )  # fmt: skip
        task.result = found
    read = [("falls most steeply", found["steepest"]), ("a tenth of where it is lowest", found["tenth"])]
    rows = [(what, "-" if rate is None else f"{rate:.2e}") for what, rate in read]
    if found["proposed"] is None:
        last = "The loss did not clearly fall at any rate: try more --steps, or another network or optimizer"
    else:
        last = f"Proposed: --set optimizer.learning_rate={found['proposed']:.2g}"
    if found["proposed"] is not None and not found["broke"]:
        end = f"{found['rates'][-1]:g}"
        last += f"\nThe loss did not break away up to {end}: take it as the most that was seen, and compare with a tenth"
    return Report(found, "\n".join([table(("the loss", "rate"), rows), "", last]))
