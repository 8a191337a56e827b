"""The journey: the steps from the first run to the best, each with what it gained."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core.charts.journey import journey_chart
from fer_core.evaluation.journey import Stage
from fer_core.ui import compare_data, html, style
from fer_core.ui.compare_board import Judged, View
from fer_core.ui.compare_settings import verdict
from fer_core.ui.page import Scope

_CHANGES = 3  # named per step


def draw(scope: Scope, view: View, found: Judged) -> None:
    """The chart, and a row per new best."""
    with st.container(border=True):
        stages = compare_data.stages(
            scope.workspace, scope.dataset.name, found.entries, view.split, view.version
        )
        records = [stage for stage in stages if stage.record]
        aside = f"{html.plural(len(stages), 'run')}, {len(records) - 1} of them a new best" if stages else ""
        st.html(html.heading("The journey", aside))
        if len(stages) < 2:
            st.html(
                '<p class="fer-muted">The first ranked run is the baseline; each new best becomes a step here.</p>'
            )
            return
        rows = [
            {
                "number": number,
                "name": _name(stage),
                "accuracy": stage.accuracy,
                "record": stage.record,
                "words": "; ".join(stage.changed[:_CHANGES])
                or ("the baseline" if number == 1 else "no new best"),
            }
            for number, stage in enumerate(stages, 1)
        ]
        key = [f"{row['name']} {row['accuracy']}" for row in rows]
        dark = style.is_dark()
        compare_data.chart(lambda: journey_chart(pd.DataFrame(rows), dark=dark), "cmp-journey", *key, dark)
        st.html(_table(records))
        st.html(
            '<p class="fer-muted">A step is a run that beats all before it; the verdict says whether that is more than '
            "luck. Choosing the best of many runs flatters the last step: its test result, looked at once, does not.</p>"
        )


def _table(records: list[Stage]) -> str:
    body: list[list[html.Cell]] = []
    for stage in records:
        gain = step = html.Raw("–")
        if stage.gain and stage.step:
            low, high = (100 * end for end in stage.gain["interval"])
            gain = html.Raw(f"<b>{100 * stage.gain['difference']:+.1f}</b> [{low:+.1f}, {high:+.1f}]")
            step = html.Raw(f"{100 * stage.step['difference']:+.1f} {verdict(stage.step).text}")
        more = len(stage.changed) - _CHANGES
        words = ", ".join(stage.changed[:_CHANGES]) + (f" and {more} more" if more > 0 else "")
        body.append(
            [
                html.Raw(f"<b>{html.esc(_name(stage))}</b>"),
                words or "the baseline",
                f"{stage.accuracy:.3f}",
                gain,
                step,
            ]
        )
    header = ["run", "changed against the best before", "accuracy", "over the baseline, 95 %", "this step"]
    return html.table(header, body, numeric=[2, 3], caption="Steps of the journey")


def _name(stage: Stage) -> str:
    return stage.runs[0] if len(stage.runs) == 1 else f"{stage.runs[0]} · {len(stage.runs)} seeds"
