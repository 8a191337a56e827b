"""Video as plain library code: who is followed, how answers are smoothed, how often faces are sought."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
from scenes import Finds, easy_seeds, face, scene
from tiny_models import save_light

from fer_core.inference.detect.boxes import Face
from fer_core.inference.live import FIND_EVERY, READ_EVERY, LiveReader
from fer_core.inference.predictor import Predictor


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    return Predictor.load(save_light(tmp_path / "m.onnx", threshold=0.5))


def frame(left: int, right: int) -> np.ndarray:
    """A face at (100, 100, 200), its upper left and right as light as asked."""
    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[100:200, 100:200], pixels[100:200, 200:300] = left, right
    return pixels


class Always(Finds):
    """Finds the same faces every time."""

    def detect(self, pixels: np.ndarray, *, quick: bool = False) -> list[Face]:
        self.asked.append(pixels.shape)
        return list(self.answers)  # type: ignore[arg-type]


def test_faces_are_sought_on_a_cadence_and_every_frame_is_drawn(predictor: Predictor) -> None:
    detector = Always(face(100, 100, 200))  # type: ignore[arg-type]
    reader = LiveReader(predictor, detector)
    pixels = frame(250, 0)
    views = [reader.read(pixels, now=index / 40) for index in range(41)]
    assert len(detector.asked) == math.floor(1 / FIND_EVERY) + 1
    assert all((view.pixels != pixels).any() for view in views)
    assert (frame(250, 0) == pixels).all()  # the camera's own frame is left alone
    assert reader.frames_per_second == pytest.approx(40, abs=0.5)
    (told,) = views[-1].faces
    assert (told["number"], told["label"], told["box"]) == (1, "happy", [100, 100, 200, 200])


def test_probabilities_are_an_exponential_mean(predictor: Predictor) -> None:
    reader = LiveReader(predictor, Always(face(100, 100, 200)), memory=0.5)  # type: ignore[arg-type]
    happy, sad = frame(250, 0), frame(0, 250)
    before = reader.read(happy, now=0.0).faces[0]["probabilities"]
    after = reader.read(sad, now=READ_EVERY).faces[0]["probabilities"]
    alone = LiveReader(predictor, Always(face(100, 100, 200))).read(sad, now=0.0)  # type: ignore[arg-type]
    share = math.exp(-READ_EVERY / 0.5)
    for name, p in after.items():
        expected = share * before[name] + (1 - share) * alone.faces[0]["probabilities"][name]
        assert p == pytest.approx(expected, abs=1e-6)
    assert reader.latest is not None
    assert reader.latest.faces[0]["label"] in ("happy", "uncertain")  # one frame does not turn it
    for step in range(2, 40):
        last = reader.read(sad, now=step * READ_EVERY).faces[0]["label"]
    assert last == "sad"


def test_a_face_keeps_its_number_and_one_that_leaves_is_forgotten(predictor: Predictor) -> None:
    first, second = face(100, 100, 200), face(320, 20, 60)
    looks = [
        [first],
        [face(110, 104, 200), second],
        [second, face(120, 108, 200)],
        [second],
        [second],
        [second],
        [],
    ]
    reader = LiveReader(predictor, Finds(*looks))
    seen = []
    for look in range(len(looks) + 3):
        view = reader.read(frame(200, 100), now=look * FIND_EVERY)
        seen.append({told["number"]: told["box"][0] for told in view.faces})
    assert [sorted(numbers) for numbers in seen[:3]] == [[1], [1, 2], [1, 2]]
    assert 100 < seen[1][1] <= seen[2][1] <= 120  # it follows, smoothly
    assert sorted(seen[5]) == [2]
    assert seen[-1] == {}


def test_it_finds_a_drawn_face_in_a_mirror_and_keeps_up(predictor: Predictor) -> None:
    (seed,) = easy_seeds(1)
    video = np.repeat(scene({seed: (60, 150, 160)})[..., None], 3, axis=2)
    reader = LiveReader(predictor, mirror=True)
    spent = time.process_time()
    for index in range(45):
        view = reader.read(video, now=index / 15)
    spent = time.process_time() - spent
    (told,) = view.faces
    x, _, width, _ = told["box"]
    assert abs(x + width / 2 - (640 - 140)) < 40
    assert spent < 2 * 3, (
        f"{spent:.1f} s of processor time for 3 s of video at 15 frames a second, on 2 cores"
    )
