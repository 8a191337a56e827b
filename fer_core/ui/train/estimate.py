"""What the run on the form would take: as an earlier run of the same network told, or measured by ten steps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psutil
import streamlit as st

from fer_core import jobs
from fer_core.jobs.tasks import Estimate
from fer_core.recipes import toml
from fer_core.recipes.recipe import Recipe
from fer_core.scheduling import estimate
from fer_core.scheduling.known_cost import ExpectedCost, PastRun, cost_of, epoch_seconds
from fer_core.scheduling.presets import FAST
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress, page, run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot


def card(
    scope: page.Scope,
    name: str,
    recipe: Recipe,
    settings: Mapping[str, Any],
    snapshots: Sequence[RunSnapshot],
) -> None:
    """What is known, or how far the measurement is; an answer belongs to exactly these settings.

    Args:
        scope: dataset and version.
        name: of the recipe on the form, or the path of its file.
        recipe: with the settings in it.
        settings: what is changed against the recipe.
        snapshots: the runs there are.
    """
    job = jobs.latest(scope.workspace, _task(scope, name, settings))
    if job_progress.job_card(job, "Estimating"):
        return
    if job and job.state == "finished":
        found, origin = _measured(job.result)
        st.html(_answer(found, recipe, origin))
        _verdicts(found, name, snapshots, scope.version.id)
        return
    if known := cost_of(past(snapshots), recipe, scope.version.id, images(scope)):
        st.html(_answer(known, recipe, _origin(known)))
        _verdicts(known, name, snapshots, scope.version.id)


def button(scope: page.Scope, name: str, settings: Mapping[str, Any]) -> None:
    """Starts the measurement; not there while one works, or once it is known."""
    task = _task(scope, name, settings)
    if (job := jobs.latest(scope.workspace, task)) and job.state in ("running", "finished"):
        return
    help_ = "Trains ten steps on this device and throws them away: parameters, seconds per epoch, memory"
    if st.button("Estimate", icon=":material/timer:", type="tertiary", key="train-estimate", help=help_):
        jobs.start(scope.workspace, task)
        st.rerun()


def _task(scope: page.Scope, name: str, settings: Mapping[str, Any]) -> Estimate:
    changed = tuple(f"{key}={toml.inline(value)}" for key, value in settings.items())
    return Estimate(scope.dataset.name, scope.version.id, name, changed)


def past(snapshots: Sequence[RunSnapshot]) -> list[PastRun]:
    """What is known of runs, for what another would take."""
    return [
        PastRun(one.id, one.info, one.rows, run_snapshots.recipe(one.run)) for one in snapshots if one.rows
    ]


def images(scope: page.Scope) -> int:
    """Images an epoch goes through."""
    splits = scope.version.images_per_split
    return int(splits.get("train", 0)) + int(splits.get("val", 0))


def _measured(found: Mapping[str, Any]) -> tuple[ExpectedCost, str]:
    """What the job of an estimate found."""
    cost = ExpectedCost(
        int(found["parameters"]), int(found["trainable_parameters"]), float(found["epoch_seconds"]),
        float(found["memory_bytes"]),
    )  # fmt: skip
    return cost, f"measured by ten steps on {found['device']}"


def _origin(cost: ExpectedCost) -> str:
    told = f"as run {run_snapshots.number(cost.run)} took"
    return f"{told}, brought to this many images" if cost.scaled else told


def _answer(found: ExpectedCost, recipe: Recipe, origin: str) -> str:
    epoch = found.epoch_seconds
    parts = [f"<b>{found.parameters:,}</b> parameters"]
    if estimate.partly_frozen(found.trainable_parameters, found.parameters):
        parts.append(f"{found.trainable_parameters:,} of them trained")
    parts.append(f"about <b>{_time(epoch)}</b> an epoch")
    parts.append(f"{markup.duration(epoch * recipe.training.epochs)} for {recipe.training.epochs:,}")
    if found.memory_bytes:
        parts.append(f"{found.memory_bytes / 1e9:.1f} GB")
    return f'<p class="fer-note fer-tight">{" · ".join(parts)} · <span class="fer-muted">{markup.esc(origin)}</span></p>'


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else markup.duration(seconds)


def _verdicts(found: ExpectedCost, name: str, snapshots: Sequence[RunSnapshot], version: str) -> None:
    """A network larger than the memory, or one that takes far longer than the fast one."""
    total = psutil.virtual_memory().total
    told = []
    if not estimate.fits(found.memory_bytes, total):
        text = f"needs {found.memory_bytes / 1e9:.1f} GB of {total / 1e9:.1f} GB: a smaller batch or model"
        told.append(markup.chip("bad", text, "It would be slowed down by swapping, or killed"))
    if name != FAST:
        fast = (k for k in snapshots if k.run.version == version and k.info.get("recipe") == FAST)
        timed = ((k.id, seconds) for k in fast if (seconds := epoch_seconds(k.rows)) is not None)
        quick, usual = next(timed, ("", 0.0))
        if quick and (times := estimate.times_slower(found.epoch_seconds, usual)):
            told.append(markup.chip("warn", f"{FAST} is {times:.0f}× faster here", f"As run {quick} took"))
    if told:
        st.html(" ".join(told))
