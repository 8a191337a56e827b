"""A list of queues or rows to choose from: label on the left, count on the right, one of them current."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        id: what `choose` returns.
        label: what it says.
        value: the number or word at its right end.
        muted: whether it is quiet.
        actions: small buttons at the right end: (id, sign on it, its name for screen readers and the tooltip).
        share: of a thin bar below the words, 0..1; below 0: no bar.
    """

    id: str
    label: str
    value: str = ""
    muted: bool = False
    actions: tuple[tuple[str, str, str], ...] = ()
    share: float = -1.0


_CSS = """
.list { display: flex; flex-direction: column; }
button { all: unset; box-sizing: border-box; cursor: pointer; display: flex; justify-content: space-between;
  gap: 12px; width: 100%; padding: 8px 10px; font: 14px/1.35 var(--st-font); color: var(--st-text-color);
  border-bottom: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
.row { display: flex; align-items: center; gap: 2px; position: relative; }
.row > button:first-child { flex: 1; min-width: 0; }
.row > button > span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row .act { width: auto; min-width: 28px; justify-content: center; padding: 6px 7px; border: 0; border-radius: 6px;
  font-size: 13px; font-weight: 600; color: var(--st-primary-color); white-space: nowrap; }
.bar { position: absolute; left: 10px; right: 10px; bottom: 2px; height: 3px; border-radius: 3px; overflow: hidden;
  pointer-events: none;
  background: color-mix(in srgb, currentColor 10%, transparent); }
.bar i { display: block; height: 100%; background: var(--st-primary-color); }
.list > :last-child, .list > :last-child > button { border-bottom: 0; }
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
    if (!row.actions.length && row.share < 0) { root.append(button); continue; }
    const line = document.createElement('div');
    line.className = 'row';
    line.append(button);
    for (const [id, sign, name] of row.actions) {
      const act = document.createElement('button');
      act.type = 'button';
      act.className = 'act';
      act.textContent = sign;
      act.title = name;
      act.setAttribute('aria-label', `${name}: ${row.label}`);
      act.onclick = () => setTriggerValue('acted', `${id} ${row.id}`);
      line.append(act);
    }
    if (row.share >= 0) {
      const bar = document.createElement('div');
      bar.className = 'bar';
      bar.innerHTML = `<i style="width:${Math.min(row.share, 1) * 100}%"></i>`;
      line.append(bar);
    }
    root.append(line);
  }
}
"""

_list = st.components.v2.component("fer_rows", html='<div class="list" role="group"></div>', css=_CSS, js=_JS)


def choose(
    rows: Sequence[Row], *, key: str, label: str, on_action: Callable[[str, str], None] | None = None
) -> str:
    """Draw the rows; return the id of the current one (kept in `st.session_state[f"{key}-current"]`).

    A row that is gone gives way to the first.

    Args:
        rows: from the top.
        key: unique on the page.
        label: what they are, for screen readers.
        on_action: called with the id of a pressed action and of its row, before the page runs again.
    """
    ids = [row.id for row in rows]
    state = f"{key}-current"
    if st.session_state.get(state) not in ids:
        st.session_state[state] = ids[0]

    def remember() -> None:
        chosen = st.session_state[key].chosen
        if chosen in ids:
            st.session_state[state] = chosen

    def act() -> None:
        action, _, row = str(st.session_state[key].acted or "").partition(" ")
        if on_action is not None and row in ids:
            on_action(action, row)

    data = {"rows": [vars(row) for row in rows], "current": st.session_state[state], "label": label}
    _list(key=key, data=data, on_chosen_change=remember, on_acted_change=act)
    return str(st.session_state[state])
