from __future__ import annotations

import json
import pickle
import threading
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.base.errors import ModelFileError
from fer_core.data.images import resize, to_gray
from fer_core.inference.metadata import ModelMetadata
from fer_core.inference.predictor import Predictor


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def logits_of(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return pixels.reshape(len(pixels), -1).astype(np.float64) @ weights.reshape(-1, weights.shape[-1])


@pytest.fixture
def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 48, 48), dtype=np.uint8)


def test_answers_equal_the_formula(tmp_path: Path, faces: np.ndarray) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    answers = predictor.predict(faces)
    assert predictor.classes == ("happy", "sad", "neutral")
    assert (predictor.input_size, predictor.color, predictor.threshold) == (48, "gray", 0.7)
    assert answers.dtype == np.float32
    assert answers.shape == (7, 3)
    np.testing.assert_allclose(answers, softmax(logits_of(faces, light_weights())), atol=1e-6)


def test_batches_do_not_change_answers(tmp_path: Path, faces: np.ndarray) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    np.testing.assert_allclose(predictor.predict(faces, batch_size=2), predictor.predict(faces), atol=1e-7)
    assert predictor.predict(faces[:0]).shape == (0, 3)


def test_graph_of_fixed_batch_size(tmp_path: Path, faces: np.ndarray) -> None:
    path = save_linear(tmp_path / "m.onnx", light_weights(), metadata=METADATA, batch=4)
    expected = softmax(logits_of(faces, light_weights()))
    np.testing.assert_allclose(Predictor.load(path).predict(faces), expected, atol=1e-6)


def test_any_size_and_colour_is_converted_as_training_does(tmp_path: Path) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    colour = np.random.default_rng(1).integers(0, 256, (2, 90, 70, 3), dtype=np.uint8)
    expected = np.stack([resize(to_gray(picture), 48) for picture in colour])
    np.testing.assert_array_equal(predictor.prepare(colour)[..., 0], expected)
    np.testing.assert_allclose(predictor.predict(colour), predictor.predict(expected), atol=1e-7)


def test_gray_faces_for_a_colour_model(tmp_path: Path, faces: np.ndarray) -> None:
    weights = light_weights(channels=3)
    path = save_linear(tmp_path / "m.onnx", weights, metadata={**METADATA, "color": "rgb"})
    expected = softmax(logits_of(np.repeat(faces[..., None], 3, axis=3), weights))
    np.testing.assert_allclose(Predictor.load(path).predict(faces), expected, atol=1e-6)


def test_channels_first_graph(tmp_path: Path) -> None:
    weights = np.random.default_rng(2).normal(0, 1e-4, (48, 48, 3, 3))
    path = save_linear(
        tmp_path / "m.onnx", weights, metadata={**METADATA, "color": "rgb"}, channels_first=True
    )
    colour = np.random.default_rng(3).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        Predictor.load(path).predict(colour), softmax(logits_of(colour, weights)), atol=1e-5
    )


@pytest.mark.parametrize(
    ("scaling", "scaled"),
    [("unit", lambda x: x / 255), ("symmetric", lambda x: x / 127.5 - 1), ("none", lambda x: x)],
)
def test_scaling(tmp_path: Path, faces: np.ndarray, scaling: str, scaled: object) -> None:
    weights = light_weights() * (1 if scaling == "none" else 255)
    path = save_linear(tmp_path / "m.onnx", weights, metadata={**METADATA, "scaling": scaling})
    expected = softmax(logits_of(scaled(faces.astype(np.float64)), weights))  # type: ignore[operator]
    np.testing.assert_allclose(Predictor.load(path).predict(faces), expected, atol=1e-5)


def test_imagenet_scaling(tmp_path: Path) -> None:
    weights = light_weights(channels=3) * 255
    path = save_linear(
        tmp_path / "m.onnx", weights, metadata={**METADATA, "color": "rgb", "scaling": "imagenet"}
    )
    colour = np.random.default_rng(4).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)
    scaled = (colour / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(
        Predictor.load(path).predict(colour), softmax(logits_of(scaled, weights)), atol=1e-5
    )


def test_flip_averages_with_the_mirror_image(tmp_path: Path, faces: np.ndarray) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    plain, mirrored = predictor.predict(faces), predictor.predict(faces[:, :, ::-1])
    assert not np.allclose(plain, mirrored)
    np.testing.assert_allclose(predictor.predict(faces, flip=True), (plain + mirrored) / 2, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(temperature=st.floats(0.2, 8), seed=st.integers(0, 1000))
def test_temperature_divides_logits_whatever_the_graph_answers(
    tmp_path_factory: pytest.TempPathFactory, temperature: float, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("temperature")
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    expected = softmax(logits_of(pixels, light_weights()) / temperature)
    for output in ("probabilities", "logits"):
        path = save_linear(
            folder / f"{output}.onnx",
            light_weights(),
            metadata={**METADATA, "temperature": temperature, "output": output},
            softmax=output == "probabilities",
        )
        answers = Predictor.load(path, threads=1).predict(pixels)
        np.testing.assert_allclose(answers, expected, atol=1e-5)
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)


def test_run_folder(tmp_path: Path) -> None:
    run = tmp_path / "0001-compact"
    run.mkdir()
    with pytest.raises(ModelFileError, match=r"holds no model\.onnx.*0001-compact"):
        Predictor.load(run)
    save_light(run / "model.onnx", run="0001-compact")
    assert Predictor.load(str(run)).metadata.run == "0001-compact"


def test_file_without_metadata_asks_and_accepts_answers(tmp_path: Path) -> None:
    path = save_linear(tmp_path / "foreign.onnx", light_weights())
    with pytest.raises(ModelFileError) as caught:
        Predictor.load(path)
    message = str(caught.value)
    assert "which classes" in message
    assert "48 x 48 with 1 channel(s), 3 outputs" in message
    assert "foreign.json" in message
    assert Predictor.load(path, metadata=METADATA).classes == ("happy", "sad", "neutral")
    (tmp_path / "foreign.json").write_text(json.dumps({**METADATA, "threshold": 0.5}))
    assert Predictor.load(path).threshold == 0.5
    given = ModelMetadata(classes=("a", "b", "c"), input_size=48, color="gray")
    assert Predictor.load(path, metadata=given).classes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ("not json", "is not JSON"),
        ("[1]", "not a JSON object"),
        ({"input_size": 48}, "lacks classes and color"),
        ({**METADATA, "classes": ["happy", "happy", "sad"]}, "classes.*distinct"),
        ({**METADATA, "color": "blue"}, "color"),
        ({**METADATA, "temperature": 0}, "temperature"),
        ({**METADATA, "threshold": 70}, "threshold"),
        ({**METADATA, "classes": ["happy", "sad"]}, "2 classes are named, the graph answers with 3"),
        ({**METADATA, "input_size": 64}, "input_size is 64, the graph takes 48 x 48"),
        ({**METADATA, "color": "rgb"}, r"color rgb is 3 channel\(s\), the graph takes 1"),
    ],
)
def test_metadata_that_cannot_be_right(tmp_path: Path, metadata: object, words: str) -> None:
    path = save_linear(tmp_path / "m.onnx", light_weights(), metadata=metadata)  # type: ignore[arg-type]
    with pytest.raises(ModelFileError, match=words):
        Predictor.load(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps({"weights": [1, 2, 3]}), "pickle"),
        (b"PK\x03\x04 a keras file", "zip"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"", "empty"),
        (b"hello there, I am a text file", "not an ONNX model"),
        (bytes(range(1, 200)), "not an ONNX model"),
    ],
)
def test_other_files_are_refused_with_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=words):
        Predictor.load(path)


def test_truncated_model(tmp_path: Path) -> None:
    path = save_light(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ModelFileError, match="not an ONNX model"):
        Predictor.load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="not found"):
        Predictor.load(tmp_path / "nowhere.onnx")


def test_model_that_does_not_take_pictures(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"])],
        "table",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
    )
    save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        tmp_path / "t.onnx",
    )
    with pytest.raises(ModelFileError, match="not a picture classifier"):
        Predictor.load(tmp_path / "t.onnx", metadata=METADATA)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((2, 48, 48), np.float32), np.zeros((48, 48), np.uint8), np.zeros((2, 48, 48, 4), np.uint8)],
)
def test_pixels_of_another_kind(tmp_path: Path, pixels: np.ndarray) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    with pytest.raises(ValueError, match="uint8"):
        predictor.predict(pixels)


def test_threads_share_one_predictor(tmp_path: Path, faces: np.ndarray) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    expected, wrong = predictor.predict(faces), []

    def work() -> None:
        for _ in range(20):
            if not np.array_equal(predictor.predict(faces), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_runs_on_the_cpu_alone(tmp_path: Path) -> None:
    predictor = Predictor.load(save_light(tmp_path / "m.onnx"))
    assert isinstance(predictor._session, onnxruntime.InferenceSession)
    assert predictor._session.get_providers() == ["CPUExecutionProvider"]
