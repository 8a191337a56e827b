"""A merge on screen: what is added, what is left out, what it does to the splits, and whether the sources show."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup

from fer_core.base.tables import row_dicts
from fer_core.splits.merge.plan import NEAR_TEST
from fer_core.splits.merge.propose import MergeProposal
from fer_core.splits.merge.source_probe import Probe
from fer_core.ui.components import face_sheet, markup
from fer_core.ui.components.face_sheet import SheetFace
from fer_core.ui.shell import cache, page

_SHOWN = 20


def numbers(proposal: MergeProposal, number: int) -> None:
    """The strip of the page."""
    plan = proposal.plan
    before, after = (float(plan.drifts["points"][key]) for key in ("as it is", plan.into))
    worst = _worst(proposal.told_apart)
    page.numbers(
        [
            (f"+{plan.added:,}", f"images of {plan.name}"),
            (len(plan.left_out), "of its images left out"),
            (
                f"{before:.1f} → {after:.1f}",
                "points by which a class's share differs between splits, at most",
            ),
            (
                f"{worst[1].auroc:.2f}" if worst else "–",
                f"AUROC, old against new {worst[0] if worst else 'images'}",
            ),
            (f"v{number}", "the new version, if you save it"),
        ]
    )


def _worst(told_apart: dict[str, Probe | None]) -> tuple[str, Probe] | None:
    known = [(name, found) for name, found in told_apart.items() if found]
    return max(known, key=lambda entry: entry[1].auroc) if known else None


def cards(proposal: MergeProposal) -> None:
    """Everything to know before it is saved."""
    plan = proposal.plan
    with st.container(border=True):
        kept_out = plan.blocked.get(NEAR_TEST, 0)
        leaks = f"{kept_out:,} near val or test kept out" if kept_out else "none near val or test"
        st.html(
            markup.heading(
                "What is added",
                "",
                markup.chip("good", leaks),
            )
            + markup.table(
                ["class", "here", "asked for", "fit to use", "added", "after"],
                [
                    [markup.class_name(str(name), list(plan.table.index)), *(int(v) for v in row)]
                    for name, row in zip(plan.table.index, plan.table.to_numpy(), strict=True)
                ],
                numeric=range(1, 6),
                caption="Images per class before and after",
            )
            + _notes(plan.warnings)
        )
        _faces(proposal)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        _drift(plan.drifts, plan.into)
    with right, st.container(border=True, height="stretch"):
        _sources(proposal.told_apart)
    if plan.blocked:
        with st.container(border=True):
            st.html(
                markup.heading("Left out", "and why")
                + markup.table(
                    ["reason", "images"], list(plan.blocked.items()), numeric=[1], caption="Images left out"
                )
            )


def _notes(lines: list[str]) -> str:
    items = "".join(f"<li>{markup.esc(line)}</li>" for line in lines)
    return f'<ul class="fer-notes">{items}</ul>' if items else ""


def _faces(proposal: MergeProposal) -> None:
    taken = proposal.plan.taken
    some = taken.sample(min(len(taken), _SHOWN), random_state=0)
    words = [SheetFace(row["image_id"], row["label"], _detail(row)) for row in row_dicts(some)]
    pixels = cache.faces(proposal.other, some["their_row"])
    face_sheet.sheet(
        pixels, words, key="merge-faces", label="Some images that are added", size=80, clickable=False
    )


def _detail(row: dict[str, Any]) -> str:
    was = "" if row["their_label"] == row["label"] else f", was {row['their_label']}"
    return f"{row['split']}{was}"


def _drift(drifts: pd.DataFrame, into: str) -> None:
    names = {"as it is": "as it is", "train": "into train alone", "all": "into all splits"}
    rows: list[list[markup.Cell]] = []
    for key, row in drifts.iterrows():
        new = max((share for by in row["new"].values() for share in by.values()), default=0.0)
        shown = names[str(key)]
        rows.append(
            [
                Markup(f"<b>{shown}</b>") if key == into else shown,
                f"{row['points']:.1f}",
                row["worst"],
                f"{new:.0%}" if row["new"] else "–",
            ]
        )
    st.html(
        markup.heading("Where they go", "what each choice does to the mix")
        + markup.table(
            ["choice", "points off", "worst", "new, at most"],
            rows,
            numeric=[1, 3],
            caption="Drift of the classes by choice",
        )
        + '<p class="fer-muted" style="margin-top:.5rem">Points: how far a class\'s share in one split is from its share in all. '
        "New: largest share of added images in a class of a split.</p>"
    )


def _sources(told_apart: dict[str, Probe | None]) -> None:
    words = {"good": "no, hardly", "warn": "yes, often", "bad": "yes, easily"}
    rows: list[list[markup.Cell]] = []
    for name, found in told_apart.items():
        if found is None:
            rows.append([name, "–", markup.chip("none", "too few to tell")])
        else:
            verdict: markup.Verdict = "good" if found.verdict == "good" else "warn"
            interval = f"{found.auroc:.2f} ({found.low:.2f} to {found.high:.2f})"
            rows.append([name, interval, markup.chip(verdict, words[found.verdict])])
    st.html(
        markup.heading("Can a model tell old from new?")
        + markup.table(["class", "AUROC", ""], rows, caption="Can a small model tell old from new images?")
        + '<p class="fer-muted" style="margin-top:.5rem">A small model tries to tell old from new images of a class. '
        "Far above .5, a classifier may learn the source instead of the face; filling every class from the new source helps.</p>"
    )
