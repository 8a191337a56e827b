"""Video, frame by frame: boxes that follow the faces, probabilities that do not flicker.

Finding faces costs more than a frame may take, so it happens on a cadence, in a picture of moderate size; in between
the boxes stay where they were. Answers are smoothed per face with an exponential mean (time constant `memory`), so
that one blurred frame does not change the word on the box.

    reader = LiveReader(predictor)
    for frame in camera:                    # uint8 (h, w, 3) RGB
        view = reader.read(frame, now)      # what to draw: view.pixels
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TypedDict

import cv2
import numpy as np

from fer_core.base.emotions import emotion_colors, text_on
from fer_core.inference.annotate import UNCERTAIN_COLOR
from fer_core.inference.detect.boxes import Box, Detector, Face, crop_face, shrunk
from fer_core.inference.detect.detectors import default_detector
from fer_core.inference.predictor import Classifier

FIND_EVERY = 0.25
"""Seconds between two looks for faces."""
READ_EVERY = 0.1
"""Seconds between two readings of the faces found."""
_FIND_SIDE = 400  # longer side of the picture faces are sought in
_SAME = 0.3  # IoU above which a box is the face of before
_MISSED = 2  # looks after which a face that was not found again is gone
_SETTLE = 0.6  # share of the way a box goes to where it was found


class LiveFace(TypedDict):
    """A face that is followed: its number, the answer or `uncertain`, where it is, and all probabilities."""

    number: int
    label: str
    box: list[int]
    probabilities: dict[str, float]


@dataclass
class Track:
    """One face through time.

    Attributes:
        number: 1 is the first that was seen.
        box: where it is now.
        probabilities: float64 (classes,), smoothed; None before the first reading.
    """

    number: int
    box: Box
    probabilities: np.ndarray | None = None
    missed: int = 0


@dataclass(frozen=True)
class LiveFrame:
    """One frame, drawn, with what is known at that moment.

    Attributes:
        pixels: uint8 (h, w, 3) RGB.
        faces: number, label ("uncertain" where it is), probabilities {class: p} and box of every face that was read.
        ms: milliseconds this frame took.
    """

    pixels: np.ndarray
    faces: list[LiveFace]
    ms: float


@dataclass
class LiveReader:
    """Follows the faces of one video. Safe to call from the thread of a video and to read from another.

    Args:
        classifier: the model.
        detector: None takes the default.
        threshold: None takes the model's own.
        memory: seconds after which an old answer counts 1/e.
        mirror: show the picture as a mirror does.
    """

    classifier: Classifier
    detector: Detector | None = None
    threshold: float | None = None
    memory: float = 0.5
    mirror: bool = False
    latest: LiveFrame | None = None
    _tracks: list[Track] = field(default_factory=list)
    _next_number: int = 1
    _found_at: float = -math.inf
    _read_at: float = -math.inf
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=60))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def frames_per_second(self) -> float:
        """Of the last 60 frames, as they came in; 0 before the second."""
        with self._lock:
            times = list(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    def read(self, frame: np.ndarray, now: float | None = None) -> LiveFrame:
        """Take the next frame.

        Args:
            frame: uint8 (h, w, 3) RGB.
            now: seconds, of any clock that only goes forward; None takes the system's.
        """
        moment = time.monotonic() if now is None else now
        started = time.perf_counter()
        pixels = np.ascontiguousarray(frame[:, ::-1] if self.mirror else frame)
        if moment - self._found_at >= FIND_EVERY:
            self._follow(self._find(pixels))
            self._found_at = moment
        if self._tracks and moment - self._read_at >= READ_EVERY:
            self._answer(pixels, moment)
            self._read_at = moment
        view = LiveFrame(self._drawn(pixels), self._told(), (time.perf_counter() - started) * 1000)
        with self._lock:
            self._times.append(moment)
        self.latest = view
        return view

    def _find(self, pixels: np.ndarray) -> list[Face]:
        """Faces, sought in a smaller picture, in pixels of the frame."""
        small, scale = shrunk(pixels, _FIND_SIDE)
        found = (self.detector or default_detector()).detect(small, quick=True)
        return [Face(_scaled(face.box, 1 / scale), face.score) for face in found]

    def _follow(self, faces: list[Face]) -> None:
        """Give every face found to the track it overlaps most, or to a new one."""
        pairs = sorted(
            (
                (track.box.iou(face.box), t, f)
                for t, track in enumerate(self._tracks)
                for f, face in enumerate(faces)
            ),
            reverse=True,
        )
        taken: dict[int, int] = {}
        for overlap, t, f in pairs:
            if overlap > _SAME and t not in taken and f not in taken.values():
                taken[t] = f
        for t, track in enumerate(self._tracks):
            track.missed = 0 if t in taken else track.missed + 1
            if t in taken:
                track.box = _between(track.box, faces[taken[t]].box, _SETTLE)
        self._tracks = [track for track in self._tracks if track.missed <= _MISSED]
        for f, face in enumerate(faces):
            if f not in taken.values():
                self._tracks.append(Track(self._next_number, face.box))
                self._next_number += 1
        if not self._tracks:
            self._next_number = 1

    def _answer(self, pixels: np.ndarray, moment: float) -> None:
        margin = (self.detector or default_detector()).margin
        crops = [self.classifier.prepare(crop_face(pixels, t.box, margin)[None]) for t in self._tracks]
        table = self.classifier.predict(np.concatenate(crops)).astype(np.float64)
        passed = moment - self._read_at
        old = math.exp(-passed / self.memory) if self.memory > 0 and math.isfinite(passed) else 0.0
        for track, row in zip(self._tracks, table, strict=True):
            before = row if track.probabilities is None else track.probabilities
            track.probabilities = old * before + (1 - old) * row

    def _told(self) -> list[LiveFace]:
        names = self.classifier.metadata.classes
        limit = self.classifier.metadata.threshold if self.threshold is None else self.threshold
        told: list[LiveFace] = []
        for track in self._tracks:
            if track.probabilities is None:
                continue
            top = int(track.probabilities.argmax())
            sure = bool(track.probabilities[top] >= limit)
            told.append(
                {
                    "number": track.number,
                    "label": names[top] if sure else "uncertain",
                    "box": track.box.to_list(),
                    "probabilities": {n: float(p) for n, p in zip(names, track.probabilities, strict=True)},
                }
            )
        return told

    def _drawn(self, pixels: np.ndarray) -> np.ndarray:
        image = pixels.copy()
        line = max(2, round(max(image.shape[:2]) / 320))
        scale = max(0.5, max(image.shape[:2]) / 1100)
        for face in self._told():
            known = face["label"] != "uncertain"
            hue = emotion_colors(face["probabilities"])[face["label"]] if known else UNCERTAIN_COLOR
            x, y, width, height = face["box"]
            cv2.rectangle(image, (x, y), (x + width, y + height), _rgb(hue), line, cv2.LINE_AA)
            share = f" {max(face['probabilities'].values()):.2f}" if known else ""
            words = f"{face['number']} {face['label']}{share}"
            (w, h), below = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
            top = y - h - below - 4 if y - h - below - 4 >= 0 else y + height
            cv2.rectangle(image, (x, top), (x + w + 8, top + h + below + 4), _rgb(hue), -1)
            place = (x + 4, top + h + 3)
            cv2.putText(
                image, words, place, cv2.FONT_HERSHEY_SIMPLEX, scale, _rgb(text_on(hue)), 1, cv2.LINE_AA
            )
        return image


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _scaled(box: Box, scale: float) -> Box:
    return Box(*(round(value * scale) for value in box.to_list()))


def _between(old: Box, new: Box, share: float) -> Box:
    return Box(*(round(a + (b - a) * share) for a, b in zip(old.to_list(), new.to_list(), strict=True)))
