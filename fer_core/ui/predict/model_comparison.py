"""One face before several models, and before a dial that makes it worse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from fer_core.base.emotions import emotion_colors, text_on
from fer_core.base.errors import FerError
from fer_core.inference import model_registry, robustness
from fer_core.inference.photo_result import FaceAnswer
from fer_core.inference.predictor import Classifier
from fer_core.ui.components import face_sheet, markup
from fer_core.ui.predict.predict_settings import Settings
from fer_core.ui.predict.reading import Shown
from fer_core.ui.shell import cache, page

_MOST = 4
_SIDE = 96


def draw(shown: Sequence[Shown], settings: Settings) -> None:
    """Choose a face, choose models, see what each says and how much it stands."""
    face = _chosen(shown)
    if face is None:
        page.empty(
            "No face yet", "Drop a photo on the first tab; then put one of its faces before several models."
        )
        return
    names = {model.name: model for model in model_registry.models(settings.workspace)}
    first = [settings.model.name, *(name for name in names if name != settings.model.name)]
    asked = st.multiselect("Models", list(names), first[:_MOST], max_selections=8, key="try-race-models")
    models: dict[str, Classifier] = {}
    for name in asked:
        try:
            models[name] = cache.predictor(names[name].path)
        except FerError as error:
            page.show_error(error)
    if not models:
        return
    left, right = st.columns([1, 3.2], gap="medium")
    with left, st.container(border=True):
        st.html(markup.heading(f"Face {face.number}"))
        st.image(face.cut, width=180, alt=f"Face {face.number}")
    with right, st.container(border=True):
        st.html(markup.heading(f"Race: face {face.number} through {markup.plural(len(models), 'model')}"))
        rows = [
            (
                lap.model,
                markup.class_name(lap.label, lap.probabilities),
                f"{lap.probabilities[lap.label]:.2f}",
                markup.chip("warn", "uncertain") if lap.uncertain else markup.chip("good", "sure"),
                f"{lap.ms:.1f}",
            )
            for lap in robustness.compare_models(face.cut, models, settings.reading.tta)
        ]
        st.html(markup.table(("model", "predicted", "p", "", "ms"), rows, numeric=(2, 4), caption="Race"))
    _dial(face, models)


def _chosen(shown: Sequence[Shown]) -> FaceAnswer | None:
    """The face asked for on the first tab, or clicked here; else the first."""
    every = {f"{one.key}/{face.number}": face for one in shown for face in one.result.faces}
    sent = st.session_state.pop("try-race-face", None)
    for key, face in every.items():
        if sent is face:
            st.session_state["try-race-key"] = key
    if not every:
        return None
    current = st.session_state.get("try-race-key")
    current = current if current in every else next(iter(every))
    if len(every) > 1:
        thumbs = np.stack([_square(face.cut) for face in every.values()])
        cards = [
            face_sheet.SheetFace(k, f.answer, "", "selected" if k == current else "")
            for k, f in every.items()
        ]
        clicked = face_sheet.sheet(thumbs, cards, key="try-race-sheet", label="Faces", size=64, words=False)
        if clicked:
            st.session_state["try-race-key"] = clicked
            st.rerun()
    chosen: FaceAnswer = every[current]
    return chosen


def _dial(face: FaceAnswer, models: dict[str, Classifier]) -> None:
    with st.container(border=True):
        st.html(markup.heading("Robustness", "the same face made worse, step by step"))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            change = st.segmented_control(
                "Make it worse", list(robustness.CHANGES), default="blur", required=True, key="try-change"
            )
            steps = robustness.STEPS[change]
            amount = st.select_slider(
                f"Dial: {robustness.UNITS[change]}",
                [_said(change, s) for s in steps],
                key=f"try-dial-{change}",
                width=420,
            )
        turns = {
            name: robustness.answers_when_degraded(model, face.cut, change) for name, model in models.items()
        }
        at = [_said(change, s) for s in steps].index(amount)
        picture, table = st.columns([1, 3.4], gap="medium")
        with picture:
            worse = next(iter(turns.values()))[at].face
            st.image(worse, width=180, alt=f"The face at {amount}")
        with table:
            st.html(_grid(change, turns, at))
            for name, found in turns.items():
                flip = robustness.first_flip(found)
                words = (
                    f"{name}: {found[0].label} becomes {flip.label} at {_said(change, flip.amount)}."
                    if flip
                    else f"{name}: stays {found[0].label} to the end."
                )
                st.html(f'<p class="fer-muted" style="margin:0">{markup.esc(words)}</p>')


def _grid(change: robustness.Degradation, turns: dict[str, list[robustness.DegradedAnswer]], at: int) -> str:
    """Models down, steps across; each cell in the colour of its answer, with the word in it."""
    steps = robustness.STEPS[change]
    head = "".join(
        f"<th class='num'{' aria-current=true' if i == at else ''}>{markup.esc(_said(change, s))}</th>"
        for i, s in enumerate(steps)
    )
    body = ""
    for name, found in turns.items():
        palette = emotion_colors(found[0].probabilities)
        cells = ""
        for i, turn in enumerate(found):
            color = palette[turn.label]
            share = f"{turn.probabilities[turn.label]:.2f}".removeprefix("0")
            ring = "outline:2px solid currentColor;outline-offset:-2px;" if i == at else ""
            cells += (
                f'<td class="num" style="{ring}background:{color};color:{text_on(color)}" '
                f'title="{markup.esc(turn.label)} {share}">{markup.esc(turn.label[:8])}</td>'
            )
        body += f"<tr><th scope='row' style='text-align:left'>{markup.esc(name)}</th>{cells}</tr>"
    return (
        '<div class="fer-scroll"><table class="fer-table fer-dial" aria-label="Answers along the dial"><thead>'
        f"<tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _said(change: robustness.Degradation, amount: float) -> str:
    if change == "darken":
        return f"{amount:.0%}"
    return f"{amount:g}°" if change == "rotate" else f"{amount:g} px"


def _square(cut: np.ndarray) -> np.ndarray:
    from fer_core.data.images import resize

    small = resize(cut, _SIDE)
    return np.repeat(small[..., None], 3, axis=2) if small.ndim == 2 else small
