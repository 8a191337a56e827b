"""Slices: where a run fails more often, with the faces, and gaps between groups of people the source names."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from fer_core.base.errors import FerError
from fer_core.evaluation.slices.find import LEAST, Slice
from fer_core.evaluation.slices.of_run import RunSlices
from fer_core.runs.run import Run
from fer_core.ui.compare import actions, cached_runs, faces
from fer_core.ui.compare.leaderboard_card import Judged, LeaderboardView
from fer_core.ui.components import markup
from fer_core.ui.shell import page, run_snapshots
from fer_core.ui.shell.page import Scope

_ROWS = 10


def draw(scope: Scope, view: LeaderboardView, found: Judged) -> None:
    """The slices of the first chosen run, else of the best."""
    ranked = [line.id for line in found.lines if not line.muted]
    picked = [
        name for name in st.session_state.get("cmp-picked", []) if name in {line.id for line in found.lines}
    ]
    name = next(iter(picked or ranked), None)
    if name is None:
        page.empty("No run can be judged here", "Choose another version, or validation.")
        return
    run = Run(scope.workspace.runs / name)
    if view.split == "test" and run.id not in actions.shown(view.version):
        page.empty("Test results hidden", "Show the test result above, or judge by validation.")
        return
    try:
        told = cached_runs.slices(run, view.split, view.version)
    except FerError as error:
        page.show_error(error)
        return
    _card(run, view.version, told)
    if told.gaps:
        _gaps(told)


@st.fragment
def _card(run: Run, version: str, told: RunSlices) -> None:
    """The slices on the left, the faces of the chosen one on the right; a choice draws these again and nothing else."""
    left, right = st.columns([1.5, 1], gap="medium")
    weak = told.found.weak
    shown = weak[:_ROWS] or told.found.slices[:_ROWS]
    with left, st.container(border=True):
        chip = markup.chip("bad" if weak else "good" if shown else "none", told.found.verdict)
        st.html(
            markup.heading(
                f"Slices of {run_snapshots.title(run)}", f"accuracy {told.found.accuracy:.3f} on all", chip
            )
        )
        st.html(_table(shown))
        looked_at = [column.name for column in told.found.columns]
        words = ("" if shown else f"A slice, and what it is held against, have {LEAST} images at least. ") + (
            f"{len(told.found.slices):,} levels and pairs of levels were looked at: {', '.join(looked_at)}. "
            "Fisher's exact test, p corrected for all of them (Holm): where none is weak, one is told in 5 % of cases at most. "
        )
        if told.left_out:
            words += (
                f"Left out as copies of others, or learned from: {markup.plural(told.left_out, 'image')}."
            )
        st.html(f'<p class="fer-muted">{markup.esc(words)}</p>')
    with right, st.container(border=True):
        if not shown:
            st.html('<p class="fer-muted">No part of these images is large enough.</p>')
            return
        names = {each.words: each for each in shown}
        chosen = names[str(st.selectbox("Faces of", list(names), key=f"cmp-slice-{run.id}-{version}"))]
        table = told.table.iloc[told.found.members(chosen)]
        wrong = table[table["said"] != table["label"]].sort_values("sure", ascending=False)
        wrong = wrong.assign(words=wrong["label"] + " → " + wrong["said"])
        st.html(markup.heading("Its mistakes", f"{len(wrong):,} of {chosen.images:,}, the surest first"))
        faces.show(
            run.workspace, run.dataset, version, wrong, key="cmp-slice-faces", label=f"Mistakes on {chosen.words}",
            detail="words", size=72,
        )  # fmt: skip


def _table(shown: list[Slice]) -> str:
    body: list[list[markup.Cell]] = []
    for each in shown:
        low, high = (100 * end for end in each.difference_interval)
        chip = markup.chip(
            "bad" if each.weak else "warn", "weak" if each.weak else "not significant", f"p {each.p:.2g}"
        )
        body.append(
            [
                Markup(f"<b>{markup.esc(each.words)}</b>"),
                f"{each.images:,}",
                f"{each.accuracy:.3f}",
                f"{each.rest:.3f}",
                Markup(f"<b>{100 * each.difference:+z.1f}</b> [{low:+z.1f}, {high:+z.1f}]"),
                chip,
            ]
        )
    header = ["slice", "images", "accuracy", "on the rest", "points, 95 %", "verdict"]
    return markup.table(header, body, numeric=[1, 2, 3, 4], caption="Slices, the weakest first")


def _gaps(told: RunSlices) -> None:
    with st.container(border=True):
        st.html(markup.heading("Groups of people", "as the source names them; nothing is guessed"))
        for gap in told.gaps:
            chip = (
                markup.chip("bad", "significant")
                if gap.told_apart
                else markup.chip("warn", "not significant")
            )
            st.html(f'<p class="fer-note">{chip} {markup.esc(gap.sentence)}</p>')
