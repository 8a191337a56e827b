from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenes import Finds, face, png, scene
from tiny_models import save_light

from fer_core.base.emotions import EMOTIONS, emotion_colors, text_on
from fer_core.inference.analyse import ReadOptions, analyse
from fer_core.inference.annotate import UNCERTAIN_COLOR, annotate, caption
from fer_core.inference.photo_result import PhotoResult
from fer_core.inference.predictor import Predictor


def result_for(folder: Path, threshold: float, *places: tuple[int, int, int]) -> PhotoResult:
    predictor = Predictor.load(save_light(folder / "m.onnx"))
    detector = Finds([face(*place) for place in places])
    return analyse(predictor, png(scene({})), "a.png", ReadOptions("faces", threshold=threshold), detector)


def rgb(color: str) -> tuple[int, ...]:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def test_the_box_has_the_emotions_colour_and_the_rest_is_untouched(tmp_path: Path) -> None:
    result = result_for(tmp_path, 0.0, (200, 200, 100))
    image = annotate(result.picture, result)
    assert (image.size, image.mode) == ((640, 480), "RGB")
    assert image.getpixel((200, 250)) == rgb(
        emotion_colors(result.faces[0].probabilities)[result.faces[0].label]
    )
    pixels = np.array(image)
    assert (pixels[:150] == 128).all()
    assert (pixels[310:] == 128).all()
    assert (pixels[220:280, 220:280] == 128).all()


def test_an_uncertain_face_is_gray(tmp_path: Path) -> None:
    result = result_for(tmp_path, 0.99, (200, 200, 100))
    assert annotate(result.picture.pixels, result).getpixel((200, 250)) == rgb(UNCERTAIN_COLOR)
    assert caption(result.faces[0]) == "1 uncertain"


def test_labels_at_the_edges_stay_inside(tmp_path: Path) -> None:
    result = result_for(tmp_path, 0.0, (0, 0, 60), (590, 0, 50), (600, 440, 40))
    pixels = np.array(annotate(result.picture, result))
    assert pixels.shape == (480, 640, 3)
    assert (pixels[62:75, 5:40] != 128).any()  # below the face, for want of room above


def test_no_label_hides_another_face(tmp_path: Path) -> None:
    places = [(100 + 62 * i, 200 + 40 * (i % 2), 60) for i in range(7)]
    result = result_for(tmp_path, 0.99, *places)
    plain, pixels = scene({}), np.array(annotate(result.picture, result))
    for x, y, side in places:
        inner = (slice(y + 4, y + side - 4), slice(x + 4, x + side - 4))
        np.testing.assert_array_equal(pixels[inner][..., 0], plain[inner])


def test_large_pictures_are_drawn_smaller(tmp_path: Path) -> None:
    result = result_for(tmp_path, 0.0, (200, 200, 100))
    assert annotate(result.picture, result, largest=320).size == (320, 240)


def test_caption(tmp_path: Path) -> None:
    answer = result_for(tmp_path, 0.0, (200, 200, 100)).faces[0]
    p = f"{answer.probabilities[answer.label]:.2f}"[1:]
    assert caption(answer) == f"1 {answer.label} {p}"


@pytest.mark.parametrize("color", [*emotion_colors(EMOTIONS).values(), UNCERTAIN_COLOR])
def test_words_on_every_colour_are_readable(color: str) -> None:
    def luminance(value: str) -> float:
        parts = [c / 255 for c in rgb(value)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted([luminance(color), luminance(text_on(color))], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
