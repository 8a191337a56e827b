"""A photo's answer on screen: the picture with its boxes, and one card per face."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from fer_core.inference.annotate import annotate
from fer_core.inference.photo import FaceAnswer, PhotoResult
from fer_core.ui import html


def as_json(results: Sequence[PhotoResult]) -> str:
    """The same document as `predict --json`."""
    return json.dumps([result.to_json() for result in results], indent=2)


def draw(results: Sequence[PhotoResult]) -> None:
    """Face crops as cards side by side, then photos, each with its faces beside it."""
    crops = [(number, result) for number, result in enumerate(results) if result.whole]
    for start in range(0, len(crops), 3):
        for place, (number, result) in zip(st.columns(3), crops[start : start + 3], strict=False):
            with place, st.container(border=True, key=f"crop-{number}"):
                _card(result.faces[0])
                st.html(f'<p class="fer-muted">{html.esc(_words(result))}</p>')
                _warnings(result)
    for number, result in enumerate(results):
        if not result.whole:
            _photo(result, number)


def _photo(result: PhotoResult, number: int) -> None:
    """The annotated picture on the left, its faces on the right."""
    left, right = st.columns([1.5, 1], gap="medium")
    with left, st.container(border=True):
        st.image(
            annotate(result.picture, result),
            width="stretch" if result.width >= 400 else 288,
            alt=f"{result.name}: {html.plural(len(result.faces), 'face')} boxed and labelled",
        )
        st.html(f'<p class="fer-muted">{html.esc(_words(result))}</p>')
        _warnings(result)
    with right:
        for face in result.faces:
            with st.container(border=True, key=f"answer-{number}-{face.number}"):
                _card(face)


def _words(result: PhotoResult) -> str:
    """File, size, how it was read, and how long that took."""
    found = f"{html.plural(len(result.faces), 'face')} found in {result.detect_ms:.0f} ms"
    how = f"read whole: {result.whole}" if result.whole else found
    return f"{result.name} · {result.width:,} × {result.height:,} px · {how} · read in {result.predict_ms:.1f} ms"


def _warnings(result: PhotoResult) -> None:
    for warning in result.warnings:
        st.warning(warning, icon=":material/info:")


def _card(face: FaceAnswer) -> None:
    picture, words = st.columns([1, 2.2], vertical_alignment="center", wrap=False)
    with picture:
        crop = face.crop[..., 0] if face.crop.shape[-1] == 1 else face.crop
        st.image(crop, width=88, alt=f"Face {face.number}")
    with words:
        top = max(face.probabilities.values())
        chip = html.chip("look", "uncertain") if face.uncertain else html.chip("good", f"{top:.2f}")
        st.html(
            html.heading(f"{face.number} · {face.answer}", "", chip)
            + html.bars(dict(face.probabilities), limit=4)
        )
