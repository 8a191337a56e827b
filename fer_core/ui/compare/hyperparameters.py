"""What settings do: every run as a line through its settings, and the pairs that differ in one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from fer_core.charts.noise import accuracy_by_noise
from fer_core.evaluation import controlled_pairs, hyperparameters, noise_levels
from fer_core.runs.run import Run
from fer_core.ui.compare import cached_runs
from fer_core.ui.compare.leaderboard_card import Judged, LeaderboardView
from fer_core.ui.components import markup, style
from fer_core.ui.shell.page import Scope

_AXES = 7
_ROWS = 14


def draw(scope: Scope, view: LeaderboardView, found: Judged) -> None:
    """Parallel coordinates, and paired experiments below."""
    with st.container(border=True):
        _lines(scope, found)
    with st.container(border=True):
        _pairs(scope, view, found)
    _noise(scope, found)


def _noise(scope: Scope, found: Judged) -> None:
    """What losses stand; where a noise experiment is among the runs."""
    names = [run for entry in found.entries for run in entry]
    table = noise_levels.by_share([Run(scope.workspace.runs / name) for name in names])
    for experiment, rows in table.groupby("experiment"):
        with st.container(border=True):
            st.html(
                markup.heading(
                    "Wrong labels on purpose",
                    f"experiment {experiment}; validated on the dataset's own labels",
                )
            )
            columns = (rows[name].tolist() for name in ("loss", "share", "accuracy", "runs"))
            shown = [
                {"loss": loss.replace("_", " "), "share": share, "accuracy": accuracy, "runs": runs}
                for loss, share, accuracy, runs in zip(*columns, strict=True)
            ]
            figure = accuracy_by_noise(shown, dark=style.is_dark())
            st.vega_lite_chart(spec=figure, theme=None, key=f"cmp-noise-{experiment}")


def _lines(scope: Scope, found: Judged) -> None:
    accuracies = {name[0]: entry.accuracy for name, entry in found.ranked.entries.items() if entry.rank}
    runs = [Run(scope.workspace.runs / name) for name in accuracies]
    table = hyperparameters.varying(runs)
    accuracy = pd.Series(accuracies, dtype="float64").reindex(table.index)
    weights = {str(name): hyperparameters.explained_share(table[name], accuracy) for name in table}
    names = sorted(weights, key=lambda name: -weights[name])[:_AXES]
    more = f"; the {_AXES} of {len(weights)} that go with accuracy most" if len(weights) > _AXES else ""
    st.html(
        markup.heading(
            "Settings and accuracy",
            f"one line per run{more}; drag along an axis to keep the runs that pass there",
        )
    )
    if len(table) < 2 or not names:
        st.html('<p class="fer-muted">Two ranked runs with different settings draw the first lines here.</p>')
        return
    from fer_core.charts.parallel import parallel_coordinates

    shown = table[names].rename(columns={name: hyperparameters.short_name(name, names) for name in names})
    figure = parallel_coordinates(shown, accuracy, dark=style.is_dark())
    with st.container(key="cmp-lines"):  # scrolls on a phone: axes beside each other could not be read
        st.plotly_chart(figure, theme=None, key="cmp-parallel", config={"displayModeBar": False})
    note = "What goes together need not cause it: a paired experiment tells."
    if found.ranked.apart:
        note += f" {markup.plural(found.ranked.apart, 'run')} judged on other images: not among the lines."
    st.html(f'<p class="fer-muted">{note}</p>')


def _pairs(scope: Scope, view: LeaderboardView, found: Judged) -> None:
    experiments = cached_runs.experiments(
        scope.workspace, scope.dataset.name, found.entries, view.split, view.version
    )
    pairs, more = experiments.pairs, experiments.more
    st.html(markup.heading("Paired experiments", "runs that differ in one thing alone, on the same images"))
    if experiments.unjudged:
        words = controlled_pairs.why_unjudged(experiments.unjudged)
        st.html(f'<p class="fer-muted">{markup.esc(words)}.</p>')
    if not pairs:
        if experiments.unjudged:
            return
        st.html(
            '<p class="fer-muted">No two of these runs differ in one thing alone, seeds aside. Train a recipe again with '
            "a single setting changed, such as model.color = rgb, and the pair appears here with its verdict.</p>"
        )
        return
    st.html(_table(pairs[:_ROWS], found.names))
    if len(pairs) > _ROWS:
        with st.expander(f"{len(pairs) - _ROWS} more"):
            st.html(_table(pairs[_ROWS:], found.names))
    if more:
        st.html(
            f'<p class="fer-muted">{markup.plural(more, "more pair")} not told: the newest of every kind are.</p>'
        )
    st.html(
        f'<p class="fer-muted">McNemar\'s test on the same images, copies counted together; p corrected for '
        f"{markup.plural(len(pairs), 'pair')}. The interval is over images: seeds of one recipe count with their mean.</p>"
    )


def _table(pairs: list[controlled_pairs.ControlledPair], names: Mapping[str, str]) -> str:
    rows: list[list[markup.Cell]] = []
    for pair in pairs:
        low, high = (100 * end for end in pair.gain["interval"])
        rows.append(
            [
                Markup(f"<b>{markup.esc(pair.axis.replace('_', ' '))}</b>"),
                Markup(f"{markup.esc(pair.before)} → {markup.esc(pair.after)}"),
                Markup(f"<b>{100 * pair.gain['difference']:+z.1f}</b>"),
                f"{low:+z.1f} to {high:+z.1f}",
                verdict(pair.gain),
                f"{pair.images:,}",
                f"{_name(pair.first, names)} → {_name(pair.second, names)}",
            ]
        )
    header = ["what", "from → to", "points", "95 %", "verdict", "images", "runs"]
    return markup.table(header, rows, numeric=[2, 3, 5], caption="Paired experiments")


def verdict(found: Mapping[str, Any]) -> Markup:
    """`better`, `worse` or `not significant` of a gain, with p as tooltip."""
    tip = f"p {found['p']:.2g}"
    if not found["told_apart"]:
        return markup.chip("none", "not significant", tip)
    better = found["difference"] > 0
    return markup.chip("good" if better else "bad", "better" if better else "worse", tip)


def _name(runs: tuple[str, ...], names: Mapping[str, str]) -> str:
    lead = next((run for run in runs if run in names), runs[0])
    return names.get(lead, lead)
