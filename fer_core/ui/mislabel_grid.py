"""Fifty faces of one class pair at once: select, decide together, undo together; the next fifty, the ones before."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import streamlit as st

from fer_core.ui import cache, html, mislabel_face, page
from fer_core.ui.faces import data_url, each, sprite
from fer_core.ui.mislabel_desk import Desk

AT_ONCE = 50
_COLUMNS = 10
_SIZE = 84
_STATE, _AT = "mis-grid", "mis-grid-at"

_CSS = """
.bar { display: flex; gap: 8px; align-items: center; font: 13px/1.4 var(--st-font); color: var(--st-text-color);
  margin-bottom: 10px; }
.bar button { all: unset; cursor: pointer; padding: 3px 10px; border-radius: 8px;
  border: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
.bar button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
.bar span { opacity: .7; font-variant-numeric: tabular-nums; }
.grid { display: grid; gap: 9px; grid-template-columns: repeat(auto-fill, minmax(SIZEpx, 1fr)); justify-items: center;
  user-select: none; }
.face { all: unset; cursor: pointer; width: SIZEpx; height: SIZEpx; border-radius: 8px; position: relative;
  background-repeat: no-repeat;
  outline: 1px solid color-mix(in srgb, var(--st-text-color) 14%, transparent); }
.face:hover { outline: 2px solid color-mix(in srgb, var(--st-primary-color) 60%, transparent); }
.face:focus-visible { outline: 3px dashed var(--st-primary-color); outline-offset: 2px; }
.face[aria-pressed=true] { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
.pair { display: flex; flex-direction: column; align-items: center; gap: 3px; }
.pair small { font: 11px/1.3 var(--st-font); color: var(--st-text-color); opacity: .75; max-width: SIZEpx; text-align: center;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.face[aria-pressed=true]::after { content: "\\2713"; position: absolute; right: 5px; top: 5px; width: 19px; height: 19px;
  border-radius: 50%; background: var(--st-primary-color); color: white; font: 700 13px/19px sans-serif; text-align: center; }
""".replace("SIZE", str(_SIZE))

_JS = """
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector('.grid'), bar = parentElement.querySelector('.bar');
  const kept = parentElement.__fer;
  const same = kept && kept.sheet === data.sheet;
  const state = same ? kept : { sheet: data.sheet, chosen: new Set(), last: -1 };
  parentElement.__fer = state;
  if (!same && kept) setStateValue('selected', []);
  root.replaceChildren();
  bar.replaceChildren();
  root.setAttribute('aria-label', data.label);
  const told = document.createElement('span');
  told.setAttribute('aria-live', 'polite');
  const buttons = data.faces.map((face, i) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'face';
    button.title = face.title;
    button.dataset.id = face.id;
    button.setAttribute('aria-label', `face ${i + 1}, ${face.title}`);
    button.style.backgroundImage = `url(${data.src})`;
    button.style.backgroundSize = `${data.columns * data.size}px auto`;
    button.style.backgroundPosition = `-${(i % data.columns) * data.size}px -${Math.floor(i / data.columns) * data.size}px`;
    button.onclick = (event) => {
      if (event.shiftKey && state.last >= 0) {
        const on = state.chosen.has(data.faces[state.last].id);
        for (let k = Math.min(i, state.last); k <= Math.max(i, state.last); k++)
          on ? state.chosen.add(data.faces[k].id) : state.chosen.delete(data.faces[k].id);
      } else {
        state.chosen.has(face.id) ? state.chosen.delete(face.id) : state.chosen.add(face.id);
      }
      state.last = i;
      tell();
    };
    const cell = document.createElement('div');
    cell.className = 'pair';
    cell.append(button);
    if (face.words) {
      const words = document.createElement('small');
      words.textContent = face.words;
      words.setAttribute('aria-hidden', 'true');
      cell.append(words);
    }
    root.append(cell);
    return button;
  });
  const draw = () => {
    buttons.forEach((b) => b.setAttribute('aria-pressed', String(state.chosen.has(b.dataset.id))));
    told.textContent = `${state.chosen.size} of ${data.faces.length} selected`;
  };
  const tell = () => { draw(); setStateValue('selected', data.faces.map((f) => f.id).filter((id) => state.chosen.has(id))); };
  for (const [words, all] of [['Select all', true], ['Select none', false]]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = words;
    button.onclick = () => { state.chosen = new Set(all ? data.faces.map((f) => f.id) : []); state.last = -1; tell(); };
    bar.append(button);
  }
  bar.append(told);
  draw();
}
"""

_grid = st.components.v2.component(
    "fer_select_faces", html='<div class="bar"></div><div class="grid" role="group"></div>', css=_CSS, js=_JS
)


def draw(desk: Desk) -> None:
    """Fifty of the queue and what to do with the selected ones."""
    start = _start(desk)
    waiting = desk.waiting.iloc[start : start + AT_ONCE]
    with st.container(border=True):
        if waiting.empty:
            page.empty("Nothing left in this queue", "Choose another pair or split, or apply the decisions.")
            mislabel_face.undo_button(desk, None)
            return
        shown = each(waiting)
        pairs = {(row["label"], row["suggested"]) for row in shown}
        given, suggested = next(iter(pairs)) if len(pairs) == 1 else ("", "")
        title = f"{given} → {suggested}" if suggested else "Several pairs"
        where = f"{start + 1:,} to {start + len(shown):,} of {len(desk.waiting):,}"
        st.html(html.heading(title, f"{where}; click to select, Shift for a range"))
        actions = st.container()
        chosen = _select(desk, shown)
        rows = [row for row in shown if row["image_id"] in chosen]
        nonce = st.session_state.setdefault(_STATE, uuid.uuid4().hex)

        def decide(action: str, label: str | None = None) -> None:
            if desk.record(rows, action, label, nonce, {"grid": True}):
                st.session_state[_STATE] = uuid.uuid4().hex
                st.toast(f"{html.plural(len(rows), 'decision')} recorded.", icon=":material/check:")

        def press(words: str, shortcut: str, key: str, *args: str, **more: Any) -> None:
            st.button(
                words,
                shortcut=shortcut,
                key=f"mis-grid-{key}",
                disabled=not rows,
                on_click=decide,
                args=args,
                **more,
            )

        with actions, st.container(horizontal=True, gap="xsmall"):
            if suggested:
                press(f"Relabel {suggested}", "Enter", "accept", "relabel", suggested, type="primary")
            press(f"Keep {given}" if given else "Keep labels", "K", "keep", "keep")
            press("Ambiguous", "A", "ambiguous", "ambiguous")
            press("Delete", "D", "delete", "delete")
            mislabel_face.undo_button(desk, None)
        with actions, st.container(horizontal=True, gap="small"):
            for number, name in enumerate(desk.classes[:8], start=1):
                press(name, str(number), f"label-{number}", "relabel", name, type="tertiary")
            _pages(desk, start)


def _start(desk: Desk) -> int:
    """Where on the queue the grid begins: moved by the arrows, at the beginning for every other queue."""
    queue = f"{desk.scope.version.id}/{desk.method}/{desk.filters}"
    known, at = st.session_state.get(_AT, ("", 0))
    last = max(len(desk.waiting) - 1, 0) // AT_ONCE * AT_ONCE
    at = min(at, last) if known == queue else 0
    st.session_state[_AT] = (queue, at)
    return int(at)


def _pages(desk: Desk, start: int) -> None:
    """The fifty before and the next; those nobody decides on stay on the queue."""

    def step(by: int) -> None:
        st.session_state[_AT] = (st.session_state[_AT][0], max(start + by, 0))

    sides = [
        ("Previous", "Left", -AT_ONCE, start == 0, ":material/chevron_left:"),
        ("Next", "Right", AT_ONCE, start + AT_ONCE >= len(desk.waiting), ":material/chevron_right:"),
    ]
    for words, shortcut, by, ended, icon in sides:
        st.button(
            words,
            shortcut=shortcut,
            key=f"mis-grid-{words.lower()}",
            on_click=step,
            args=(by,),
            disabled=ended,
            icon=icon,
            type="tertiary",
        )


def _select(desk: Desk, shown: list[dict[str, Any]]) -> set[str]:
    """Draw the faces; the ids that are selected."""
    pixels = cache.faces(desk.scope.dataset, [row["row"] for row in shown])
    columns = min(len(shown), _COLUMNS)
    mixed = len({(row["label"], row["suggested"]) for row in shown}) > 1
    listed = [
        {
            "id": row["image_id"],
            "title": f"{row['label']} → {row['suggested']}, score {row['score']:.3f}",
            "words": f"{row['label']} → {row['suggested']}" if mixed else "",
        }
        for row in shown
    ]
    data = {
        "sheet": "|".join(row["image_id"] for row in shown),
        "src": data_url(sprite(np.asarray(pixels), columns)),
        "columns": columns,
        "size": _SIZE,
        "label": "Faces of this class pair",
        "faces": listed,
    }
    result = _grid(key="mis-grid-faces", data=data, default={"selected": []}, on_selected_change=lambda: None)
    return set(result.selected or [])
