"""The ensemble builder: pick runs or let validation pick, see what averaging them gains, keep it as a model."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from fer_core.base.errors import FerError
from fer_core.evaluation import ensembles
from fer_core.evaluation.ensembles import EnsembleResult
from fer_core.inference import ensemble
from fer_core.runs.run import Run
from fer_core.ui.compare import cached_curves, cached_runs
from fer_core.ui.compare.hyperparameters import verdict
from fer_core.ui.compare.leaderboard_card import Judged, LeaderboardView
from fer_core.ui.components import markup, style
from fer_core.ui.shell import page, run_snapshots
from fer_core.ui.shell.page import Scope

_FIRST = 5  # runs offered at first


def draw(scope: Scope, view: LeaderboardView, found: Judged) -> None:
    """Members on the left, what they are worth on the right."""
    ranked = [
        run
        for entry in sorted(found.ranked.entries, key=lambda e: -found.ranked.entries[e].accuracy)
        for run in entry
    ]
    ranked = ranked[: ensembles.MOST]
    titles = {name: run_snapshots.title(Run(scope.workspace.runs / name)) for name in ranked}
    if len(ranked) < 2:
        page.empty("An ensemble needs two runs", "Train another on this version, or evaluate one on it.")
        return
    left, right = st.columns([1, 1.5], gap="small")
    with left, st.container(border=True):
        st.html(markup.heading("Ensemble", "the mean of what several runs say"))
        greedy = st.toggle(
            "Let validation pick", True, key="cmp-ens-greedy",
            help="Forward selection with replacement by log loss (Caruana et al. 2004); a run may count several times",
        )  # fmt: skip
        picked = [name for name in st.session_state.get("cmp-picked", []) if name in ranked]
        first = ranked[:_FIRST] if len(picked) < 2 else picked
        names = st.multiselect(
            "Picks from" if greedy else "Members", ranked, ranked if greedy else first,
            format_func=lambda name: titles[name],
            key=f"cmp-ens-{'pool' if greedy else 'members'}-{view.version}-{'-'.join(ranked)}",
        )  # fmt: skip
    if len(names) < 2:
        with right:
            page.empty("Choose two runs or more", "The gain is then shown here.")
        return
    runs = [Run(scope.workspace.runs / name) for name in names]
    try:
        weights, outcome = cached_runs.mixed(
            scope.workspace, scope.dataset.name, names, view.split, view.version, greedy
        )
    except FerError as error:
        with right:
            page.show_error(error)
        return
    with left, st.container(border=True):
        _members(weights, titles)
    with right, st.container(border=True):
        _worth(outcome, weights, view, greedy, titles)
    with right, st.container(border=True):
        _keep(scope, view, runs, weights)


def _members(weights: Mapping[str, int], titles: Mapping[str, str]) -> None:
    total = sum(weights.values())
    body: list[list[markup.Cell]] = [
        [titles[run], f"{count} of {total}"]
        for run, count in sorted(weights.items(), key=lambda item: -item[1])
    ]
    st.html(markup.heading("Members") + markup.table(["run", "weight"], body, numeric=[1], caption="Members"))
    if len(weights) == 1:
        st.html('<p class="fer-muted">No other run makes this one better on validation.</p>')


def _worth(
    outcome: EnsembleResult,
    weights: Mapping[str, int],
    view: LeaderboardView,
    greedy: bool,
    titles: Mapping[str, str],
) -> None:
    gain = outcome.gain
    low, high = (100 * end for end in gain["interval"])
    where = "test" if view.split == "test" else "validation"
    st.html(markup.heading("What it gains", f"{where}, {gain['images']:,} images", verdict(gain)))
    numbers: list[tuple[markup.Cell, str]] = [
        (f"{outcome.accuracy:.3f}", f"ensemble, {outcome.interval[0]:.3f} to {outcome.interval[1]:.3f}"),
        (f"{outcome.best_accuracy:.3f}", f"best member, {titles[outcome.best]}"),
        (f"{100 * gain['difference']:+z.1f}", f"points, {low:+z.1f} to {high:+z.1f}; p {gain['p']:.2g}"),
        (
            f"{outcome.disagreement:.0%}",
            f"of images two members answer differently; both fail on {outcome.both_wrong:.0%}",
        ),
    ]
    if len(weights) == 1:
        numbers.pop()
    page.numbers(numbers)
    st.html(
        f'<p class="fer-muted">Fixed {gain["fixed"]:,} and broke {gain["broke"]:,} of the best member\'s answers.</p>'
    )
    from fer_core.charts.progress import gain_bars  # Altair takes half a second to import

    table = pd.DataFrame(
        [
            {
                "name": "ensemble over best",
                "gain": 100 * gain["difference"],
                "low": low,
                "high": high,
                "kind": "total",
            }
        ]
    )
    cached_curves.chart(
        lambda: gain_bars(table, dark=style.is_dark()),
        "cmp-ens-gain",
        *map(float, (low, high)),
        style.is_dark(),
    )
    if greedy and view.split == "val":
        st.html(
            '<p class="fer-muted">Cross-fitted: in each fifth of the pictures, members and best run are those the other '
            "four fifths choose, so the choice does not flatter itself.</p>"
        )


def _keep(scope: Scope, view: LeaderboardView, runs: list[Run], weights: Mapping[str, int]) -> None:
    known = {entry["name"] for entry in ensemble.saved_ensembles(scope.workspace)}
    proposed = next(n for n in (f"ensemble-{i}" for i in range(1, 10_000)) if n not in known)
    with st.form("cmp-ens-form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Keep it as a model", proposed, key=f"cmp-ens-name-{proposed}", max_chars=64)
        wanted = st.form_submit_button("Save", type="primary", icon=":material/save:", key="cmp-ens-save")
    if wanted:
        try:
            ensembles.save(scope.workspace, name.strip(), runs, weights, view.version)
        except FerError as error:
            page.show_error(error)
            return
        st.session_state["cmp-ens-saved"] = name.strip()
        st.rerun()
    if done := st.session_state.pop("cmp-ens-saved", None):
        st.html(markup.chip("good", f"{done} is kept: Try it lists it among its models"))
        st.page_link("pages/demo/predict.py", label="Try it", icon=":material/photo_camera:")
