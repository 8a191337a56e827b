"""Turn a face upright by its eye line before it is cut out.

>>> round(eye_angle(Face(Box(0, 0, 100, 100), 1.0, ((30, 40), (70, 60)))))
27
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from fer_core.inference.detect.boxes import Box, Face, crop_face

LEAST, MOST = 12.0, 50.0
"""Degrees. Four in five of FER2013's faces are tilted by less than `LEAST`, so a model knows them: turning those upright gained
nothing there (.622, .624 of 1,190) and lost 2 points on 661 web photos, while faces tilted by 30 degrees gained 5.
A slope above `MOST` is more likely a wrong landmark."""


def lies(face: Face) -> bool:
    """Whether a face lies on its side or stands on its head, by its eyes; False without landmarks."""
    if len(face.landmarks) < 2:
        return False
    (x0, y0), (x1, y1) = face.landmarks[:2]
    return abs(math.degrees(math.atan2(y1 - y0, x1 - x0))) > 45


def eye_angle(face: Face) -> float:
    """Slope of the eye line in degrees, positive where the right one (in the picture) is lower; 0 without landmarks."""
    if len(face.landmarks) < 2:
        return 0.0
    (x0, y0), (x1, y1) = sorted(face.landmarks[:2])
    return math.degrees(math.atan2(y1 - y0, x1 - x0))


def upright_crop(pixels: np.ndarray, face: Face, margin: float) -> tuple[np.ndarray, float]:
    """A square around a face, turned so that the eyes are level.

    Args:
        pixels: uint8 (h, w) or (h, w, 3).
        face: where; its first two landmarks are the eyes.
        margin: as for `crop_face`.

    Returns:
        uint8 (side, side[, 3]), and the degrees it was turned by (0 where it was not).
    """
    angle = eye_angle(face)
    if not LEAST <= abs(angle) <= MOST:
        return crop_face(pixels, face.box, margin), 0.0
    box = face.box
    side = max(1, round(max(box.width, box.height) * (1 + 2 * margin)))
    center = (box.x + box.width / 2, box.y + box.height / 2)
    # Only a neighbourhood is turned: the whole of a large photo would cost more than finding the face in it.
    half = math.ceil(side * 0.75)
    near = crop_face(pixels, Box(round(center[0]) - half, round(center[1]) - half, 2 * half, 2 * half), 0.0)
    turn = cv2.getRotationMatrix2D((half, half), angle, 1.0)
    turn[:, 2] += side / 2 - half
    crop = cv2.warpAffine(near, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8), angle
