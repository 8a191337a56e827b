"""Verbs about runs before and while they work: estimate, queue, pause, cancel, logs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from fer_core.cli.common import dataset, version_option, workspace
from fer_core.cli.report import Report, json_wanted, reports, table
from fer_core.cli.work import job_option, work

_COLUMNS = ("place", "run", "recipe", "dataset", "planned_epochs")


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
    from fer_core.runs import queue as line
    from fer_core.runs import store

    home = workspace()
    if move is not None:
        line.move(store.get(home, move), place)
    line.advance(home)
    rows: list[dict[str, Any]] = []
    for number, run in enumerate(line.waiting(home), start=1):
        summary = run.summary()
        rows.append({"place": number, **{key: summary[key] for key in _COLUMNS[1:]}})
    text = (
        table(_COLUMNS, [[row[column] for column in _COLUMNS] for row in rows]) if rows else "No run waits."
    )
    return Report(rows, text)


@click.command("pause")
@click.argument("run")
@reports
def pause(run: str) -> Report:
    """Pause a run after the epoch it is in; `train --resume RUN` goes on.

    Waits until the epoch has ended. A run that has ended is left as it is.
    """
    from fer_core.runs import again, launcher, store

    found = store.get(workspace(), run)
    again.pause(found)
    if found.state != "queued":
        launcher.wait(found)
    state = found.state
    return Report({"run": found.id, "state": state}, f"{found.id} is {state}")


@click.command("cancel")
@click.argument("run")
@reports
def cancel(run: str) -> Report:
    """Take a waiting run out of the queue; it never starts. One that works already is not touched."""
    from fer_core.errors import RunError
    from fer_core.runs import launcher, store

    found = store.get(workspace(), run)
    if found.state != "queued":
        raise RunError(
            f"Run {found.id} does not wait", received=f"state={found.state}", hint="`stop` ends it"
        )
    launcher.stop(found)
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
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a field of the recipe; may be repeated.",
)
@job_option
@reports
def estimate(
    name: str, recipe: str, version: str | None, settings: tuple[str, ...], job: Path | None
) -> Report:
    """Say what a run would take, from ten steps of it: parameters, time and memory.

    Nothing is kept of the steps.
    """
    from fer_core.cli.training import settings_of
    from fer_core.runs.estimate import estimate as measured
    from fer_core.training.recipe import load

    with work(job) as task:
        task.progress(0, 0, "a few steps")
        task.result = measured(dataset(name), version, load(recipe), settings_of(settings))
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
