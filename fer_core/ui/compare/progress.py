"""The journey: the steps from the first run to the best, each with what it gained."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st
from markupsafe import Markup

from fer_core.evaluation.data_axis.phases import JourneyPhase
from fer_core.evaluation.progress import ProgressStep
from fer_core.evaluation.significance import Gain
from fer_core.evaluation.verdicts.expectation import Expectation, expectations
from fer_core.runs.run import Run
from fer_core.ui.compare import cached_curves, cached_runs, winner_card
from fer_core.ui.compare.hyperparameters import verdict
from fer_core.ui.compare.leaderboard_card import Judged, LeaderboardView
from fer_core.ui.components import markup, style
from fer_core.ui.shell.page import Scope

_CHANGES = 3  # named per step


def draw(scope: Scope, view: LeaderboardView, found: Judged) -> None:
    """The chart, and a row per new best."""
    from fer_core.charts.progress import progress_chart  # Altair takes half a second to import

    with st.container(border=True):
        journey = cached_runs.journey(
            scope.workspace, scope.dataset.name, found.entries, view.split, view.version
        )
        stages = journey.steps
        records = [stage for stage in stages if stage.record]
        aside = (
            f"{markup.plural(len(stages), 'run')}, {len(records) - 1} of them a new best" if stages else ""
        )
        st.html(markup.heading("The journey", aside))
        if len(stages) < 2:
            st.html(
                '<p class="fer-muted">The first ranked run is the baseline; each new best becomes a step here.</p>'
            )
            return
        rows = [
            {
                "number": number,
                "name": found.names.get(stage.runs[0], stage.runs[0]),
                "accuracy": stage.accuracy,
                "record": stage.record,
                "images": stage.images,
                "part": stage.part,
                "words": "; ".join(stage.changed[:_CHANGES])
                or ("the baseline" if number == 1 else "no new best"),
            }
            for number, stage in enumerate(stages, 1)
        ]
        key = [f"{row['name']} {row['accuracy']} {row['part']}" for row in rows]
        dark = style.is_dark()
        cached_curves.chart(lambda: progress_chart(pd.DataFrame(rows), dark=dark), "cmp-journey", *key, dark)
        if len({stage.part for stage in records}) > 1:
            st.html(
                '<p class="fer-muted">Hollow: judged by other images than most; the line joins like with like.</p>'
            )
        if len(journey.phases) > 1:
            st.html(_phases(journey.phases))
        st.html(_table(records, found.names))
        st.html(
            '<p class="fer-muted">A step is a run that beats the best before it, on the images that neither has learned from '
            f"(n where these are fewer). The verdict says whether that is more than luck, p corrected for the "
            f"{markup.plural(len(stages) - 1, 'run')} any of which could have been it; the interval is of the one run. Choosing "
            "the best of many flatters the last step, and the best of a phase: a test result, looked at once, does not.</p>"
        )
        known = {name for stage in stages for name in stage.runs}
        _said(expectations(row for row in view.rows if row["run"] in known), found.names)
        best = [*(stage.runs[0] for stage in records), *(phase.best[0] for phase in journey.phases)]
        _leaks([Run(scope.workspace.runs / name) for name in dict.fromkeys(best)], view.split, found.names)
    winner_card.card(scope, found)


def _said(said: list[Expectation], names: Mapping[str, str]) -> None:
    """What was written of runs before they were made, beside what came on validation of their own version."""
    body: list[list[markup.Cell]] = [
        [
            markup.run_name(names.get(each.run, each.run)),
            each.hypothesis or "–",
            "–" if each.expected is None else f"{each.expected:.3f}",
            "–" if each.came is None else f"{each.came:.3f}",
            markup.chip(each.outcome.level, each.outcome.word, each.outcome.text) if each.outcome else "–",
        ]
        for each in said
    ]
    if body:
        header = ["run", "hypothesis", "expected", "came", "verdict"]
        st.html(markup.table(header, body, numeric=[2, 3], caption="Hypotheses, and what came"))


def _leaks(runs: list[Run], split: str, names: Mapping[str, str]) -> None:
    """How much of the figure on its own version is leakage, of each best; nothing where none leaked."""
    told = [cost for run in runs if (cost := cached_runs.own_leaks(run, split)) and cost.cost["leaked"]]
    body: list[list[markup.Cell]] = [
        [
            markup.run_name(names.get(each.run, each.run)),
            f"{each.cost['accuracy']:.3f}",
            _share(each.cost["without"], each.cost["without_interval"]),
            _share(each.cost["memory"], each.cost["memory_interval"]),
            f"{each.cost['leaked']:,} of {each.cost['images']:,}",
        ]
        for each in told
    ]
    if body:
        header = [
            "run",
            "on its own version",
            "without leaked images, 95 %",
            "by memory, 95 %",
            "leaked images",
        ]
        st.html(markup.heading("How much of each figure is leakage", "images with a known copy in training"))
        st.html(markup.table(header, body, numeric=[1, 2, 3, 4], caption="Leakage in figures of the journey"))


def _share(value: float | None, ends: list[float] | None) -> str:
    return "–" if value is None or ends is None else f"{value:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"


def _phases(phases: list[JourneyPhase]) -> str:
    """A row per phase: what was done to the data, what was tried, and what that brought."""
    whole = max(phase.images for phase in phases)
    body: list[list[markup.Cell]] = [
        [
            Markup(f"<b>{markup.esc(phase.version)}</b>"),
            phase.purpose,
            f"{', '.join(phase.models[:_CHANGES])}{' …' if len(phase.models) > _CHANGES else ''} ({phase.runs:,})",
            Markup(f"{phase.accuracy:.3f}") + _on(phase.images, whole),
            _gain(phase.gain, phase.gain_images, whole),
            _gain(phase.total, phase.total_images, whole),
        ]
        for phase in phases
    ]
    header = ["phase", "purpose", "models (runs)", "best", "this phase, 95 %", "over the baseline, 95 %"]
    return markup.table(header, body, numeric=[3], caption="Phases of the journey")


def _gain(found: Gain | None, images: int, whole: int) -> Markup:
    if found is None:
        return Markup("–")
    low, high = (100 * end for end in found["interval"])
    words = Markup(f"<b>{100 * found['difference']:+z.1f}</b> [{low:+z.1f}, {high:+z.1f}] {verdict(found)}")
    return words + _on(images, whole)


def _table(records: list[ProgressStep], names: Mapping[str, str]) -> str:
    whole = max(stage.images for stage in records)
    body: list[list[markup.Cell]] = []
    for stage in records:
        more = len(stage.changed) - _CHANGES
        words = ", ".join(stage.changed[:_CHANGES]) + (f" and {more} more" if more > 0 else "")
        body.append(
            [
                markup.run_name(names.get(stage.runs[0], stage.runs[0])),
                words or "the baseline",
                Markup(f"{stage.accuracy:.3f}") + _on(stage.images, whole),
                _gain(stage.gain, stage.gain_images, whole),
                _gain(stage.step, stage.step_images, whole),
            ]
        )
    header = [
        "run",
        "changed against the best before",
        "accuracy",
        "over the baseline, 95 %",
        "this step, 95 %",
    ]
    return markup.table(header, body, numeric=[2], caption="Steps of the journey")


def _on(images: int, whole: int) -> Markup:
    """How many images a number is of, where these are not those of the others."""
    return (
        Markup(f' <small class="fer-muted" style="white-space:nowrap">n {images:,}</small>')
        if images != whole
        else Markup("")
    )
