"""Mean and spread face of each class, and where two classes differ."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fer_core.charts import averages
from fer_core.quality.mean_faces import Mean, difference
from fer_core.ui import explore_cache, html, links, page
from fer_core.ui.explore_desk import Desk, shown
from fer_core.ui.faces import data_url
from fer_core.ui.style import is_dark

_LARGE = 0.8
"""Cohen's convention for a large difference, in standard deviations."""


def draw(desk: Desk) -> None:
    """The whole view "Averages"."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.html(
                html.heading(
                    "Mean and spread",
                    "a sharp mean: crops are aligned and alike; a bright spread: they differ",
                )
            )
            split = st.segmented_control(
                "Split", ["all", *desk.facts.splits], default="all", required=True, key="averages",
                bind="query-params", label_visibility="collapsed",
            )  # fmt: skip
        part = "" if split == "all" else str(split)
        means = {name: _mean(desk, name, part) for name in desk.classes}
        means = {name: mean for name, mean in means.items() if mean.used}
        if not means:
            page.empty("No face in this split", "Choose another split.")
            return
        links.draw(_grid(desk, means), key="exp-means", on_go=lambda label: _follow(desk, label, part))
        drawn = [m for m in means.values() if m.used < m.images]
        if drawn:
            st.html(
                f'<p class="fer-muted">Of large classes, {drawn[0].used:,} faces drawn at random are averaged.</p>'
            )
    if len(means) > 1:
        _difference(means)


def _mean(desk: Desk, label: str, split: str) -> Mean:
    scope = desk.scope
    return explore_cache.mean_of(
        str(scope.workspace.root), scope.dataset.name, scope.version.id, label, split
    )


def _follow(desk: Desk, label: str, split: str) -> None:
    chosen = {"label": (label,)} | ({"split": (split,)} if split else {})
    desk.show(shown(any_of=chosen), view="Faces")


def _grid(desk: Desk, means: dict[str, Mean]) -> str:
    top = max(max(float(mean.spread.max()) for mean in means.values()), 1.0)
    low, high = (
        f([f(mean.mean) for mean in means.values()]) for f in (np.min, np.max)
    )  # alike for all classes
    cells = []
    for name, mean in means.items():
        face = data_url(averages.gray(mean.mean, float(low), max(float(high), float(low) + 1)))
        spread = data_url(averages.gray(mean.spread, 0, top))
        title = links.go(html.class_name(name, desk.classes), name, f"See the faces labelled {name}").text
        cells.append(
            f'<figure class="fer-mean"><div><img src="{face}" alt="Mean face of {html.esc(name)}">'
            f'<img src="{spread}" alt="Spread of {html.esc(name)}: bright where faces differ"></div>'
            f"<figcaption>{title} <small>{mean.images:,} faces, spread {mean.spread.mean():.0f} of 255</small>"
            "</figcaption></figure>"
        )
    return f'<div class="fer-means">{"".join(cells)}</div>'


def _difference(means: dict[str, Mean]) -> None:
    names = list(means)
    with st.container(border=True):
        st.html(html.heading("Difference between two classes", "of the means, in standard deviations"))
        with st.container(horizontal=True):
            first = st.selectbox("Where this class", names, key="first", bind="query-params", width=170)
            second = st.selectbox(
                "is unlike", names, index=len(names) - 1, key="second", bind="query-params", width=170
            )
        apart = difference(means[str(first)], means[str(second)])
        reach = max(float(np.abs(apart).max()), 1e-9)
        limit = max(reach, 0.2)
        source = data_url(averages.diverging(apart, limit, dark=is_dark()))
        share = float((np.abs(apart) >= 0.5).mean())
        verdict = "apart" if reach >= _LARGE else "close" if reach >= 0.2 else "alike on average"
        alt = html.esc(f"Where the mean of {first} is brighter or darker than that of {second}")
        st.html(
            f'<div class="fer-this fer-diff"><img src="{source}" alt="{alt}"><div>'
            f'<div><span class="fer-dot" style="background:#E69F00"></span>brighter in {html.esc(first)}, up to {limit:.2f}</div>'
            f'<div><span class="fer-dot" style="background:#0072B2"></span>darker in {html.esc(first)}</div>'
            f'<div class="fer-muted">Largest difference {reach:.2f} standard deviations (Cohen\'s d): the means are '
            f"{verdict}. {share:.0%} of the pixels differ by half a deviation or more. .2 counts as small, .5 as medium, "
            ".8 as large.</div></div></div>"
        )
