"""What the run on the form would take: as an earlier run of the same network told, or measured by ten steps of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import psutil
import streamlit as st

from fer_core import jobs
from fer_core.training.recipe import Recipe
from fer_core.ui import html, live, page, run_data
from fer_core.ui.run_data import Look

_FAST = "compact"
_MUCH = 3.0  # times slower than the fast recipe
_SHARE = 0.85  # of the machine's memory that a run may take


def card(
    scope: page.Scope, name: str, recipe: Recipe, settings: Mapping[str, Any], looks: Sequence[Look]
) -> None:
    """What is known, and the button that measures; an answer belongs to exactly these settings.

    Args:
        scope: dataset and version.
        name: of the recipe on the form.
        recipe: with the settings in it.
        settings: what is changed against the recipe.
        looks: the runs there are.
    """
    arguments = ["estimate", "--dataset", scope.dataset.name, "--version", scope.version.id, "--recipe", name]
    for key, value in settings.items():
        arguments += ["--set", f"{key}={_text(value)}"]
    job = next((j for j in jobs.recent(scope.workspace) if j.args == arguments), None)
    if job and job.state == "running":
        _follow(scope, job.id)
        return
    if job and job.state == "finished":
        found = job.result
        st.html(_answer(found, recipe, f"measured by ten steps on {found['device']}"))
        _verdicts(found, name, looks, scope.version.id)
        return
    if known := _like(looks, scope.version.id, recipe):
        st.html(_answer(known, recipe, f"as run {run_data.number(known['run'])} took"))
        _verdicts(known, name, looks, scope.version.id)
    if job and job.state in {"failed", "lost"}:
        st.error(job.error, icon=":material/error:")
    help_ = "Trains ten steps on this device and throws them away: parameters, seconds per epoch, memory"
    if st.button("Estimate", icon=":material/timer:", width="stretch", key="train-estimate", help=help_):
        jobs.start(scope.workspace, arguments, title=f"Estimating {name}")
        st.rerun()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _toml(value) if isinstance(value, list) else str(value)


def _toml(value: Any) -> str:
    """A list of tables as one line of TOML."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else _text(value)


def _like(looks: Sequence[Look], version: str, recipe: Recipe) -> dict[str, Any] | None:
    """What the newest run of the same network in the same batches on this version took; None of none."""
    for look in looks:
        if look.run.version != version or not look.rows or not look.info.get("parameters"):
            continue
        other = run_data.recipe(look.run)
        if (
            other is None
            or other.model != recipe.model
            or other.training.batch_size != recipe.training.batch_size
        ):
            continue
        seconds = median(float(row.get("seconds", 0.0)) for row in look.rows)
        memory = max((float(row.get("rss_mb") or 0.0) for row in look.rows), default=0.0)
        return {
            "run": look.id,
            "parameters": int(look.info["parameters"]),
            "trainable_parameters": int(look.info.get("trainable_parameters") or look.info["parameters"]),
            "epoch_seconds": seconds,
            "memory_bytes": memory * 1e6,
        }
    return None


def _answer(found: Mapping[str, Any], recipe: Recipe, origin: str) -> str:
    epoch = float(found["epoch_seconds"])
    parts = [f"<b>{int(found['parameters']):,}</b> parameters"]
    if int(found["trainable_parameters"]) < 0.9 * int(found["parameters"]):
        parts.append(f"{int(found['trainable_parameters']):,} of them trained")
    parts.append(f"about <b>{_time(epoch)}</b> an epoch")
    parts.append(f"{html.duration(epoch * recipe.training.epochs)} for {recipe.training.epochs:,}")
    if found["memory_bytes"]:
        parts.append(f"{found['memory_bytes'] / 1e9:.1f} GB")
    return f'<p class="fer-note">{" · ".join(parts)}<br><span class="fer-muted">{html.esc(origin)}</span></p>'


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else html.duration(seconds)


def _verdicts(found: Mapping[str, Any], name: str, looks: Sequence[Look], version: str) -> None:
    """A network larger than the memory, or one that takes far longer than the fast one."""
    total = psutil.virtual_memory().total
    told = []
    if found["memory_bytes"] > _SHARE * total:
        text = f"needs {found['memory_bytes'] / 1e9:.1f} GB of {total / 1e9:.1f} GB: a smaller batch or model"
        told.append(html.chip("bad", text, "It would be slowed down by swapping, or killed"))
    if name != _FAST:
        quick = next(
            (k for k in looks if k.run.version == version and k.info.get("recipe") == _FAST and k.rows), None
        )
        if quick:
            times = float(found["epoch_seconds"]) / max(
                median(float(row.get("seconds", 0.0)) for row in quick.rows), 1e-6
            )
            if times >= _MUCH:
                told.append(
                    html.chip("look", f"{_FAST} is {times:.0f}× faster here", f"As run {quick.id} took")
                )
    if told:
        st.html(" ".join(chip.text for chip in told))


@st.fragment(run_every=0.7)
def _follow(scope: page.Scope, job_id: str) -> None:
    job = jobs.get(scope.workspace, job_id)
    if job.state != "running":
        st.rerun(scope="app")
    live.job_progress(job, "Estimating")
