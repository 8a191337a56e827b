# ruff: noqa: E501  the style sheet and the script
"""A page of faces to open and to pick: a click opens one, its tick (or Ctrl, or Shift for a range) picks it.

One sprite and one list for all faces, as in `faces`. What is picked is drawn at once in the browser and told to
Python after every change; Python decides when the picks are over (`nonce`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.ui.faces import Face, data_url, sprite

_COLUMNS = 10

_CSS = """
.bar { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; font: 13px/1.4 var(--st-font); color: var(--st-text-color); margin-bottom: 10px; }
.bar button { all: unset; cursor: pointer; padding: 3px 10px; border-radius: 8px; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
.bar button:hover { border-color: var(--st-primary-color); }
.bar button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
.bar span { opacity: .7; font-variant-numeric: tabular-nums; }
.grid { display: grid; gap: 10px 9px; user-select: none; }
.cell { position: relative; width: 100%; font-family: var(--st-font); color: var(--st-text-color); }
.face { all: unset; box-sizing: border-box; cursor: pointer; display: block; width: 100%; aspect-ratio: 1; border-radius: 8px; background-repeat: no-repeat;
  outline: 1px solid color-mix(in srgb, currentColor 13%, transparent); }
.face:hover { outline: 2px solid color-mix(in srgb, var(--st-primary-color) 60%, transparent); }
.flagged .face { outline: 2px solid #E8590C; }
.selected .face { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
.face:focus-visible { outline: 3px dashed var(--st-primary-color); outline-offset: 2px; }
.tick { all: unset; cursor: pointer; position: absolute; left: 5px; top: 5px; width: 20px; height: 20px; border-radius: 50%; box-sizing: border-box;
  background: rgba(255,255,255,.55); border: 1.5px solid rgba(0,0,0,.45); opacity: 0; transition: opacity .12s; text-align: center; font: 700 13px/17px sans-serif; color: transparent; }
.cell:hover .tick, .tick:focus-visible, .picking .tick { opacity: .9; }
.tick[aria-checked=true] { opacity: 1; background: var(--st-primary-color); border-color: white; color: white; }
.tick:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
.cell.picked .face { outline: 3px solid var(--st-primary-color); filter: brightness(.86); }
.cap, .sub { font-size: 12px; line-height: 1.35; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.cap { margin-top: 4px; font-weight: 600; } .sub { opacity: .65; }
.dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 5px; }
@media (hover: none) { .tick { opacity: .75; } }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.grid'), bar = parentElement.querySelector('.bar');
  const kept = parentElement.__fer;
  const state = kept && kept.sheet === data.sheet && kept.nonce === data.nonce
    ? kept : { sheet: data.sheet, nonce: data.nonce, picked: new Set(data.picked), last: -1 };
  parentElement.__fer = state;
  root.replaceChildren(); bar.replaceChildren();
  root.setAttribute('aria-label', data.label);
  root.style.gridTemplateColumns = `repeat(auto-fill, minmax(${data.size}px, 1fr))`;
  const told = document.createElement('span');
  told.setAttribute('aria-live', 'polite');
  const draw = () => {
    for (const cell of cells) {
      const on = state.picked.has(cell.dataset.id);
      cell.classList.toggle('picked', on);
      cell.lastTick.setAttribute('aria-checked', String(on));
    }
    root.classList.toggle('picking', state.picked.size > 0);
    told.textContent = state.picked.size ? `${state.picked.size} of ${data.faces.length} picked` : data.hint;
  };
  const tell = () => { draw(); setTriggerValue('picked', data.faces.map((f) => f.id).filter((id) => state.picked.has(id))); };
  const toggle = (i, range) => {
    const id = data.faces[i].id;
    if (range && state.last >= 0) {
      const on = state.picked.has(data.faces[state.last].id);
      for (let k = Math.min(i, state.last); k <= Math.max(i, state.last); k++)
        on ? state.picked.add(data.faces[k].id) : state.picked.delete(data.faces[k].id);
    } else { state.picked.has(id) ? state.picked.delete(id) : state.picked.add(id); }
    state.last = i;
    tell();
  };
  const percent = (k, n) => n > 1 ? `${(k / (n - 1)) * 100}%` : '0';
  const rows = Math.ceil(data.faces.length / data.columns);
  const cells = data.faces.map((face, i) => {
    const words = [face.caption, face.detail].filter(Boolean).join(' · ');
    const cell = document.createElement('div');
    cell.className = `cell ${face.frame}`;
    cell.dataset.id = face.id;
    const button = document.createElement('button');
    button.type = 'button'; button.className = 'face'; button.title = words; button.dataset.id = face.id;
    button.setAttribute('aria-label', `face ${i + 1}, ${words}`);
    if (face.frame === 'selected') button.setAttribute('aria-current', 'true');
    button.style.backgroundImage = `url(${data.src})`;
    button.style.backgroundSize = `${data.columns * 100}% ${rows * 100}%`;
    button.style.backgroundPosition = `${percent(i % data.columns, data.columns)} ${percent(Math.floor(i / data.columns), rows)}`;
    button.onclick = (e) => (e.shiftKey || e.ctrlKey || e.metaKey) ? toggle(i, e.shiftKey) : setTriggerValue('clicked', face.id);
    const tick = document.createElement('button');
    tick.type = 'button'; tick.className = 'tick'; tick.textContent = '\\u2713';
    tick.setAttribute('role', 'checkbox');
    tick.setAttribute('aria-label', `pick face ${i + 1}`);
    tick.onclick = (e) => toggle(i, e.shiftKey);
    cell.lastTick = tick;
    cell.append(button);
    if (data.pickable) cell.append(tick);
    if (data.words) for (const [name, text, color] of [['cap', face.caption, face.color], ['sub', face.detail, '']]) {
      const line = document.createElement('div');
      line.className = name;
      if (color) { const dot = document.createElement('span'); dot.className = 'dot'; dot.style.background = color; line.append(dot); }
      line.append(text || '\\u00a0');
      cell.append(line);
    }
    root.append(cell);
    return cell;
  });
  if (data.pickable) {
    for (const [words, all] of [['Pick all', true], ['Pick none', false]]) {
      const button = document.createElement('button');
      button.type = 'button'; button.textContent = words;
      button.onclick = () => { state.picked = new Set(all ? data.faces.map((f) => f.id) : []); state.last = -1; tell(); };
      bar.append(button);
    }
    bar.append(told);
  } else { bar.style.display = 'none'; }
  draw();
}
"""

_gallery = st.components.v2.component(
    "fer_gallery", html='<div class="bar"></div><div class="grid" role="group"></div>', css=_CSS, js=_JS
)
HINT = "click a face to open it, its tick to pick it"


def draw(
    pixels: NDArray[np.uint8],
    faces: Sequence[Face],
    *,
    key: str,
    label: str,
    on_open: Callable[[str], None],
    on_pick: Callable[[list[str]], None] | None = None,
    picked: Sequence[str] = (),
    nonce: int = 0,
    size: int = 84,
    words: bool = True,
    colors: Sequence[str] = (),
) -> None:
    """Draw a page of faces.

    Args:
        pixels: uint8 (n, s, s) or (n, s, s, 3), in the order of `faces`.
        faces: at least one.
        key: unique on the page.
        label: what the faces are, for screen readers.
        on_open: called with the id of a face that was clicked, before the next draw.
        on_pick: called with the ids picked on this page whenever that changes; None: nothing can be picked.
        picked: ids that are picked now.
        nonce: another number makes the browser forget its own picks and take `picked`.
        size: least edge of a face on screen, CSS pixels.
        words: whether captions stand below the faces (they are always tooltips).
        colors: one per face, of the dot before its caption.
    """

    def opened() -> None:
        if clicked := st.session_state[key].clicked:
            on_open(str(clicked))

    def chosen() -> None:
        found = st.session_state[key].picked
        if on_pick is not None and found is not None:
            on_pick([str(one) for one in found])

    columns = min(len(faces), _COLUMNS)
    tinted = [*colors, *[""] * (len(faces) - len(colors))]
    data: dict[str, Any] = {
        "src": data_url(sprite(np.asarray(pixels), columns)),
        "sheet": "|".join(face.id for face in faces),
        "columns": columns,
        "size": size,
        "words": words,
        "pickable": on_pick is not None,
        "picked": list(picked),
        "nonce": nonce,
        "hint": HINT,
        "label": label,
        "faces": [vars(face) | {"color": color} for face, color in zip(faces, tinted, strict=True)],
    }
    _gallery(key=key, data=data, on_clicked_change=opened, on_picked_change=chosen)
