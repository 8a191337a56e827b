"""Pictures that show no face: placeholders ("this image was removed"), signs, logos, cards of text.

Two things must meet. Much of the picture is even, as hardly any face is; and no detector finds a face in it. Neither alone
would do: faces on a plain ground are even too, and a detector misses one small face in five.
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_core.base.arrays import Floats

EVEN_SHARE = 0.45
"""Share of even pixels from which a face is looked for; below it a picture is none of these."""
_STEP = 2  # gray levels between neighbours that count as even: JPEG moves a plain ground by so much
_CASCADES = ("frontalface_default", "frontalface_alt2", "profileface")
_SIDE = 96  # the picture is enlarged to this, for the cascades look for faces of 20 pixels and more
_BORDER = 24
_LEAST_FACE = 38
_SCALE = 1.05
_AGREEING = 3  # windows that must agree
_FOLDER = Path(cv2.__file__).parent / "data"
_OWN = threading.local()  # a cascade keeps scratch buffers: one per thread


def even_without_face(stack: NDArray[np.uint8]) -> Floats:
    """How much of each picture is even, if no face is found in it.

    Args:
        stack: uint8 (n, height, width), gray.

    Returns:
        float64 (n,), 0..1; 0 where a face was found, which is looked for from `EVEN_SHARE` on.
    """
    shares = _even(stack)
    for place in np.flatnonzero(shares >= EVEN_SHARE):
        if _has_face(stack[place]):
            shares[place] = 0.0
    return shares


def _even(stack: NDArray[np.uint8]) -> Floats:
    """Share of pixels that differ little from those above and to the left."""
    gray = stack.astype(np.int16)
    here = gray[:, 1:, 1:]
    even = (np.abs(here - gray[:, :-1, 1:]) <= _STEP) & (np.abs(here - gray[:, 1:, :-1]) <= _STEP)
    return np.asarray(even.mean(axis=(1, 2)))


def _has_face(gray: NDArray[np.uint8]) -> bool:
    work = cv2.resize(cv2.equalizeHist(np.ascontiguousarray(gray)), (_SIDE, _SIDE))
    work = cv2.copyMakeBorder(work, _BORDER, _BORDER, _BORDER, _BORDER, cv2.BORDER_REPLICATE)
    mirrored = np.ascontiguousarray(work[:, ::-1])  # the cascade of profiles knows one side
    looks = [(cascade, work) for cascade in _cascades()] + [(_cascades()[-1], mirrored)]
    return any(_windows(cascade, picture) >= _AGREEING for cascade, picture in looks)


def _windows(cascade: cv2.CascadeClassifier, picture: NDArray[np.uint8]) -> int:
    _, agreeing = cascade.detectMultiScale2(picture, _SCALE, 1, 0, (_LEAST_FACE, _LEAST_FACE))
    return max((int(n) for n in agreeing), default=0)


def _cascades() -> tuple[cv2.CascadeClassifier, ...]:
    if not hasattr(_OWN, "cascades"):
        files = [_FOLDER / f"haarcascade_{name}.xml" for name in _CASCADES]
        _OWN.cascades = tuple(cv2.CascadeClassifier(str(file)) for file in files)
    found: tuple[cv2.CascadeClassifier, ...] = _OWN.cascades
    return found
