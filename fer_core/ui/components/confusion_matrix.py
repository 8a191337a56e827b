# ruff: noqa: E501  the style sheet and the script
"""A confusion matrix whose cells are buttons: counts, shares, or the difference of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.evaluation.metrics import normalised
from fer_core.ui.components import browser_part

ConfusionView = Literal["counts", "of label", "of answer"]
VIEWS: tuple[ConfusionView, ...] = ("counts", "of label", "of answer")
"""What the cells say: images, their share of the label's images, or of the images answered so."""


_matrix = browser_part.load("fer_matrix", __file__, '<div class="scroll"></div>')


def draw(
    counts: NDArray[np.int64],
    names: Sequence[str],
    *,
    key: str,
    label: str,
    view: ConfusionView = "counts",
    shared: str = "",
) -> tuple[str, str]:
    """Draw a matrix (row = label, column = answer); the chosen cell as (label, answer), at first the worst mistake.

    Matrices with the same `shared` have one chosen cell.
    """
    row, column = normalised(counts, "row"), normalised(counts, "column")
    values = {"counts": row, "of label": row, "of answer": column}[view]
    cells = []
    for i, name in enumerate(names):
        line: list[list[Any]] = []
        for j, answer in enumerate(names):
            text = f"{counts[i, j]:,}" if view == "counts" else f"{values[i, j]:.0%}"
            tip = f"{name} predicted as {answer}: {counts[i, j]:,} images, {row[i, j]:.1%} of the label, {column[i, j]:.1%} of this prediction"
            line.append([text, float(values[i, j]), "plain", tip])
        cells.append(line)
    wrong = counts.copy()
    np.fill_diagonal(wrong, -1)
    return _show(cells, names, int(wrong.argmax()), key, label, shared)


def difference(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    names: Sequence[str],
    *,
    key: str,
    label: str,
    shared: str = "",
) -> tuple[str, str]:
    """Draw second minus first, in images: green is better, red is worse. Returns as `draw`, first the largest change."""
    change = second - first
    top = max(int(np.abs(change).max()), 1)
    cells = []
    for i, name in enumerate(names):
        line: list[list[Any]] = []
        for j, answer in enumerate(names):
            value = int(change[i, j])
            tone = "plain" if not value else "good" if (value > 0) == (i == j) else "bad"
            tip = f"{name} predicted as {answer}: {first[i, j]:,} in A, {second[i, j]:,} in B"
            line.append([f"{value:+,}" if value else "0", abs(value) / top, tone, tip])
        cells.append(line)
    off = np.abs(change)
    np.fill_diagonal(off, -1)
    return _show(cells, names, int(off.argmax()), key, label, shared)


def _show(
    cells: list[list[list[Any]]], names: Sequence[str], first: int, key: str, label: str, shared: str = ""
) -> tuple[str, str]:
    state, count = f"{shared or key}-current", len(names)
    if len(names) < 2 or not 0 <= st.session_state.get(state, -1) < count**2:
        st.session_state[state] = first

    def remember() -> None:
        i, _, j = str(st.session_state[key].cell or "").partition(",")
        if i.isdigit() and j.isdigit() and int(i) < count and int(j) < count:
            st.session_state[state] = int(i) * count + int(j)

    current = divmod(st.session_state[state], count)
    data = {"cells": cells, "names": list(names), "current": list(current), "label": label}
    _matrix(key=key, data=data, on_cell_change=remember)
    return names[current[0]], names[current[1]]
