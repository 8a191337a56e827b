"""Looking for a learning rate: a short training whose rate rises, its chart, and the button that takes what it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fer_core import jobs
from fer_core.charts.rates import loss_by_rate
from fer_core.jobs.tasks import FindRate
from fer_core.recipes import toml
from fer_core.ui.components import markup, style
from fer_core.ui.shell import job_progress, page

RATE = "optimizer.learning_rate"
_HELP = (
    "Trains a hundred steps while the rate rises, three hundred where these tell nothing, and throws them away. Proposed is "
    "the lower of two: where the loss falls most steeply, and a tenth of where it is lowest (Smith 2017)"
)


def progress(scope: page.Scope, name: str, settings: Mapping[str, Any]) -> None:
    """How far the search for these settings is, whatever their rate; nothing where none works.

    Args:
        scope: dataset and version.
        name: of the recipe on the form.
        settings: what is changed against the recipe.
    """
    job_progress.job_card(jobs.latest(scope.workspace, _task(scope, name, settings)), "Looking for a rate")


def button(scope: page.Scope, name: str, settings: Mapping[str, Any], widget: str) -> None:
    """What starts it; once it has answered, the chart in a popover and the button that takes the rate.

    Args:
        scope, name, settings: as `progress`.
        widget: key of the form's field of the rate, which the button fills in.
    """
    task = _task(scope, name, settings)
    job = jobs.latest(scope.workspace, task)
    if job and job.state == "finished":
        _answer(job.result, widget)
    elif not (job and job.state == "running") and st.button(
        "Find a rate", icon=":material/speed:", type="tertiary", key="train-find-rate", help=_HELP
    ):
        jobs.start(scope.workspace, task)
        st.rerun()


def _task(scope: page.Scope, name: str, settings: Mapping[str, Any]) -> FindRate:
    changed = tuple(f"{key}={toml.inline(value)}" for key, value in settings.items() if key != RATE)
    return FindRate(scope.dataset.name, scope.version.id, name, changed)


def _answer(found: Mapping[str, Any], widget: str) -> None:
    proposed = found["proposed"]
    rate = None if proposed is None else float(f"{proposed:.2g}")
    with st.popover(
        "No rate found" if rate is None else "Loss by rate",
        icon=":material/speed:",
        type="tertiary",
        key="train-rate",
    ):
        st.html(markup.heading("Loss over a rising rate"))
        spec = loss_by_rate(
            found["rates"], found["losses"], found["smoothed"], proposed, dark=style.is_dark()
        )
        st.vega_lite_chart(spec=spec, theme=None, key="train-rates")
        st.html(f'<p class="fer-note">{_told(found)}</p>')
    if rate is None:
        return

    def take() -> None:
        st.session_state[widget] = rate

    st.button(f"Take {rate:g}", icon=":material/check:", key="train-take-rate", on_click=take)


def _told(found: Mapping[str, Any]) -> str:
    if found["proposed"] is None:
        return (
            f"The loss did not clearly fall in {len(found['rates'])} steps: try another network or optimizer."
        )
    told = f"Falls most steeply at {found['steepest']:.1e}; a tenth of where it is lowest is {found['tenth']:.1e}."
    if not found["broke"]:
        told += " The loss did not break away at any rate: take it as the most that was seen, and compare with a tenth."
    return told
