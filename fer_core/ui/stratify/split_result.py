"""A splitting plan on screen: numbers, before and after, drift, what moves."""

from __future__ import annotations

import math

import streamlit as st

from fer_core.base.emotions import SPLITS
from fer_core.base.tables import row_dicts
from fer_core.splits import balance, strata
from fer_core.splits.stratify import SplitPlan
from fer_core.ui.components import face_sheet, markup, tables
from fer_core.ui.components.face_sheet import SheetFace
from fer_core.ui.shell import cache, page


def _margin(images: int) -> float:
    """Half of the 95 % interval of an accuracy of 85 % measured on so many images, in points (normal approximation)."""
    return 196 * math.sqrt(0.85 * 0.15 / images)


def numbers(plan: SplitPlan, number: int) -> None:
    """The strip of the page: what the new version would be."""
    test = int(plan.after["images"].get("test", 0))
    per_fold = (int(plan.after["images"].min()), "images in the smallest fold")
    measured = (test, f"test images: ± {_margin(test):.1f} points at 85 %" if test else "test images")
    page.numbers(
        [
            (int(plan.after["images"].sum()), "readable images"),
            _target(plan),
            (
                plan.group_violations,
                f"of {markup.plural(plan.groups, 'set')} of linked copies would cross splits",
            ),
            per_fold if plan.folds and not test else measured,
            (f"v{number}", "the new version, if you save it"),
        ]
    )


def _target(plan: SplitPlan) -> tuple[str, str]:
    if plan.folds:
        return f"{len(plan.folds)}", "folds of equal size"
    shares = [100 * plan.ratios.get(name, 0.0) for name in SPLITS]
    words = "target, train / val / test"
    return " / ".join(f"{share:.0f}" for share in shares), words + (
        ", test kept" if plan.options["keep_test"] else ""
    )


def before_after(plan: SplitPlan) -> None:
    """Split bars, counts per class, and the verdicts that matter."""
    off = float((plan.after["share"] - plan.after["target"]).abs().max() * 100)
    worst = float(plan.after["worst"].max())
    st.html(
        markup.heading(
            "Before → after",
            "",
            markup.chip("good" if worst <= 1 else "warn", f"classes within {worst:.1f} points of target"),
            markup.chip(
                "good" if not plan.group_violations else "bad",
                f"{markup.plural(plan.group_violations, 'set')} of linked copies "
                f"cross{'es' if plan.group_violations == 1 else ''} splits",
            ),
        )
    )
    rows = []
    for name, table in (("before", plan.before), ("after", plan.after)):
        shares = {str(s): float(v) for s, v in table["share"].items() if v > 0}
        words = " / ".join(f"{100 * v:.1f}" for v in shares.values())
        rows.append(f'<span>{name}</span>{markup.split_bar(shares, name)}<span class="num">{words}</span>')
    st.html(f'<div class="fer-bars" style="margin:.3rem 0 .8rem">{"".join(rows)}</div>')
    st.html(tables.split_change(plan.counts_before, plan.counts_after, shares=not plan.folds))
    drift = balance.drift(plan.counts_after)
    moved = (
        f"{plan.moved:,} of {int(plan.after['images'].sum()):,} images move; shares within {off:.1f} points"
    )
    st.html(
        f'<p class="fer-muted" style="margin-top:.6rem">{moved}. {tables.drift_line(drift) if drift else ""}</p>'
    )
    linked = (
        "Copy groups are linked where a picture of one is a copy of a picture of another; a set stays on one side as a whole. "
        "There can be fewer sets than copy groups on Duplicates."
    )
    if plan.groups:
        st.html(f'<p class="fer-muted">{linked}</p>')
    aside = [
        f"{n:,} images are set aside: {reason}." for reason, n in plan.aside["reason"].value_counts().items()
    ]
    even = [
        f"Shares of {name} differ by at most {row['worst']:.1f} points between splits."
        for name, row in plan.evenness.iterrows()
        if name != strata.CLASS
    ]
    notes = "".join(f"<li>{markup.esc(note)}</li>" for note in (*aside, *even, *plan.warnings))
    if notes:
        st.html(f'{markup.esc(markup.chip("warn", "to know"))}<ul class="fer-notes">{notes}</ul>')


def moves(scope: page.Scope, plan: SplitPlan) -> None:
    """Some of the images that change split, as faces."""
    if not plan.moved or plan.folds:
        return
    with st.container(border=True):
        st.html(
            markup.heading("What moves", f"{plan.moved:,} of {len(plan.manifest):,} images; some of them")
        )
        rows = scope.manifest[["image_id", "row"]]
        some = plan.moves.sample(min(len(plan.moves), 10), random_state=0).merge(rows, on="image_id")
        words = [SheetFace(m["image_id"], m["label"], f"{m['from']} → {m['to']}") for m in row_dicts(some)]
        pixels = cache.faces(scope.dataset, some["row"])
        face_sheet.sheet(
            pixels, words, key="strat-moves", label="Some images that move", size=88, clickable=False
        )
