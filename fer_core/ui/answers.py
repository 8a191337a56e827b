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


def draw(result: PhotoResult, number: int) -> None:
    """One photo: the annotated picture on the left, its faces on the right."""
    left, right = st.columns([1.5, 1], gap="medium")
    with left, st.container(border=True):
        st.image(
            annotate(result.picture, result),
            width="stretch" if result.width >= 400 else 288,
            alt=f"{result.name}: {len(result.faces)} faces boxed and labelled",
        )
        what = (
            f"read whole: {result.whole}"
            if result.whole
            else f"{len(result.faces)} faces found in {result.detect_ms:.0f} ms"
        )
        st.html(
            f'<p class="fer-muted">{html.esc(result.name)} · {result.width:,} × {result.height:,} px · {html.esc(what)} · '
            f"read in {result.predict_ms:.1f} ms</p>"
        )
        for warning in result.warnings:
            st.warning(warning, icon=":material/info:")
    with right:
        for face in result.faces:
            with st.container(border=True, key=f"answer-{number}-{face.number}"):
                _card(face)


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
