"""What people said about the faces, where they were asked: how far they agree, and where they do not."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fer_core.explore.filter import Selection
from fer_core.explore.vote_stats import DISAGREE, label_against_majority
from fer_core.ui.components import links, markup
from fer_core.ui.explore import face_detail, measures, sheets
from fer_core.ui.explore.state import Explorer, shown
from fer_core.ui.shell import page


def draw(explorer: Explorer) -> None:
    """The whole view "Votes"."""
    stats = explorer.facts.votes
    voted = None if stats is None else stats.total > 0
    if stats is None or voted is None or not voted.any():
        page.empty(
            "Nobody voted on these faces",
            "Import with a table of votes, such as FER+, to see where people agree and where they do not.",
        )
        return
    differ, otherwise = (
        int(explorer.facts.flag(f).sum()) for f in ("humans_disagree", "humans_say_otherwise")
    )
    total = int(voted.sum())
    page.numbers(
        [
            (total, f"images with votes, {np.nanmedian(stats.total[voted]):.0f} each"),
            (f"{np.nanmean(stats.agreement[voted]):.0%}", "agree on the most chosen emotion, on average"),
            (f"{np.nanmean(stats.entropy[voted]):.2f} bits", "mean entropy; 0 where all say the same"),
            (f"{differ / total:.1%}", f"disagree: {differ:,} faces without a majority"),
            (f"{otherwise / total:.1%}", f"of labels are not what most said: {otherwise:,}"),
        ]
    )
    with face_detail.beside(explorer):
        with st.container(border=True):
            measure = st.segmented_control(
                "Measure", ["agreement", "entropy", "label_share"], default="agreement", required=True,
                format_func={"agreement": "Agreement", "entropy": "Entropy", "label_share": "Votes for the label"}.__getitem__,
                key="votes", bind="query-params", label_visibility="collapsed",
            )  # fmt: skip
            chosen = measures.histogram(explorer, str(measure), "label", f"exp-votes-{measure}")
        if chosen is not None:
            measures.behind(explorer, chosen)
        _majority(explorer)
        _disagree(explorer)


def _majority(explorer: Explorer) -> None:
    """Given label against what most people said; every number leads to its faces."""
    stats = explorer.facts.votes
    if stats is None:
        return
    table = label_against_majority(stats, explorer.facts.category("label")[0], explorer.classes)
    table = table.loc[:, table.any(axis=0)]
    sums = table.sum(axis=1).clip(lower=1)
    rows: list[list[markup.Cell]] = []
    shade: dict[tuple[int, int], float] = {}
    for r, label in enumerate(table.index):
        row: list[markup.Cell] = [markup.class_name(label, explorer.classes)]
        for c, voted in enumerate(table.columns):
            count = int(table.loc[label, voted])
            row.append(
                links.go(count, f"{label}|{voted}", f"See {label} that most call {voted}") if count else 0
            )
            shade[r, c + 1] = count / float(sums[label])
        same = float(table.loc[label, label] / sums[label]) if label in table.columns else 0.0
        rows.append([*row, f"{same:.0%}"])
    with st.container(border=True):
        st.html(markup.heading("Label against what most said", "rows: label; columns: most votes"))
        drawn = markup.table(
            ["label", *table.columns, "agree"], rows, numeric=range(1, len(table.columns) + 2), shade=shade,
            caption="Given label against majority of votes",
        )  # fmt: skip
        links.draw(drawn, key="exp-majority", on_go=lambda where: _follow(explorer, where))


def _follow(explorer: Explorer, where: str) -> None:
    label, _, voted = where.partition("|")
    explorer.show(shown(any_of={"label": (label,), "voted": (voted,)}, order="label_share"), view="Faces")


def _disagree(explorer: Explorer) -> None:
    chosen = Selection(flags=("humans_disagree",), order="agreement")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.html(
                markup.heading(
                    "Humans disagree here", f"no emotion got more than {DISAGREE:.0%} of the votes"
                )
            )
            st.button(
                "Open all in Faces", type="tertiary", icon=":material/grid_view:", key="exp-differ-open",
                on_click=explorer.show, args=(chosen,), kwargs={"view": "Faces"},
            )  # fmt: skip
        if not explorer.facts.flag("humans_disagree").any():
            page.empty(
                "People agree on every face", "Some emotion got more than half of the votes everywhere."
            )
            return
        sheets.per_class(explorer, chosen, "exp-differ")
