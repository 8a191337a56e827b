from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scenes import Finds, covers, drawn, easy_seeds, face, png, scene
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.base.errors import ImageError
from fer_core.inference.analyse import ReadOptions, analyse
from fer_core.inference.detect.boxes import Box, crop_face
from fer_core.inference.predictor import Predictor


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    return Predictor.load(save_light(tmp_path / "m.onnx"))


def halves(left: int, right: int, width: int = 400, height: int = 300) -> np.ndarray:
    """A picture light on one side."""
    pixels = np.full((height, width), left, dtype=np.uint8)
    pixels[:, width // 2 :] = right
    return pixels


def test_every_face_gets_the_answer_of_its_own_crop(predictor: Predictor) -> None:
    pixels = scene({})
    pixels[100:200, 100:150] = 255  # light on its left: happy
    pixels[100:200, 450:500] = 255  # light on its right: sad
    faces = [face(100, 100, 100), face(400, 100, 100)]
    result = analyse(
        predictor, png(pixels), "two.png", detector=Finds(faces), reading=ReadOptions(mode="faces")
    )
    assert (result.name, result.width, result.height, result.whole) == ("two.png", 640, 480, "")
    assert [(f.number, f.label, f.box.to_list()) for f in result.faces] == [
        (1, "happy", [100, 100, 100, 100]),
        (2, "sad", [400, 100, 100, 100]),
    ]
    for answer, found in zip(result.faces, faces, strict=True):
        expected = predictor.predict(crop_face(pixels, found.box)[None])[0]
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-6)
        assert answer.crop.shape == (48, 48, 1)
        assert answer.detection == 0.9


def test_below_the_threshold_it_is_uncertain_with_the_two_likeliest(predictor: Predictor) -> None:
    data = png(halves(120, 150))
    result = analyse(predictor, data, reading=ReadOptions(mode="whole"))
    (answer,) = result.faces
    assert answer.uncertain
    assert answer.label == answer.likeliest[0]
    first, second = answer.likeliest
    ranked = sorted(answer.probabilities.values(), reverse=True)
    assert [answer.probabilities[first], answer.probabilities[second]] == ranked[:2]
    assert answer.answer == f"{first} or {second}?"
    (sure,) = analyse(predictor, data, reading=ReadOptions(mode="whole", threshold=0.1)).faces
    assert not sure.uncertain
    assert sure.answer == sure.label


def test_whole_picture_is_said_and_can_be_overridden(predictor: Predictor) -> None:
    crop = png(drawn(0, 48))
    whole = analyse(predictor, crop, "row00001.png")
    assert "48 x 48" in whole.whole
    assert whole.detector == ""
    assert [f.box for f in whole.faces] == [Box(0, 0, 48, 48)]
    assert whole.faces[0].detection is None
    asked = analyse(predictor, crop, detector=Finds([]), reading=ReadOptions(mode="faces"))
    assert asked.whole == ""
    assert asked.faces == ()
    photo = png(scene({}))
    assert analyse(predictor, photo, detector=Finds([])).whole == ""
    assert analyse(predictor, photo, reading=ReadOptions(mode="whole")).faces[0].box == Box(0, 0, 640, 480)


def test_the_default_detector_finds_drawn_faces(predictor: Predictor) -> None:
    one, two, *_ = easy_seeds()
    places = {one: (60, 100, 180), two: (380, 150, 140)}
    result = analyse(predictor, png(scene(places)))
    assert result.detector == "BlazeFace"
    assert len(result.faces) == 2
    assert all(covers(f.box, place) for f, place in zip(result.faces, places.values(), strict=True))
    assert min(result.decode_ms, result.detect_ms, result.predict_ms) > 0
    assert result.total_ms == pytest.approx(result.decode_ms + result.detect_ms + result.predict_ms)


def test_a_tight_crop_enlarged_is_read_whole(predictor: Predictor) -> None:
    result = analyse(predictor, png(drawn(easy_seeds()[0], 340)[50:290, 50:290]))
    assert result.whole
    assert result.faces[0].box == Box(0, 0, 240, 240)


def test_flip_averages(predictor: Predictor) -> None:
    pixels = halves(250, 10)
    (plain,) = analyse(predictor, png(pixels), reading=ReadOptions(mode="whole")).faces
    (mirrored,) = analyse(predictor, png(pixels[:, ::-1]), reading=ReadOptions(mode="whole")).faces
    (both,) = analyse(predictor, png(pixels), reading=ReadOptions(mode="whole", tta="flip")).faces
    for name in predictor.classes:
        mean = (plain.probabilities[name] + mirrored.probabilities[name]) / 2
        assert both.probabilities[name] == pytest.approx(mean, abs=1e-6)


def test_warnings(predictor: Predictor) -> None:
    light = png(scene({}))
    (none,) = analyse(predictor, light, detector=Finds([])).warnings
    assert "No face found" in none
    (small,) = analyse(
        predictor, light, detector=Finds([face(9, 9, 30)]), reading=ReadOptions(mode="faces")
    ).warnings
    assert "One face is under 36 pixels" in small
    dark = png(scene({}) // 5)
    (night,) = analyse(
        predictor, dark, detector=Finds([face(9, 9, 90)]), reading=ReadOptions(mode="faces")
    ).warnings
    assert "dark" in night
    _, large = analyse(
        predictor, png(np.full((2500, 4200), 128, np.uint8)), reading=ReadOptions(mode="faces")
    ).warnings
    assert "Large picture (4,200 x 2,500): faces under 87 pixels" in large
    usual = scene({easy_seeds()[0]: (60, 100, 180)})
    assert analyse(predictor, png(usual)).warnings == ()


def test_json_and_rows(predictor: Predictor) -> None:
    result = analyse(
        predictor,
        png(scene({})),
        "a.png",
        ReadOptions("faces"),
        detector=Finds([face(9, 9, 90), face(200, 9, 90)]),
    )
    document = json.loads(json.dumps(result.to_json()))
    assert document["file"] == "a.png"
    assert set(document["faces"][0]) >= {"box", "label", "probabilities", "uncertain", "ms"}
    assert document["faces"][0]["box"] == [9, 9, 90, 90]
    assert sum(document["faces"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    rows = result.rows()
    assert [row["face"] for row in rows] == [1, 2]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    assert "p_happy" in buffer.getvalue()
    (empty,) = analyse(predictor, png(scene({})), "b.png", detector=Finds([])).rows()
    assert empty["file"] == "b.png"
    assert empty["label"] is None
    assert "No face" in empty["warnings"]


def test_files_of_every_kind(predictor: Predictor) -> None:
    colour = Image.fromarray(np.repeat(drawn(1, 300)[..., None], 3, axis=2))
    for mode, format_ in (("RGB", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"), ("L", "BMP")):
        buffer = io.BytesIO()
        colour.convert(mode).save(buffer, format_)
        assert len(analyse(predictor, buffer.getvalue(), reading=ReadOptions(mode="whole")).faces) == 1


def test_exif_rotation_turns_the_boxes_too(predictor: Predictor) -> None:
    upright = Image.fromarray(scene({easy_seeds()[0]: (60, 100, 180)}))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees clockwise
    buffer = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif, quality=95)
    result = analyse(predictor, buffer.getvalue())
    assert (result.width, result.height) == (640, 480)
    assert [covers(f.box, (60, 100, 180)) for f in result.faces] == [True]


@pytest.mark.parametrize(("quarters", "how"), [(1, "right"), (2, "upside down"), (3, "left")])
def test_a_photo_that_lies_on_its_side_is_turned_and_says_so(
    predictor: Predictor, quarters: int, how: str
) -> None:
    one, two, *_ = easy_seeds()
    places = {one: (60, 100, 180), two: (380, 150, 140)}
    result = analyse(predictor, png(np.rot90(scene(places), quarters)))
    assert (result.rotated, result.width, result.height) == (360 - 90 * quarters, 640, 480)
    assert all(covers(f.box, place) for f, place in zip(result.faces, places.values(), strict=True))
    assert how in result.warnings[0]
    assert result.to_json()["rotated"] == result.rotated
    assert analyse(predictor, png(scene(places))).rotated == 0


def test_a_colour_model_gets_colour(tmp_path: Path) -> None:
    weights = np.zeros((48, 48, 3, 3))
    for channel in range(3):  # class = the channel that is light
        weights[:, :, channel, channel] = 1e-4
    path = save_linear(tmp_path / "rgb.onnx", weights, metadata={**METADATA, "color": "rgb"})
    red = np.zeros((200, 200, 3), np.uint8)
    red[..., 0] = 250
    (answer,) = analyse(Predictor.load(path), png(red), reading=ReadOptions(mode="whole")).faces
    assert answer.label == "happy"


def test_bad_input(predictor: Predictor) -> None:
    with pytest.raises(ImageError, match=r"notes\.jpg"):
        analyse(predictor, b"these are notes", "notes.jpg")
    with pytest.raises(ValueError, match="mode"):
        analyse(predictor, png(drawn(0, 48)), reading=ReadOptions(mode="guess"))  # type: ignore[arg-type]
    (one,) = analyse(predictor, png(np.zeros((1, 1), np.uint8))).faces
    assert one.box == Box(0, 0, 1, 1)


def test_light_weights_read_their_quarter(predictor: Predictor) -> None:
    """The truth the tests above lean on."""
    picture = np.zeros((3, 48, 48), np.uint8)
    picture[0, :24, :24] = picture[1, :24, 24:] = picture[2, 24:] = 255
    assert predictor.predict(picture).argmax(axis=1).tolist() == [0, 1, 2]
    assert light_weights().shape == (48, 48, 1, 3)
