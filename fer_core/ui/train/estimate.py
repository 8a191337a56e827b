"""What the run on the form would take: as an earlier run of the same network told, or measured by ten steps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psutil
import streamlit as st

from fer_core import jobs
from fer_core.jobs.tasks import Estimate
from fer_core.recipes import toml
from fer_core.recipes.recipe import Recipe
from fer_core.scheduling import estimate
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress, page, run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot

_FAST = "compact"


def card(
    scope: page.Scope,
    name: str,
    recipe: Recipe,
    settings: Mapping[str, Any],
    snapshots: Sequence[RunSnapshot],
) -> None:
    """What is known, and the button that measures; an answer belongs to exactly these settings.

    Args:
        scope: dataset and version.
        name: of the recipe on the form.
        recipe: with the settings in it.
        settings: what is changed against the recipe.
        snapshots: the runs there are.
    """
    changed = tuple(f"{key}={toml.inline(value)}" for key, value in settings.items())
    task = Estimate(scope.dataset.name, scope.version.id, name, changed)
    job = jobs.latest(scope.workspace, task)
    if job_progress.job_card(job, "Estimating"):
        return
    if job and job.state == "finished":
        found = _measured(job.result)
        st.html(_answer(found, recipe))
        _verdicts(found, name, snapshots, scope.version.id)
        return
    if known := _like(snapshots, scope.version.id, recipe):
        st.html(_answer(known, recipe))
        _verdicts(known, name, snapshots, scope.version.id)
    help_ = "Trains ten steps on this device and throws them away: parameters, seconds per epoch, memory"
    if st.button("Estimate", icon=":material/timer:", width="stretch", key="train-estimate", help=help_):
        jobs.start(scope.workspace, task)
        st.rerun()


@dataclass(frozen=True)
class _Cost:
    """What a run takes: parameters, seconds of an epoch, bytes of memory; and how that is known."""

    parameters: int
    trainable_parameters: int
    epoch_seconds: float
    memory_bytes: float
    origin: str


def _measured(found: Mapping[str, Any]) -> _Cost:
    """What the job of an estimate found."""
    origin = f"measured by ten steps on {found['device']}"
    return _Cost(
        int(found["parameters"]), int(found["trainable_parameters"]), float(found["epoch_seconds"]),
        float(found["memory_bytes"]), origin,
    )  # fmt: skip


def _like(snapshots: Sequence[RunSnapshot], version: str, recipe: Recipe) -> _Cost | None:
    """What the newest run of the same network in the same batches on this version took; None of none."""
    for snapshot in snapshots:
        if snapshot.run.version != version or not snapshot.rows or not snapshot.info.get("parameters"):
            continue
        other = run_snapshots.recipe(snapshot.run)
        if (
            other is None
            or other.model != recipe.model
            or other.training.batch_size != recipe.training.batch_size
        ):
            continue
        seconds = median(float(row.get("seconds", 0.0)) for row in snapshot.rows)
        memory = max((float(row.get("rss_mb") or 0.0) for row in snapshot.rows), default=0.0)
        whole = int(snapshot.info["parameters"])
        trained = int(snapshot.info.get("trainable_parameters") or whole)
        return _Cost(
            whole, trained, seconds, memory * 1e6, f"as run {run_snapshots.number(snapshot.id)} took"
        )
    return None


def _answer(found: _Cost, recipe: Recipe) -> str:
    epoch = found.epoch_seconds
    parts = [f"<b>{found.parameters:,}</b> parameters"]
    if estimate.partly_frozen(found.trainable_parameters, found.parameters):
        parts.append(f"{found.trainable_parameters:,} of them trained")
    parts.append(f"about <b>{_time(epoch)}</b> an epoch")
    parts.append(f"{markup.duration(epoch * recipe.training.epochs)} for {recipe.training.epochs:,}")
    if found.memory_bytes:
        parts.append(f"{found.memory_bytes / 1e9:.1f} GB")
    return f'<p class="fer-note">{" · ".join(parts)}<br><span class="fer-muted">{markup.esc(found.origin)}</span></p>'


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else markup.duration(seconds)


def _verdicts(found: _Cost, name: str, snapshots: Sequence[RunSnapshot], version: str) -> None:
    """A network larger than the memory, or one that takes far longer than the fast one."""
    total = psutil.virtual_memory().total
    told = []
    if not estimate.fits(found.memory_bytes, total):
        text = f"needs {found.memory_bytes / 1e9:.1f} GB of {total / 1e9:.1f} GB: a smaller batch or model"
        told.append(markup.chip("bad", text, "It would be slowed down by swapping, or killed"))
    if name != _FAST:
        quick = next(
            (k for k in snapshots if k.run.version == version and k.info.get("recipe") == _FAST and k.rows),
            None,
        )
        if quick:
            usual = median(float(row.get("seconds", 0.0)) for row in quick.rows)
            if times := estimate.times_slower(found.epoch_seconds, usual):
                told.append(
                    markup.chip("warn", f"{_FAST} is {times:.0f}× faster here", f"As run {quick.id} took")
                )
    if told:
        st.html(" ".join(told))
