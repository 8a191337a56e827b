"""A splitting plan on screen: numbers, before and after, drift, what moves."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from fer_core.emotions import SPLITS
from fer_core.quality import balance
from fer_core.splits import strata
from fer_core.splits.stratify import Plan
from fer_core.ui import cache, faces, html, page, tables
from fer_core.ui.faces import Face, each


def _margin(images: int, accuracy: float = 0.85) -> float:
    """Half of the 95 % interval of an accuracy measured on so many images, in points (normal approximation)."""
    return 196 * math.sqrt(accuracy * (1 - accuracy) / images) if images else math.nan


def numbers(plan: Plan, number: int) -> None:
    """The strip of the page: what the new version would be."""
    test = int(plan.after["images"].get("test", 0))
    per_fold = (int(plan.after["images"].min()), "images in the smallest fold")
    measured = (test, f"test images: ± {_margin(test):.1f} points at 85 %" if test else "test images")
    page.numbers(
        [
            (int(plan.after["images"].sum()), "readable images"),
            _target(plan),
            (plan.group_violations, f"groups of copies on two sides, of {plan.groups:,}"),
            per_fold if plan.folds and not test else measured,
            (f"v{number}", "the new version, if you save it"),
        ]
    )


def _target(plan: Plan) -> tuple[str, str]:
    if plan.folds:
        return f"{len(plan.folds)}", "folds of equal size"
    shares = [100 * plan.ratios.get(name, 0.0) for name in SPLITS]
    words = "target, train / val / test"
    return " / ".join(f"{share:.0f}" for share in shares), words + (
        ", test kept" if plan.options["keep_test"] else ""
    )


def before_after(plan: Plan) -> None:
    """Split bars, counts per class, and the verdicts that matter."""
    off = float((plan.after["share"] - plan.after["target"]).abs().max() * 100)
    worst = float(plan.after["worst"].max())
    st.html(
        html.heading(
            "Before → after",
            "",
            html.chip("good" if worst <= 1 else "look", f"classes within {worst:.1f} points of target"),
            html.chip(
                "good" if not plan.group_violations else "bad", f"{plan.group_violations} groups broken"
            ),
        )
    )
    rows = []
    for name, table in (("before", plan.before), ("after", plan.after)):
        shares = {str(s): float(v) for s, v in table["share"].items() if v > 0}
        words = " / ".join(f"{100 * v:.1f}" for v in shares.values())
        rows.append(f'<span>{name}</span>{html.split_bar(shares, name)}<span class="num">{words}</span>')
    st.html(f'<div class="fer-bars" style="margin:.3rem 0 .8rem">{"".join(rows)}</div>')
    after, classes = plan.counts_after, list(plan.counts_after.columns)
    splits = [s for s in (*SPLITS, *after.index) if s in after.index]
    splits = list(dict.fromkeys(splits))
    totals = after.sum(axis=1)
    shares_of = [] if plan.folds else splits
    body: list[list[html.Cell]] = [
        [
            html.class_name(str(name), classes),
            *(_change(_count(plan.counts_before, s, name), int(after.loc[s, name])) for s in splits),
            *(f"{after.loc[s, name] / totals[s]:.1%}" if totals[s] else "–" for s in shares_of),
        ]
        for name in classes
    ]
    sums = [_change(_total(plan.counts_before, s), int(totals[s])) for s in splits]
    body.append(["all", *sums, *("" for _ in shares_of)])
    header = ["class", *splits, *(f"share of {s}" for s in shares_of)]
    st.html(
        html.table(
            header,
            body,
            numeric=range(1, len(header)),
            caption="Images per class and split, before and after",
        )
    )
    drift = balance.drift(plan.manifest)
    moved = (
        f"{plan.moved:,} of {int(plan.after['images'].sum()):,} images move; shares within {off:.1f} points"
    )
    st.html(
        f'<p class="fer-muted" style="margin-top:.6rem">{moved}. {tables.drift_line(drift) if drift else ""}</p>'
    )
    aside = [
        f"{n:,} images are set aside: {reason}." for reason, n in plan.aside["reason"].value_counts().items()
    ]
    even = [
        f"Shares of {name} differ by at most {row['worst']:.1f} points between splits."
        for name, row in plan.evenness.iterrows()
        if name != strata.CLASS
    ]
    notes = "".join(f"<li>{html.esc(note)}</li>" for note in (*aside, *even, *plan.warnings))
    if notes:
        st.html(f'{html.esc(html.chip("look", "to know"))}<ul class="fer-notes">{notes}</ul>')


def _change(before: int, after: int) -> html.Raw:
    bold = f"<b>{after:,}</b>"
    return html.Raw(f"{before:,} → {bold}" if before else bold)


def _count(table: pd.DataFrame, split: str, name: object) -> int:
    return int(table.reindex(index=[split], columns=[name], fill_value=0).to_numpy()[0, 0])


def _total(table: pd.DataFrame, split: str) -> int:
    return int(table.reindex(index=[split], fill_value=0).to_numpy().sum())


def moves(scope: page.Scope, plan: Plan) -> None:
    """Some of the images that change split, as faces."""
    if not plan.moved or plan.folds:
        return
    with st.container(border=True):
        st.html(html.heading("What moves", f"{plan.moved:,} of {len(plan.manifest):,} images; some of them"))
        rows = scope.manifest[["image_id", "row"]]
        some = plan.moves.sample(min(len(plan.moves), 10), random_state=0).merge(rows, on="image_id")
        words = [Face(m["image_id"], m["label"], f"{m['from']} → {m['to']}") for m in each(some)]
        pixels = cache.faces(scope.dataset, some["row"])
        faces.sheet(pixels, words, key="strat-moves", label="Some images that move", size=88, clickable=False)
