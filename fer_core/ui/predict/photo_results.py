"""Photos and their answers: the picture with numbered boxes on the left, its faces on the right."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from fer_core.base.csv_text import csv_text
from fer_core.base.errors import FerError
from fer_core.inference import explain
from fer_core.inference.photo_result import FaceAnswer
from fer_core.ui.components import face_cards, face_sheet, markup, messages
from fer_core.ui.predict import corrections
from fer_core.ui.predict.predict_settings import Settings
from fer_core.ui.predict.reading import Shown, as_zip
from fer_core.ui.shell import page

_SCROLL_AFTER = 4  # faces


def draw(shown: Sequence[Shown], settings: Settings, key: str, narrow: bool = False) -> None:
    """Everything about the pictures read: the strip of all, the current one, the table of answers.

    Args:
        shown: at least one.
        settings: the model, and how it is asked.
        key: unique on the page.
        narrow: the faces stand below the picture, not beside it.
    """
    current = _current(shown, key)
    left, right = (st.container(), st.container()) if narrow else st.columns([1.32, 1], gap="medium")
    with left:
        _strip(shown, current, key)
        _picture(current)
    with right:
        _faces(current, settings, key)
    _table(shown, key)


def _current(shown: Sequence[Shown], key: str) -> Shown:
    """The picture looked at: the one clicked, else the newest."""
    known = {one.key: one for one in shown}
    count = st.session_state.get(f"{key}-count")
    st.session_state[f"{key}-count"] = len(shown)
    if count is not None and len(shown) > count:  # something new was dropped: show it
        st.session_state[f"{key}-picture"] = shown[count].key
    return known.get(st.session_state.get(f"{key}-picture", ""), shown[0])


def _picture(shown: Shown) -> None:
    result = shown.result
    st.image(
        shown.drawing,
        width="stretch" if result.width >= 320 else 288,
        alt=f"{result.name}: {markup.plural(len(result.faces), 'face')} boxed and labelled",
    )
    st.html(f'<p class="fer-muted">{markup.esc(_words(shown))}</p>')
    for warning in result.warnings:
        messages.warning(warning, icon=":material/info:")
    if not result.faces:
        st.button("Read the whole picture as one face", icon=":material/crop_free:", on_click=_read_whole)


def _read_whole() -> None:
    st.session_state["try-mode"] = "whole"


def _words(shown: Shown) -> str:
    """File, size, how it was read, and how long that took."""
    result = shown.result
    found = (
        f"{markup.plural(len(result.faces), 'face')} found in {result.detect_ms:.0f} ms by {result.detector}"
    )
    how = f"read whole: {result.whole}" if result.whole else found
    size = f"{result.width:,} × {result.height:,}"
    return f"{result.name} · {size} · {how} · read in {result.predict_ms:.1f} ms"


def _strip(shown: Sequence[Shown], current: Shown, key: str) -> None:
    """Small pictures of all that was dropped; a click shows one."""
    if len(shown) > 1:
        cards = [
            face_sheet.SheetFace(
                one.key,
                one.result.name,
                markup.plural(len(one.result.faces), "face"),
                "selected" if one is current else "",
            )
            for one in shown
        ]
        clicked = face_sheet.sheet(
            np.stack([one.thumb for one in shown]),
            cards,
            key=f"{key}-strip",
            label="Photos",
            size=72,
            words=False,
        )
        if clicked:
            st.session_state[f"{key}-picture"] = clicked
            st.rerun()


def _faces(shown: Shown, settings: Settings, key: str) -> None:
    answers = shown.result.faces
    if not answers:
        page.empty(
            "No face here", "Try a sharper or more frontal picture, another detector, or read it whole."
        )
        return
    state = f"{key}-face-{shown.key}"
    first = next((face.number for face in answers if face.uncertain), 1)
    chosen = min(st.session_state.get(state, first), len(answers))
    with st.container(height=640 if len(answers) > _SCROLL_AFTER else "content", border=False):
        above = face_cards.draw(answers[:chosen], chosen, key=f"{key}-above")
        _closer(answers[chosen - 1], settings, f"{key}-{shown.key}-{chosen}")
        below = face_cards.draw(answers[chosen:], chosen, key=f"{key}-below")
    clicked = above or below
    if clicked and clicked != chosen:
        st.session_state[state] = clicked
        st.rerun()


@st.fragment
def _closer(face: FaceAnswer, settings: Settings, key: str) -> None:
    """What mattered for one face, and what to do about its answer."""
    with st.container(border=True, key=f"closer-{key}"):
        picture, words = st.columns([1, 3.2], vertical_alignment="center", wrap=False)
        heat, test = _occlusion(face, settings, key)
        with picture:
            tinted = explain.overlay(face.crop, heat)
            st.image(tinted, width=84, alt=f"{explain.NAME} of face {face.number}")
        leaning = explain.important_parts(heat)
        mattered = " and ".join(leaning) if leaning else "no single part"
        proof = f"Covering it takes {test.hot:.2f} off the probability; as large a part elsewhere {max(test.random, 0):.2f}."
        with words:
            st.html(
                f'<p class="fer-note"><b>What mattered ({explain.METHOD}): {markup.esc(mattered)}.</b></p>'
                f'<p class="fer-muted">{markup.esc(proof)}</p>'
            )
        with st.container(horizontal=True):
            corrections.button(face, settings, key)
            if st.button(
                "Race",
                icon=":material/sports_score:",
                key=f"race-{key}",
                help="This face through other models",
            ):
                st.session_state["try-race-face"] = face
                st.session_state["try-next-tab"] = "Race"
                st.rerun()


def _occlusion(face: FaceAnswer, settings: Settings, key: str) -> tuple[np.ndarray, explain.Deletion]:
    memory = st.session_state.setdefault("try-heat", {})
    name = (key, settings.model.path, face.label)
    if name not in memory:
        model, label = settings.predictor, face.label  # coarser than could be, for an answer at once
        heat = explain.occlusion_map(model, face.crop, label, step=0.1)
        memory[name] = heat, explain.deletion_test(model, face.crop, heat, label, trials=16)
        while len(memory) > 64:
            memory.pop(next(iter(memory)))
    found: tuple[np.ndarray, explain.Deletion] = memory[name]
    return found


def _table(shown: Sequence[Shown], key: str) -> None:
    """All answers as a table, and as files."""
    rows = pd.DataFrame([row for one in shown for row in one.result.rows()])
    count = sum(len(one.result.faces) for one in shown)
    with st.container(border=True, key=f"{key}-all"):
        st.html(
            markup.heading(
                "All predictions", f"{markup.plural(len(shown), 'photo')} · {markup.plural(count, 'face')}"
            )
        )
        if count:
            st.dataframe(rows, hide_index=True, height=min(38 + 35 * len(rows), 320))
        documents = json.dumps([one.result.to_json() for one in shown], indent=2)
        icon = ":material/download:"
        with st.container(horizontal=True):
            st.download_button(
                "CSV", csv_text(rows), "predictions.csv", "text/csv", icon=icon, key=f"{key}-csv"
            )
            st.download_button(
                "JSON", documents, "predictions.json", "application/json", icon=icon, key=f"{key}-json"
            )
            st.download_button(
                "Annotated",
                lambda: as_zip(shown),
                "annotated.zip",
                "application/zip",
                icon=icon,
                key=f"{key}-zip",
            )
    corrections.kept(key)


def guarded(shown: Sequence[Shown], settings: Settings, key: str, narrow: bool = False) -> None:
    """`draw`, with a failure of the model in words."""
    try:
        draw(shown, settings, key, narrow)
    except FerError as error:
        page.show_error(error)
