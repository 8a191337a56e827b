from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from fer_core.base.errors import ModelFileError
from fer_core.inference.metadata import METADATA_KEY, ModelMetadata, parse
from fer_core.models import registry
from fer_core.recipes.recipe import load
from fer_core.training import onnx_export
from fer_core.workers import convert

METADATA = ModelMetadata(classes=("happy", "sad", "Weltschmerz"), input_size=48, color="gray", run="0001-x")


def small_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return registry.build(load("compact").model, classes=3)


def test_an_export_answers_as_keras_for_any_batch_and_knows_its_classes(tmp_path: Path) -> None:
    model, path = small_model(), tmp_path / "model.onnx"
    images = np.random.default_rng(1).integers(0, 256, (5, 48, 48, 1), dtype=np.uint8)
    assert onnx_export.to_onnx(model, path, METADATA, images) <= onnx_export.TOLERANCE
    session = onnxruntime.InferenceSession(path)
    assert parse(session.get_modelmeta().custom_metadata_map[METADATA_KEY], "file") == METADATA
    assert session.get_inputs()[0].type == "tensor(float)"
    for count in (1, 3):
        pixels = images[:count].astype(np.float32)
        answer = session.run(None, {session.get_inputs()[0].name: pixels})[0]
        np.testing.assert_allclose(answer, model.predict(pixels, verbose=0), atol=1e-5)
    assert {p.name for p in tmp_path.iterdir()} == {"model.onnx", "checksums.jsonl"}


def test_a_graph_that_answers_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = onnx.save

    def spoil(graph: onnx.ModelProto, path: Path) -> None:
        weight = max(graph.graph.initializer, key=lambda t: len(t.raw_data))
        values = onnx.numpy_helper.to_array(weight) + 0.05
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), weight.name))
        save(graph, path)

    monkeypatch.setattr(onnx_export.onnx, "save", spoil)  # type: ignore[attr-defined]
    with pytest.raises(ModelFileError, match="does not answer as the trained one"):
        onnx_export.to_onnx(small_model(), tmp_path / "model.onnx", METADATA)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("to", "quantize", "smaller", "near"),
    [("onnx", "float16", 0.55, 0.005), ("onnx", "int8", 0.35, 0.1), ("litert", "int8", 0.35, 0.1)],
)
def test_smaller_formats_answer_nearly_as_keras(
    tmp_path: Path, to: str, quantize: str, smaller: float, near: float
) -> None:
    model, plain, path = small_model(), tmp_path / "model.onnx", tmp_path / f"small.{to}"
    images = np.random.default_rng(1).integers(0, 256, (24, 48, 48, 1), dtype=np.uint8)
    onnx_export.to_onnx(model, plain, METADATA)
    if to == "onnx":
        convert._onnx(plain, path, quantize, images[:16], METADATA)
        answer = convert.onnx_answer(path)
        embedded = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map[METADATA_KEY]
        assert parse(embedded, "file") == METADATA
    else:
        convert._litert(model, path, quantize, images[:16])
        answer = convert.litert_answer(path)
    found, expected = answer(images[16:]), model.predict(images[16:].astype(np.float32), verbose=0)
    assert np.abs(found - expected).max() < near
    assert path.stat().st_size < smaller * plain.stat().st_size
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=0.02)
