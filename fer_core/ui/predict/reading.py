"""Pictures read on Try it, kept in this session's memory only, so that a click does not read them again."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile

from fer_core.base.errors import FerError
from fer_core.data.images import Picture
from fer_core.data.sample.drawing.face import draw_face
from fer_core.inference import analyse
from fer_core.inference.annotate import annotate
from fer_core.inference.photo_result import PhotoResult
from fer_core.ui.components import markup, messages
from fer_core.ui.predict.predict_settings import Settings
from fer_core.ui.shell import page

MOST = 50
_KEPT = 60
_DRAWING = 1280  # longer side, pixels
_THUMB = 96
_DRAWN = ((4, "happy", 70, 110, 150), (11, "neutral", 290, 70, 160), (7, "surprise", 510, 120, 140))
_NOTHING = Picture(np.zeros((1, 1), np.uint8), "gray", 1, 1, "")


@dataclass(frozen=True)
class Shown:
    """A photo's answers and its drawing; the photo itself is let go.

    Attributes:
        key: unlike that of any other picture on the page.
        drawing: JPEG, with boxes and labels.
        thumb: uint8 (96, 96, 3).
    """

    key: str
    result: PhotoResult
    drawing: bytes
    thumb: np.ndarray


def hold(field: str, uploads: Sequence[UploadedFile]) -> list[UploadedFile]:
    """The pictures of a field with those it held before the visitor went to another page; see `forget`."""
    held: dict[str, UploadedFile] = st.session_state.setdefault(f"{field}-held", {})
    held |= {upload.file_id: upload for upload in uploads}
    st.session_state[f"{field}-ids"] = {upload.file_id for upload in uploads}
    return list(held.values())


def forget(field: str) -> None:
    """Let go of what was taken out of a field, as its callback."""
    now = st.session_state.get(field) or []
    now = now if isinstance(now, list) else [now]
    held = st.session_state.get(f"{field}-held", {})
    for gone in st.session_state.get(f"{field}-ids", set()) - {upload.file_id for upload in now}:
        held.pop(gone, None)


def forget_all(field: str) -> None:
    """Let go of all pictures of a field, for a button that is there while some are from before."""
    held: dict[str, UploadedFile] = st.session_state.get(f"{field}-held", {})
    if set(held) - st.session_state.get(f"{field}-ids", set()):
        st.button(
            "Forget the photos of before", icon=":material/delete:", type="tertiary", key=f"{field}-forget",
            on_click=held.clear,
        )  # fmt: skip


def read(uploads: Sequence[Any], settings: Settings) -> list[Shown]:
    """Read up to 50 uploads, with progress; what cannot be read is said, the others are returned."""
    if len(uploads) > MOST:
        left = markup.plural(len(uploads) - MOST, "more picture")
        messages.warning(f"{MOST} pictures are read at once; left out: {left}.", icon=":material/info:")
    chosen = list(uploads)[:MOST]
    memory: dict[Any, Shown] = st.session_state.setdefault("try-memory", {})
    how = (settings.model.path, settings.reading, settings.detector.name)
    todo = sum((upload.file_id, how) not in memory for upload in chosen)
    progress = st.progress(0.0) if todo > 3 else None
    shown = []
    for number, upload in enumerate(chosen, start=1):
        key = (upload.file_id, how)
        try:
            if key not in memory:
                memory[key] = one(upload.getvalue(), upload.name, settings, upload.file_id)
            shown.append(memory[key])
        except FerError as error:
            page.show_error(error)
        if progress:
            progress.progress(number / len(chosen), f"{number} of {len(chosen)} photos")
    if progress:
        progress.empty()
    while len(memory) > _KEPT:
        memory.pop(next(iter(memory)))
    return shown


def one(data: bytes, name: str, settings: Settings, key: str) -> Shown:
    """Read one picture and draw its answers.

    Raises:
        ImageError: it cannot be read.
    """
    result = analyse.analyse(settings.predictor, data, name, settings.reading, settings.detector)
    image = annotate(result.picture, result, _DRAWING)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    small = image.resize((_THUMB, _THUMB), box=(left, top, left + side, top + side), reducing_gap=2.0)
    return Shown(key, replace(result, picture=_NOTHING), buffer.getvalue(), np.asarray(small.convert("RGB")))


def as_zip(shown: Sequence[Shown]) -> bytes:
    """The drawings as one zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, picture in enumerate(shown, start=1):
            stem = picture.result.name.rsplit(".", 1)[0] or "photo"
            archive.writestr(f"{number:02d}-{stem}.jpg", picture.drawing)
    return buffer.getvalue()


class Example:
    """An upload of three drawn faces, for visitors without a photo at hand."""

    file_id, name = "example", "drawn-faces.png"

    def getvalue(self) -> bytes:
        wall = np.full((420, 720, 3), (139, 151, 167), np.uint8)
        wall[300:] = (110, 122, 136)
        for seed, emotion, x, y, side in _DRAWN:
            drawn = Image.fromarray(draw_face(random.Random(seed), emotion))
            face = drawn.resize((side, side), Image.Resampling.BICUBIC).convert("RGB")
            wall[y : y + side, x : x + side] = np.asarray(face)
        buffer = io.BytesIO()
        Image.fromarray(wall).save(buffer, "PNG")
        return buffer.getvalue()
