"""A temperature and a threshold written into a model file: its answers follow, and nothing else of it changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from tiny_models import save_light

from fer_core.base.checksums import file_state, record_checksum
from fer_core.base.errors import ModelFileError
from fer_core.inference import recalibrate
from fer_core.inference.predictor import Predictor


def test_answers_follow_and_the_rest_stays(tmp_path: Path) -> None:
    path = save_light(tmp_path / "model.onnx", run="0001-tiny")
    graph = onnx.load(path)
    graph.metadata_props.add(key="of somebody else", value="kept")
    onnx.save(graph, path)
    record_checksum(path)
    faces = np.random.default_rng(0).integers(0, 256, (20, 48, 48), dtype=np.uint8)
    before = Predictor.load(path).predict(faces).astype(np.float64)
    made = recalibrate.apply(path, 2.0, 0.55)
    assert file_state(path) == "whole"  # what was written is what is noted
    after = Predictor.load(path)
    powers = before**0.5  # softmax(log p / 2), by hand
    np.testing.assert_allclose(after.predict(faces), powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    assert (after.metadata, after.threshold, after.metadata.run) == (made, 0.55, "0001-tiny")
    props = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert props["of somebody else"] == "kept"
    assert onnx.load(path).graph == graph.graph
    np.testing.assert_allclose(recalibrate.uncalibrated(path).predict(faces), before, atol=1e-7)
    recalibrate.copy_as_trained(path, tmp_path / "copy.onnx")
    copy = Predictor.load(tmp_path / "copy.onnx")
    np.testing.assert_allclose(copy.predict(faces), before, atol=1e-7)
    assert copy.threshold == 0.55


def test_a_number_that_cannot_be_changes_nothing(tmp_path: Path) -> None:
    path = save_light(tmp_path / "model.onnx")
    whole = path.read_bytes()
    for temperature, threshold in ((0.0, 0.5), (1.0, 1.5)):
        with pytest.raises(ModelFileError):
            recalibrate.apply(path, temperature, threshold)
    assert path.read_bytes() == whole
