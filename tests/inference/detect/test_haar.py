from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import covers, drawn, easy_seeds, scene

from fer_core.data.images import decode
from fer_core.inference.detect.haar import HaarDetector


@pytest.fixture(scope="module")
def detector() -> HaarDetector:
    return HaarDetector()


def test_finds_several_faces_of_several_sizes_left_to_right(detector: HaarDetector) -> None:
    one, two, three, four = easy_seeds()
    places = {one: (20, 40, 180), two: (230, 250, 120), three: (380, 30, 100), four: (460, 220, 160)}
    found = detector.detect(scene(places))
    assert len(found) == 4
    assert all(covers(f.box, place) for f, place in zip(found, places.values(), strict=True))
    assert all(0.5 <= f.score < 1 for f in found)


def test_most_drawn_faces_are_found_at_their_place(detector: HaarDetector) -> None:
    place = (100, 120, 144)
    found = [detector.detect(scene({seed: place}, 400, 400)) for seed in range(30)]
    assert sum(any(covers(f.box, place) for f in faces) for faces in found) >= 18
    assert sum(not covers(f.box, place) for faces in found for f in faces) <= 1


def test_colour_and_gray_give_the_same_boxes(detector: HaarDetector) -> None:
    gray = scene({easy_seeds()[0]: (200, 100, 150)})
    assert detector.detect(np.repeat(gray[..., None], 3, axis=2)) == detector.detect(gray)


def test_dark_pictures(detector: HaarDetector) -> None:
    dark = scene({easy_seeds()[0]: (200, 100, 150)}) // 6
    assert len(detector.detect(dark)) == 1


@pytest.mark.parametrize("scale", [2, 4])
def test_boxes_are_in_pixels_of_the_picture(detector: HaarDetector, scale: int) -> None:
    found = []
    for seed in range(12):
        small = Image.fromarray(scene({seed: (200, 100, 150)}))
        large = np.array(small.resize((640 * scale, 480 * scale), Image.Resampling.BICUBIC))
        found += [face.box for face in detector.detect(large)]
    assert len(found) >= 6
    assert all(covers(box, (200 * scale, 100 * scale, 150 * scale)) for box in found)


def test_boxes_stay_inside_the_picture(detector: HaarDetector) -> None:
    seed = easy_seeds()[0]
    for x, y in ((-20, 40), (500, -25), (520, 360)):
        gray = scene({})
        face = drawn(seed, 150)
        top, left = max(y, 0), max(x, 0)
        piece = face[top - y : 480 - y, left - x : 640 - x]
        gray[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
        for found in detector.detect(gray):
            box = found.box
            assert box.x >= 0
            assert box.y >= 0
            assert box.x + box.width <= 640
            assert box.y + box.height <= 480


def test_nothing_in_noise_walls_and_stripes(detector: HaarDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400), dtype=np.uint8)
    stripes = np.tile(np.repeat([40, 200], 20).astype(np.uint8), (300, 10))
    slope = np.tile(np.arange(256, dtype=np.uint8), (200, 1))
    for picture in (noise, stripes, slope, np.zeros((480, 640), np.uint8)):
        assert detector.detect(picture) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 2), (25, 25)])
def test_tiny_and_thin_pictures(detector: HaarDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.zeros(shape, np.uint8)) == []


def test_smallest_face_grows_with_the_picture(detector: HaarDetector) -> None:
    assert detector.smallest(640, 480) == 32
    assert detector.smallest(3840, 2160) == 128


def test_threads_share_one_detector(detector: HaarDetector) -> None:
    gray = scene({easy_seeds()[0]: (200, 100, 150)})
    expected, wrong = detector.detect(gray), []

    def work() -> None:
        for _ in range(3):
            if detector.detect(gray) != expected:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.real
def test_ordinary_photos(detector: HaarDetector) -> None:
    """At least 80 % of the counted faces with at most six boxes too many, over twenty photos."""
    root = os.environ.get("FER_TEST_DATA")
    if not root:
        pytest.skip("FER_TEST_DATA names no folder with test photos")
    folder = Path(root) / "photos"
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    counted = {m[1]: int(m[2]) for line in lines if (m := re.match(r"\| (\S+\.\w+) \| (\d+) \|", line))}
    found = {
        name: len(detector.detect(decode((folder / name).read_bytes(), name).pixels)) for name in counted
    }
    assert len(counted) == 20
    assert sum(min(found[name], faces) for name, faces in counted.items()) >= 0.8 * sum(counted.values())
    assert sum(max(0, found[name] - faces) for name, faces in counted.items()) <= 6
