"""A list of queues or rows to choose from: label on the left, count on the right, one of them current."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Row:
    """One row: its id, what it says, the number or word at its right end, and whether it is quiet."""

    id: str
    label: str
    value: str = ""
    muted: bool = False


_CSS = """
.list { display: flex; flex-direction: column; }
button { all: unset; box-sizing: border-box; cursor: pointer; display: flex; justify-content: space-between;
  gap: 12px; width: 100%; padding: 8px 10px; font: 14px/1.35 var(--st-font); color: var(--st-text-color);
  border-bottom: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
button:last-child { border-bottom: 0; }
button:hover { background: color-mix(in srgb, var(--st-primary-color) 7%, transparent); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -2px; border-radius: 6px; }
.on { background: color-mix(in srgb, var(--st-primary-color) 13%, transparent); border-radius: 6px; font-weight: 600; }
.muted { opacity: .6; }
.value { font-variant-numeric: tabular-nums; white-space: nowrap; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.list');
  root.replaceChildren();
  root.setAttribute('aria-label', data.label);
  for (const row of data.rows) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = (row.id === data.current ? 'on ' : '') + (row.muted ? 'muted' : '');
    if (row.id === data.current) button.setAttribute('aria-current', 'true');
    button.dataset.id = row.id;
    const label = document.createElement('span');
    label.textContent = row.label;
    const value = document.createElement('span');
    value.className = 'value';
    value.textContent = row.value;
    button.append(label, value);
    button.onclick = () => setTriggerValue('chosen', row.id);
    root.append(button);
  }
}
"""

_list = st.components.v2.component("fer_rows", html='<div class="list" role="group"></div>', css=_CSS, js=_JS)


def choose(rows: Sequence[Row], *, key: str, label: str) -> str:
    """Draw the rows; return the id of the current one (kept in `st.session_state[f"{key}-current"]`).

    A row that is gone gives way to the first.
    """
    ids = [row.id for row in rows]
    state = f"{key}-current"
    if st.session_state.get(state) not in ids:
        st.session_state[state] = ids[0]

    def remember() -> None:
        chosen = st.session_state[key].chosen
        if chosen in ids:
            st.session_state[state] = chosen

    data = {"rows": [vars(row) for row in rows], "current": st.session_state[state], "label": label}
    _list(key=key, data=data, on_chosen_change=remember)
    return str(st.session_state[state])
