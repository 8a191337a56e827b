"""The faces of a photo as cards: crop, answer, bars. One element however many faces; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence

from fer_core.base.emotions import emotion_colors
from fer_core.inference.photo_result import FaceAnswer
from fer_core.ui.components import browser_part
from fer_core.ui.components.face_sheet import data_url

_list = browser_part.load("fer_face_list", __file__, '<div class="list" role="group"></div>')


def draw(faces: Sequence[FaceAnswer], current: int, *, key: str) -> int | None:
    """Draw the cards; the number of the face just clicked, or None."""
    if not faces:
        return None
    data = {"label": "Faces", "current": current, "faces": [_card(face) for face in faces]}
    chosen = _list(key=browser_part.key_of(key), data=data, on_chosen_change=lambda: None).chosen
    return int(chosen) if chosen else None


def _card(face: FaceAnswer) -> dict[str, object]:
    palette = emotion_colors(face.probabilities)
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
