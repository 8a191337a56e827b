"""Where the difference of two runs comes from: a run per single change, queued by one button, and its gain."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from fer_core.base.errors import FerError
from fer_core.evaluation import ablation
from fer_core.evaluation.paired.attribution import Attribution, SettingChange
from fer_core.runs.run import ACTIVE, Run
from fer_core.ui.compare import actions, cached_curves, cached_runs
from fer_core.ui.compare.hyperparameters import verdict
from fer_core.ui.components import markup, messages, style
from fer_core.ui.shell import job_progress, page

Tried = list[tuple[SettingChange, Run | None]]


def tried(first: Run, second: Run) -> Tried | str:
    """The single changes between two runs with the run of each, or why there are none."""
    try:
        return ablation.tried(first, second)
    except FerError as error:
        return str(error)


def button(first: Run, second: Run, found: Tried | str) -> None:
    """The button that queues the single changes; nothing where all are there or there is nothing to attribute."""
    if isinstance(found, str):
        st.html(f'<p class="fer-muted">{markup.esc(found)}</p>')
        return
    missing = ablation.missing(found)
    if not missing:
        return
    if st.button(
        f"Attribute the gain: queue {markup.plural(len(missing), 'run')}",
        type="primary",
        key="cmp-ablate",
        width="stretch",
        help="One run per single change, each against A. Runs that are there already are not trained again.",
    ):
        try:
            made = ablation.start(first, second)
        except FerError as error:
            page.show_error(error)
            return
        messages.toast(f"{markup.plural(len(made), 'run')} queued; what they gain appears here as they end.")
        st.rerun(scope="app")


def card(first: Run, second: Run, tried: Tried | str, split: str, version: str) -> None:
    """What each single change gains, once one of them has a run; nothing before, nor of one that is the pair itself."""
    if isinstance(tried, str) or not any(run and run != second for _, run in tried):
        return
    with st.container(border=True):
        busy = [run for _, run in tried if run is not None and run.state in ACTIVE]
        st.html(
            markup.heading(
                "Where the difference comes from", "each change alone, against A",
                *([markup.chip("info", f"{markup.plural(len(busy), 'run')} to come")] if busy else []),
            )
        )  # fmt: skip
        if split == "test":
            shown = actions.shown(version)
            if any(run is not None and run.state not in ACTIVE and run.id not in shown for _, run in tried):
                st.html('<p class="fer-muted">Show the test result of the single changes first.</p>')
                return
        singles = [run for _, run in tried if run is not None]
        try:
            found = cached_runs.attribution(first, second, singles, split, version)
        except FerError as error:
            page.show_error(error)
            return
        left, right = st.columns([1.3, 1], gap="medium")
        with left:
            _chart(found, first, second)
        with right:
            _table(found)


def _chart(found: Attribution, first: Run, second: Run) -> None:
    from fer_core.charts.progress import gain_bars  # Altair takes half a second to import

    rows = [
        {"name": f"{step.change.name}: {step.change.after}"[:60], **_points(step.verdict), "kind": "step"}
        for step in found.steps
        if step.verdict is not None
    ]
    if found.together is not None:
        rows.append(
            {"name": "only together", "gain": 100 * found.together, "low": None, "high": None, "kind": "rest"}
        )
    rows.append({"name": "all: B over A", **_points(found.total), "kind": "total"})
    table = pd.DataFrame(rows)
    key: list[Hashable] = [str(value) for row in rows for value in row.values()]
    cached_curves.chart(
        lambda: gain_bars(table, dark=style.is_dark()),
        "cmp-ablation",
        first.id,
        second.id,
        *key,
        style.is_dark(),
    )


def _points(found: Mapping[str, Any]) -> dict[str, float]:
    low, high = found["interval"]
    return {
        "gain": 100 * found["difference"],
        "low": 100 * low,
        "high": 100 * high,
        "images": found["images"],
    }


def _table(found: Attribution) -> None:
    body: list[list[markup.Cell]] = []
    for step in found.steps:
        if step.change.problem:
            state = markup.chip("none", "not alone", step.change.problem)
        elif step.run is None:
            state = markup.chip("none", "not tried")
        elif step.verdict is None and step.run.state not in ACTIVE:
            why = "It has no predictions for the version all are judged on: judge all on a common part, above"
            state = markup.chip("none", "not judged here", why)
        elif step.verdict is None:
            state = job_progress.state_chip(step.run.state)
        else:
            state = verdict(step.verdict) + Markup(
                f' <small class="fer-muted">n {step.verdict["images"]:,}</small>'
            )
        change = f"{step.change.before} → {step.change.after}"
        body.append(
            [
                Markup(f"<b>{markup.esc(step.change.name)}</b><br>{markup.esc(change)}"),
                state,
            ]
        )
    st.html(markup.table(["change", "verdict"], body, caption="Single changes"))
    if not found.same_images:
        st.html(
            f'<p class="fer-muted">The total is of {found.total["images"]:,} images, a single gain of those (n) that neither '
            "of its two runs has learned from: they do not add up.</p>"
        )
    if found.together is not None:
        st.html(
            f'<p class="fer-muted">{100 * found.together:+z.1f} points come of the changes together, or of chance: '
            "single gains need not add up.</p>"
        )
