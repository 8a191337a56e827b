# ruff: noqa: E501  the style sheet and the script
"""A confusion matrix whose cells are buttons: counts, shares, or the difference of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.evaluation.metrics import normalised

View = Literal["counts", "of label", "of answer"]
VIEWS: tuple[View, ...] = ("counts", "of label", "of answer")
"""What the cells say: images, their share of the label's images, or of the images answered so."""

_CSS = """
.scroll { overflow-x: auto; }
table { border-collapse: separate; border-spacing: 2px; font: 13.5px/1.25 var(--st-font); color: var(--st-text-color); font-variant-numeric: tabular-nums; width: 100%; }
th { font-weight: 600; font-size: 12.5px; opacity: .72; padding: 2px 5px; white-space: nowrap; } th.row { text-align: left; width: 1%; }
td { padding: 0; }
button { all: unset; box-sizing: border-box; cursor: pointer; width: 100%; min-width: 42px; text-align: center; padding: 8px 4px; border-radius: 5px; }
button:hover { outline: 2px solid color-mix(in srgb, var(--st-primary-color) 55%, transparent); }
button:focus-visible { outline: 2px solid var(--st-primary-color); }
button.on { outline: 2.5px solid var(--st-primary-color); font-weight: 700; }
.corner { opacity: .55; font-weight: 500; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.scroll');
  const table = document.createElement('table');
  table.setAttribute('aria-label', data.label);
  const head = table.createTHead().insertRow();
  const cell = (row, tag, text, cls) => { const e = document.createElement(tag); e.textContent = text; if (cls) e.className = cls; row.append(e); return e; };
  cell(head, 'th', 'label \\\\ answer', 'row corner');
  for (const name of data.names) cell(head, 'th', name).scope = 'col';
  const body = table.createTBody();
  data.cells.forEach((line, i) => {
    const row = body.insertRow();
    cell(row, 'th', data.names[i], 'row').scope = 'row';
    line.forEach(([text, strength, tone, tip], j) => {
      const td = row.insertCell(), b = document.createElement('button');
      b.type = 'button'; b.textContent = text; b.title = tip; b.setAttribute('aria-label', tip);
      b.dataset.cell = `${data.names[i]}|${data.names[j]}`;
      const hue = { plain: 'var(--st-primary-color)', good: '#2B8A3E', bad: '#E03131' }[tone];
      b.style.background = `color-mix(in srgb, ${hue} ${Math.round(strength * 52)}%, transparent)`;
      if (data.current && data.current[0] === i && data.current[1] === j) { b.className = 'on'; b.setAttribute('aria-pressed', 'true'); }
      b.onclick = () => setTriggerValue('cell', `${i},${j}`);
      td.append(b);
    });
  });
  root.replaceChildren(table);
}
"""

_matrix = st.components.v2.component("fer_matrix", html='<div class="scroll"></div>', css=_CSS, js=_JS)


def draw(
    counts: NDArray[np.int64],
    names: Sequence[str],
    *,
    key: str,
    label: str,
    view: View = "counts",
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
            tip = f"{name} read as {answer}: {counts[i, j]:,} images, {row[i, j]:.1%} of the label, {column[i, j]:.1%} of the answer"
            line.append([text, float(values[i, j]), "plain", tip])
        cells.append(line)
    wrong = counts.copy()
    np.fill_diagonal(wrong, -1)
    return _show(cells, names, int(wrong.argmax()), key, label, shared)


def difference(
    first: NDArray[np.int64], second: NDArray[np.int64], names: Sequence[str], *, key: str, label: str
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
            tip = f"{name} read as {answer}: {first[i, j]:,} in A, {second[i, j]:,} in B"
            line.append([f"{value:+,}" if value else "0", abs(value) / top, tone, tip])
        cells.append(line)
    off = np.abs(change)
    np.fill_diagonal(off, -1)
    return _show(cells, names, int(off.argmax()), key, label)


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
