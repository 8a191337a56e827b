"""A photo's bytes in, answers out: decode, find the faces, read each, say what is uncertain.

Example:
    result = analyse(predictor, path.read_bytes(), path.name, ReadOptions(mode="faces"))
    result.faces[0].answer            # "happy" or "neutral or sad?"
    result.to_json()                  # what `predict --json` prints
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from fer_core.data.images import Picture, decode, to_gray
from fer_core.inference import tta
from fer_core.inference.detect.align import lies, upright_crop
from fer_core.inference.detect.boxes import Box, Detector, Face, crop_face, face_crop_reason, shrunk
from fer_core.inference.detect.detectors import default_detector
from fer_core.inference.photo_result import FaceAnswer, PhotoResult
from fer_core.inference.predictor import Classifier

AnalysisMode = Literal["auto", "faces", "whole"]
MODES: tuple[str, ...] = get_args(AnalysisMode)
_FEW_PIXELS = 36  # a face below this has to be enlarged to three quarters of a usual 48 pixel input or more
_DARK = 40  # mean gray level
_SURE = 0.8  # detection score that counts when a photo is tried three more ways up
_KEPT_SIDE = 256  # pixels
_COARSE = 80  # pixels: a limit on the size of faces that is worth telling


@dataclass(frozen=True)
class ReadOptions:
    """How pictures are to be read.

    Attributes:
        mode: `faces` reads what the detector boxes, `whole` the picture as one face crop, `auto` decides by
            size and detector and says so in `PhotoResult.whole`.
        tta: test-time augmentation, see `tta.KINDS`.
        threshold: below this top probability a face is uncertain; None takes the model's own.
        smallest: faces of a shorter longer side, in pixels, are left out.
        least_score: faces the detector scores lower are left out, 0..1.
        align: turn faces upright by the eye line, where the detector finds eyes.
    """

    mode: AnalysisMode = "auto"
    tta: tta.TtaKind = "none"
    threshold: float | None = None
    smallest: int = 0
    least_score: float = 0.0
    align: bool = True

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"`mode` must be one of {MODES}. Received: mode={self.mode!r}")

    def keeps(self, face: Face) -> bool:
        """Whether a detection is large and sure enough."""
        return max(face.box.width, face.box.height) >= self.smallest and face.score >= self.least_score


def analyse(
    predictor: Classifier,
    data: bytes,
    name: str = "",
    reading: ReadOptions = ReadOptions(),
    detector: Detector | None = None,
) -> PhotoResult:
    """Read every face in a picture file.

    Args:
        predictor: the model.
        data: the file's bytes (JPEG, PNG, WebP, ...).
        name: the file's name, for messages and results.
        reading: how.
        detector: None takes `default_detector()`.

    Raises:
        ImageError: not a picture, damaged, or beyond the limits.
    """
    started = time.perf_counter()
    picture = decode(data, name)
    return analyse_picture(predictor, picture, name, reading, detector, _since(started))


def analyse_picture(
    predictor: Classifier,
    picture: Picture,
    name: str = "",
    reading: ReadOptions = ReadOptions(),
    detector: Detector | None = None,
    decode_ms: float = 0.0,
) -> PhotoResult:
    """`analyse` for a picture that is decoded already."""
    looker = default_detector() if detector is None else detector
    limit = predictor.metadata.threshold if reading.threshold is None else reading.threshold

    started = time.perf_counter()
    faces, whole, looked, left_out = _find(picture.pixels, reading, looker)
    quarters = 0
    if looked and not left_out and sum(map(lies, faces)) * 2 >= len(faces):
        quarters, picture, faces = _best_way_up(picture, faces, reading, looker)
    pixels = picture.pixels
    detect_ms = _since(started)

    started = time.perf_counter()
    crops = [(pixels, 0.0) if whole else _cut(pixels, face, looker, reading) for face in faces]
    answers = _read(predictor, faces, crops, bool(whole), reading.tta, limit)
    return PhotoResult(
        name=name,
        width=picture.width,
        height=picture.height,
        faces=answers,
        whole=whole,
        rotated=90 * quarters,
        warnings=tuple(_warnings(pixels, faces, whole, looker, left_out, 90 * quarters)),
        detector=looker.name if looked else "",
        threshold=limit,
        decode_ms=decode_ms,
        detect_ms=detect_ms,
        predict_ms=_since(started),
        picture=picture,
    )


def _find(pixels: np.ndarray, reading: ReadOptions, detector: Detector) -> tuple[list[Face], str, bool, int]:
    """Faces, the reason if the picture is taken as a whole, whether the detector looked, and how many were left out."""
    height, width = pixels.shape[:2]
    everything = [Face(Box(0, 0, width, height), score=1.0)]
    if reading.mode == "whole":
        return everything, "as asked", False, 0
    if reading.mode == "auto" and (reason := face_crop_reason(pixels, None, detector)):
        return everything, reason, False, 0
    faces = detector.detect(pixels)
    if reading.mode == "auto" and (reason := face_crop_reason(pixels, faces, detector)):
        return everything, reason, True, 0
    kept = [face for face in faces if reading.keeps(face)]
    return kept, "", True, len(faces) - len(kept)


def _best_way_up(
    picture: Picture, faces: list[Face], reading: ReadOptions, detector: Detector
) -> tuple[int, Picture, list[Face]]:
    """Quarter turns to the left after which faces are found best, the picture so turned, and the faces.

    0, the picture and the faces as they are where it is no better any other way up: there, only a face that is upright, and
    surer than in a picture as it comes, speaks for a turn.
    """
    best, most = (0, picture, faces), sum(face.score for face in faces)
    for quarters in (1, 3, 2):
        pixels = np.ascontiguousarray(np.rot90(picture.pixels, quarters))
        found = [face for face in detector.detect(pixels) if reading.keeps(face)]
        weight = sum(face.score for face in found if face.score >= _SURE and not lies(face))
        if weight > most:
            height, width = pixels.shape[:2]
            best = (quarters, replace(picture, pixels=pixels, width=width, height=height), found)
            most = weight
    return best


def _cut(
    pixels: np.ndarray, face: Face, detector: Detector, reading: ReadOptions
) -> tuple[np.ndarray, float]:
    """The crop, and by how many degrees it was turned."""
    if reading.align:
        return upright_crop(pixels, face, detector.margin)
    return crop_face(pixels, face.box, detector.margin), 0.0


def _read(
    predictor: Classifier,
    faces: list[Face],
    crops: list[tuple[np.ndarray, float]],
    whole: bool,
    kind: tta.TtaKind,
    threshold: float,
) -> tuple[FaceAnswer, ...]:
    if not crops:
        return ()
    started = time.perf_counter()
    batch = np.concatenate([predictor.prepare(crop[None]) for crop, _ in crops])
    table = tta.predict(predictor, batch, kind)
    ms = _since(started) / len(crops)
    names = predictor.metadata.classes
    return tuple(
        FaceAnswer(
            number=number,
            box=face.box,
            label=names[int(row.argmax())],
            probabilities={name: float(p) for name, p in zip(names, row, strict=True)},
            uncertain=bool(row.max() < threshold),
            ms=ms,
            detection=None if whole else face.score,
            turned=turned,
            crop=crop,
            cut=_bounded(cut),
        )
        for number, (face, row, crop, (cut, turned)) in enumerate(
            zip(faces, table, batch, crops, strict=True), start=1
        )
    )


def _bounded(cut: np.ndarray) -> np.ndarray:
    """A crop small enough to be kept while a page is open."""
    small, scale = shrunk(cut, _KEPT_SIDE)
    return small if scale < 1 else cut.copy()  # not a view: that would keep the whole photo in memory


def _warnings(
    pixels: np.ndarray, faces: list[Face], whole: str, detector: Detector, left_out: int, rotated: int
) -> list[str]:
    height, width = pixels.shape[:2]
    found = []
    if rotated:
        turn = {90: "by 90° to the left", 180: "upside down", 270: "by 90° to the right"}[rotated]
        found.append(f"The faces were not upright, so the photo was turned {turn}.")
    if left_out:
        what = "One face was" if left_out == 1 else f"{left_out} faces were"
        found.append(f"{what} left out: smaller, or less sure, than asked for.")
    elif not faces:
        found.append(
            "No face found: try a sharper or frontal picture, or read the whole picture as one face."
        )
    small = sum(max(face.box.width, face.box.height) < _FEW_PIXELS for face in faces)
    if small:
        which = "One face is" if small == 1 else f"{small} faces are"
        found.append(f"{which} under {_FEW_PIXELS} pixels wide: read the answer with care.")
    smallest = detector.smallest(width, height)
    if not whole and smallest >= _COARSE:
        found.append(f"Large picture ({width:,} x {height:,}): faces under {smallest} pixels are not sought.")
    if to_gray(pixels).mean() < _DARK:
        found.append("The picture is dark: expect more mistakes.")
    return found


def _since(started: float) -> float:
    """Milliseconds since a `time.perf_counter()`."""
    return (time.perf_counter() - started) * 1000
