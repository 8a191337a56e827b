"""Test-time augmentation: the same face shown several ways, the answers averaged (Krizhevsky et al. 2012).

>>> [len(views(np.zeros((2, 48, 48, 1), np.uint8), kind)) for kind in KINDS]
[1, 2, 12]
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from fer_core.data.images import resize
from fer_core.inference.predictor import Classifier

TtaKind = Literal["none", "flip", "many"]
KINDS: tuple[TtaKind, ...] = get_args(TtaKind)
"""`none` as it is; `flip` with its mirror image; `many` whole, centre and four corners, each with its mirror image."""
_ZOOM = 0.9  # side of the centre and corner crops; at .85 chins are cut off, at .95 hardly anything changes


def views(batch: np.ndarray, kind: TtaKind) -> list[np.ndarray]:
    """What is shown.

    Args:
        batch: uint8 (n, size, size, channels), as `Classifier.prepare` returns it.
        kind: one of `KINDS`.

    Returns:
        Arrays like `batch`; the first is `batch` itself.

    Raises:
        ValueError: another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {KINDS}. Received: kind={kind!r}")
    shown = [batch]
    if kind == "many":
        size = batch.shape[1]
        side = max(1, round(size * _ZOOM))
        middle, end = (size - side) // 2, size - side
        for top, left in ((middle, middle), (0, 0), (0, end), (end, 0), (end, end)):
            part = batch[:, top : top + side, left : left + side]
            shown.append(np.stack([_enlarged(face, size) for face in part]) if len(part) else batch)
    if kind != "none":
        shown += [view[:, :, ::-1] for view in shown]
    return shown


def predict(classifier: Classifier, pixels: np.ndarray, kind: TtaKind = "none") -> np.ndarray:
    """Class probabilities of face crops, averaged over the views: float32 (n, classes).

    Args:
        classifier: the model.
        pixels: uint8 (n, h, w) or (n, h, w, 1 or 3).
        kind: one of `KINDS`.
    """
    batch = classifier.prepare(pixels)
    shown = views(batch, kind)
    table = classifier.predict(np.ascontiguousarray(np.concatenate(shown)))
    return np.asarray(table.reshape(len(shown), len(batch), table.shape[1]).mean(axis=0), np.float32)


def _enlarged(face: np.ndarray, size: int) -> np.ndarray:
    flat = face[..., 0] if face.shape[-1] == 1 else face
    return resize(flat, size).reshape(size, size, face.shape[-1])
