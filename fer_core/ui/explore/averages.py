"""Mean and spread face of each class, and where two classes differ."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import streamlit as st

from fer_core.charts import averages
from fer_core.evaluation.data_axis import settings
from fer_core.explore.mean_faces import MEDIUM, SMALL, MeanFace, difference, effect_words
from fer_core.reports.model_card import most_confused
from fer_core.ui.components import links, markup
from fer_core.ui.components.face_sheet import data_url
from fer_core.ui.components.style import is_dark
from fer_core.ui.explore import cached_facts
from fer_core.ui.explore.state import Explorer, shown
from fer_core.ui.shell import page
from fer_core.ui.shell.page import Scope


def draw(explorer: Explorer) -> None:
    """The whole view "Averages"."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.html(
                markup.heading(
                    "Mean and spread",
                    "a sharp mean: crops are aligned and alike; a bright spread: they differ",
                )
            )
            split = st.segmented_control(
                "Split", ["all", *explorer.facts.splits], default="all", required=True, key="averages",
                bind="query-params", label_visibility="collapsed",
            )  # fmt: skip
        part = "" if split == "all" else str(split)
        means = {name: _mean(explorer, name, part) for name in explorer.classes}
        means = {name: mean for name, mean in means.items() if mean.used}
        if not means:
            page.empty("No face in this split", "Choose another split.")
            return
        links.draw(
            _grid(explorer, means), key="exp-means", on_go=lambda label: _follow(explorer, label, part)
        )
        drawn = [m for m in means.values() if m.used < m.images]
        if drawn:
            st.html(
                f'<p class="fer-muted">Of large classes, {drawn[0].used:,} faces drawn at random are averaged.</p>'
            )
    if len(means) > 1:
        _difference(means, explorer.scope)


def _mean(explorer: Explorer, label: str, split: str) -> MeanFace:
    scope = explorer.scope
    return cached_facts.mean_of(scope.dataset, scope.version.id, label, split)


def _follow(explorer: Explorer, label: str, split: str) -> None:
    chosen = {"label": (label,)} | ({"split": (split,)} if split else {})
    explorer.show(shown(any_of=chosen), view="Faces")


def _grid(explorer: Explorer, means: dict[str, MeanFace]) -> str:
    top = max(max(float(mean.spread.max()) for mean in means.values()), 1.0)
    low, high = (
        f([f(mean.mean) for mean in means.values()]) for f in (np.min, np.max)
    )  # alike for all classes
    cells = []
    for name, mean in means.items():
        face = data_url(averages.to_grayscale(mean.mean, float(low), max(float(high), float(low) + 1)))
        spread = data_url(averages.to_grayscale(mean.spread, 0, top))
        title = links.go(markup.class_name(name, explorer.classes), name, f"See the faces labelled {name}")
        cells.append(
            f'<figure class="fer-mean"><div><img src="{face}" alt="Mean face of {markup.esc(name)}">'
            f'<img src="{spread}" alt="Spread of {markup.esc(name)}: bright where faces differ"></div>'
            f"<figcaption>{title} <small>{mean.images:,} faces, spread {mean.spread.mean():.0f} of 255</small>"
            "</figcaption></figure>"
        )
    return f'<div class="fer-means">{"".join(cells)}</div>'


def _opening(means: dict[str, MeanFace], scope: Scope) -> tuple[str, str, str]:
    """The pair shown first and why: what the best run of this dataset confuses most, else the two means that are closest."""
    if found := most_confused(scope.workspace, scope.dataset.name, list(means), scope.version.id):
        run, top = found
        whose = "" if run.version == scope.version.id else f", which learned from {settings.name(run)},"
        return (
            top.label,
            top.answer,
            f"Run {run.id}{whose} confuses them most: {top.images:,} {top.label} predicted as {top.answer}.",
        )
    pairs = combinations(means, 2)
    one, other = min(pairs, key=lambda pair: float(np.abs(difference(means[pair[0]], means[pair[1]])).max()))
    return one, other, "Of all pairs, these means are closest."


def _difference(means: dict[str, MeanFace], scope: Scope) -> None:
    names = list(means)
    one, other, why = _opening(means, scope)
    with st.container(border=True):
        st.html(markup.heading("Difference between two classes", "of the means, in standard deviations"))
        with st.container(horizontal=True):
            first = st.selectbox(
                "Where this class", names, index=names.index(one), key="first", bind="query-params", width=170
            )
            second = st.selectbox(
                "is unlike", names, index=names.index(other), key="second", bind="query-params", width=170
            )
        if (first, second) == (one, other):
            st.html(f'<p class="fer-muted">{markup.esc(why)}</p>')
        apart = difference(means[str(first)], means[str(second)])
        reach = max(float(np.abs(apart).max()), 1e-9)
        limit = max(reach, SMALL)
        source = data_url(averages.diverging(apart, limit, dark=is_dark()))
        share = float((np.abs(apart) >= MEDIUM).mean())
        alt = markup.esc(f"Where the mean of {first} is brighter or darker than that of {second}")
        st.html(
            f'<div class="fer-this fer-diff"><img src="{source}" alt="{alt}"><div>'
            '<div><span class="fer-dot" style="background:#E69F00"></span>'
            f"brighter in {markup.esc(first)}, up to {limit:.2f}</div>"
            f'<div><span class="fer-dot" style="background:#0072B2"></span>darker in {markup.esc(first)}</div>'
            f'<div class="fer-muted">Largest difference {reach:.2f} standard deviations (Cohen\'s d): the means are '
            f"{effect_words(reach)}. {share:.0%} of the pixels differ by half a deviation or more. .2 counts as small, .5 as "
            "medium, .8 as large.</div></div></div>"
        )
