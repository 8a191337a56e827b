"""Verbs about runs before and while they work: estimate, queue, pause, cancel, logs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TypedDict

import click

from fer_core.cli.common import dataset, settings_option, version_option, workspace
from fer_core.cli.report import Report, json_wanted, reports, table
from fer_core.cli.work import job_option, work


class WaitingRun(TypedDict):
    """A run that waits; `place` counts from 1."""

    place: int
    run: str
    recipe: str | None
    dataset: str | None
    planned_epochs: int | None


_COLUMNS = tuple(WaitingRun.__annotations__)


@click.command("queue")
@click.option("--move", metavar="RUN", default=None, help="Give this waiting run another place.")
@click.option(
    "--to",
    "place",
    type=click.IntRange(min=1),
    metavar="PLACE",
    default=1,
    show_default=True,
    help="The place, from 1.",
)
@reports
def queue(move: str | None, place: int) -> Report:
    """List the runs that wait, the next first, and start what there is room for.

    One run works at a time; FER_SLOTS allows more.
    """
    from fer_core.runs import store
    from fer_core.scheduling import queue

    home = workspace()
    if move is not None:
        queue.move(store.get(home, move), place)
    queue.advance(home)
    rows: list[WaitingRun] = []
    for number, run in enumerate(queue.waiting(home), start=1):
        about = run.summary()
        rows.append(WaitingRun(place=number, run=run.id, recipe=about["recipe"], dataset=about["dataset"],
                               planned_epochs=about["planned_epochs"]))  # fmt: skip
    text = table(_COLUMNS, [list(row.values()) for row in rows]) if rows else "No run waits."
    return Report(rows, text)


@click.command("pause")
@click.argument("run")
@reports
def pause(run: str) -> Report:
    """Pause a run after the epoch it is in; `train --resume RUN` goes on.

    Waits until the epoch has ended. A run that has ended is left as it is.
    """
    from fer_core.runs import store
    from fer_core.scheduling import resume, start

    found = store.get(workspace(), run)
    resume.pause(found)
    if found.state != "queued":
        start.wait(found)
    state = found.state
    return Report({"run": found.id, "state": state}, f"{found.id} is {state}")


@click.command("cancel")
@click.argument("run")
@reports
def cancel(run: str) -> Report:
    """Take a waiting run out of the queue; it never starts. One that works already is not touched."""
    from fer_core.base.errors import RunError
    from fer_core.runs import store
    from fer_core.scheduling import start

    found = store.get(workspace(), run)
    if found.state != "queued":
        raise RunError(
            f"Run {found.id} does not wait",
            received=f"state={found.state}",
            hint=f"`fer stop {found.id}` ends it",
        )
    start.stop(found)
    return Report({"run": found.id, "state": found.state}, f"{found.id} is taken out of the queue")


@click.command("logs")
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "--lines",
    type=click.IntRange(1, 2000),
    metavar="N",
    default=40,
    show_default=True,
    help="How many of the last lines.",
)
@reports
def logs(run: str, follow: bool, lines: int) -> Report:
    """Print what the training process says."""
    from fer_core.runs import store
    from fer_core.runs.run import ACTIVE

    found = store.get(workspace(), run)
    shown = found.log_tail(lines)
    if follow and not json_wanted():
        click.echo(shown)
        shown = ""
        with open(found.folder / "log.txt", encoding="utf-8", errors="replace") as log:
            log.seek(0, 2)
            while True:
                ended = found.state not in ACTIVE
                click.echo(log.read(), nl=False)
                if ended:
                    break
                time.sleep(0.3)
    return Report({"run": found.id, "state": found.state, "lines": found.log_tail(lines).splitlines()}, shown)


@click.command("estimate")
@click.option("--dataset", "name", metavar="NAME", required=True, help="Dataset to train on.")
@click.option("--recipe", metavar="RECIPE", required=True, help="A name from `recipes`, or a .toml file.")
@version_option
@settings_option
@job_option
@reports
def estimate(
    name: str, recipe: str, version: str | None, settings: tuple[str, ...], job: Path | None
) -> Report:
    """Say what a run would take, from ten steps of it: parameters, time and memory.

    Nothing is kept of the steps.
    """
    from fer_core.cli.training import settings_of
    from fer_core.recipes.recipe import load
    from fer_core.scheduling.estimate import estimate

    with work(job) as task:
        task.progress(0, 0, "a few steps")
        task.result = estimate(dataset(name), version, load(recipe), settings_of(settings))
    found = task.result
    rows = [
        ("parameters", f"{found['parameters']:,}, {found['trainable_parameters']:,} trained"),
        ("an epoch", f"{found['epoch_seconds']:,.1f} s"),
        (f"{found['epochs']} epochs", f"{found['total_seconds']:,.0f} s"),
        ("images/s", f"{found['images_per_second']:,.0f}"),
        ("memory", f"{found['memory_bytes'] / 1e9:,.1f} GB"),
        ("device", found["device"]),
    ]
    return Report(found, table(("of a run", ""), rows))


COMMANDS: list[click.Command] = [estimate, queue, pause, cancel, logs]
