"""A splitting plan on screen: numbers, before and after, drift, and the certificate of a saved version."""

from __future__ import annotations

import json
import math

import pandas as pd
import streamlit as st

from fer_core.emotions import SPLITS
from fer_core.quality import balance
from fer_core.splits import certificate as certificates
from fer_core.splits.stratify import Plan
from fer_core.ui import html, page, tables
from fer_core.ui.page import Scope


def _margin(images: int, accuracy: float = 0.85) -> float:
    """Half of the 95 % interval of an accuracy measured on so many images, in points (normal approximation)."""
    return 196 * math.sqrt(accuracy * (1 - accuracy) / images) if images else math.nan


def numbers(plan: Plan, number: int) -> None:
    """The strip of the page: what the new version would be."""
    test = int(plan.after["images"].get("test", 0))
    page.numbers(
        [
            (int(plan.after["images"].sum()), "readable images"),
            (" / ".join(f"{100 * share:g}" for share in plan.ratios.values()), "target, train / val / test"),
            (plan.group_violations, f"groups of copies on two sides, of {plan.groups:,}"),
            (test, f"test images: ± {_margin(test):.1f} points at 85 %" if test else "test images"),
            (f"v{number}", "the new version, if you save it"),
        ]
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
    body: list[list[html.Cell]] = [
        [
            html.class_name(str(name), classes),
            *(
                html.Raw(f"{_count(plan.counts_before, s, name):,} → <b>{int(after.loc[s, name]):,}</b>")
                for s in splits
            ),
            *(f"{after.loc[s, name] / totals[s]:.1%}" if totals[s] else "–" for s in splits),
        ]
        for name in classes
    ]
    sums = [html.Raw(f"{_total(plan.counts_before, s):,} → <b>{int(totals[s]):,}</b>") for s in splits]
    body.append(["all", *sums, *("" for _ in splits)])
    header = ["class", *splits, *(f"share of {s}" for s in splits)]
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
    notes = "".join(f"<li>{html.esc(warning)}</li>" for warning in plan.warnings)
    if notes:
        st.html(f'{html.esc(html.chip("look", "to know"))}<ul class="fer-notes">{notes}</ul>')


def _count(table: pd.DataFrame, split: str, name: object) -> int:
    return int(table.reindex(index=[split], columns=[name], fill_value=0).to_numpy()[0, 0])


def _total(table: pd.DataFrame, split: str) -> int:
    return int(table.reindex(index=[split], fill_value=0).to_numpy().sum())


def certificate(scope: Scope) -> None:
    """The certificate of the version on screen: every cross-split pair, checked after saving."""
    found = certificates.load(scope.dataset, scope.version.id)
    with st.container(border=True):
        if found is None:
            st.html(
                html.heading(
                    f"Certificate of version {scope.version.number}", "", html.chip("none", "not checked")
                )
                + '<p class="fer-muted">Checks every pair of images in different splits of the version shown above.</p>'
            )
        else:
            holds = html.chip("good", "holds") if found["holds"] else html.chip("bad", "does not hold")
            st.html(
                html.heading(f"Certificate of version {scope.version.number}", found["created"], holds)
                + html.facts(
                    [
                        ("version", found["version"]),
                        ("cross-split pairs checked", found["pairs_checked"]),
                        ("equal pixels", found["exact"]),
                        (f"near, pHash ≤ {found['distance']}, confirmed by pixels", found["near"]),
                    ]
                )
            )
        with st.container(horizontal=True):
            if st.button("Check again" if found else "Check now", key="certify", icon=":material/verified:"):
                with st.spinner("Checking every cross-split pair"):
                    certificates.certify(scope.dataset, scope.version.id)
                st.rerun()
            if found:
                st.download_button(
                    "Download",
                    json.dumps(found, indent=2),
                    f"certificate-{found['version']}.json",
                    icon=":material/download:",
                )
