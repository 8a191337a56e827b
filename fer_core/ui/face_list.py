# ruff: noqa: E501  the style sheet and the script
"""The faces of a photo as cards: crop, answer, bars. One element however many faces; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fer_core.emotions import colors
from fer_core.inference.photo import FaceAnswer
from fer_core.ui.faces import data_url

_CSS = """
.list { display: flex; flex-direction: column; gap: 10px; }
button { all: unset; box-sizing: border-box; cursor: pointer; display: grid; grid-template-columns: 84px 1fr; gap: 14px; align-items: center; width: 100%; padding: 12px 14px;
  border: 1px solid color-mix(in srgb, currentColor 14%, transparent); border-radius: 10px; font: 14px/1.3 var(--st-font); color: var(--st-text-color); font-variant-numeric: tabular-nums; }
button:hover { border-color: color-mix(in srgb, var(--st-primary-color) 60%, transparent); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
button.on img { outline: 3px solid var(--st-primary-color); outline-offset: 1px; }
img { width: 84px; height: 84px; object-fit: cover; border-radius: 8px; display: block; }
.head { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; font-weight: 650; font-size: 15.5px; margin-bottom: 6px; }
.chip { display: inline-flex; gap: 4px; align-items: center; padding: 1px 9px; border-radius: 999px; font-size: 12.5px; font-weight: 600; }
.chip.good { color: color-mix(in srgb, #2B8A3E 78%, var(--st-text-color)); background: color-mix(in srgb, #2B8A3E 14%, transparent); }
.chip.look { color: color-mix(in srgb, #D9780B 78%, var(--st-text-color)); background: color-mix(in srgb, #D9780B 14%, transparent); }
.bars { display: grid; grid-template-columns: max-content minmax(40px, 1fr) max-content; gap: 5px 10px; align-items: center; font-size: 13px; }
.bar { height: 9px; border-radius: 9px; background: color-mix(in srgb, currentColor 9%, transparent); overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 9px; }
.num { text-align: right; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.list');
  root.replaceChildren();
  root.setAttribute('aria-label', data.label);
  const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text !== undefined) e.textContent = text; return e; };
  for (const face of data.faces) {
    const button = make('button', face.number === data.current ? 'on' : '');
    button.type = 'button';
    button.dataset.face = face.number;
    button.setAttribute('aria-pressed', String(face.number === data.current));
    button.setAttribute('aria-label', `Face ${face.number}: ${face.answer}, ${face.chip}`);
    const image = make('img');
    image.src = face.src; image.alt = `Face ${face.number}`;
    const words = make('div');
    const head = make('div', 'head');
    head.append(make('span', '', `${face.number} · ${face.answer}`), make('span', `chip ${face.sure ? 'good' : 'look'}`, `${face.sure ? '✓' : '!'} ${face.chip}`));
    const bars = make('div', 'bars');
    for (const [name, p, color] of face.bars) {
      const bar = make('span', 'bar'), fill = make('i');
      fill.style.width = `${Math.max(p * 100, 0.5)}%`; fill.style.background = color;
      bar.append(fill);
      bars.append(make('span', '', name), bar, make('span', 'num', p.toFixed(2).replace(/^0/, '')));
    }
    words.append(head, bars);
    button.append(image, words);
    button.onclick = () => setTriggerValue('chosen', face.number);
    root.append(button);
  }
}
"""

_list = st.components.v2.component(
    "fer_face_list", html='<div class="list" role="group"></div>', css=_CSS, js=_JS
)


def draw(faces: Sequence[FaceAnswer], current: int, *, key: str) -> int | None:
    """Draw the cards; the number of the face just clicked, or None."""
    if not faces:
        return None
    data = {"label": "Faces", "current": current, "faces": [_card(face) for face in faces]}
    chosen = _list(key=key, data=data, on_chosen_change=lambda: None).chosen
    return int(chosen) if chosen else None


def _card(face: FaceAnswer) -> dict[str, object]:
    palette = colors(face.probabilities)
    ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])
    top = f"{ranked[0][1]:.2f}".removeprefix("0")
    return {
        "number": face.number,
        "answer": face.answer,
        "sure": not face.uncertain,
        "chip": "uncertain" if face.uncertain else top,
        "src": data_url(face.cut),
        "bars": [(name, round(p, 4), palette[name]) for name, p in ranked[: 3 if len(ranked) < 8 else 4]],
    }
