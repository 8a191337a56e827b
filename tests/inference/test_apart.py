"""Model files of others: what would burn a core or all memory ends a worker, and what is no probability is not believed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.base.errors import ModelFileError
from fer_core.base.workspace import Workspace
from fer_core.inference import apart, model_registry
from fer_core.inference.predictor import Predictor

CROPS = np.random.default_rng(0).integers(0, 256, (70, 48, 48), dtype=np.uint8)


def hostile(path: Path, kind: str) -> Path:
    """A classifier of a few hundred bytes with a loop of 2^62 steps, or one that wants 16 GB."""
    scalar = lambda name, value: numpy_helper.from_array(np.array(value), name)  # noqa: E731
    one = lambda name, kind: helper.make_tensor_value_info(name, kind, [])  # noqa: E731
    if kind == "loop":
        body = helper.make_graph(
            [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["x", "one"], ["y"])],
            "body",
            [one("i", TensorProto.INT64), one("go", TensorProto.BOOL), one("x", TensorProto.FLOAT)],
            [one("go_on", TensorProto.BOOL), one("y", TensorProto.FLOAT)],
            [scalar("one", np.float32(1))],
        )  # fmt: skip
        nodes = [
            helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
            helper.make_node("Loop", ["steps", "true", "mean"], ["extra"], body=body),
        ]
    else:
        nodes = [
            helper.make_node("ConstantOfShape", ["size"], ["much"]),
            helper.make_node("ReduceMean", ["much"], ["extra"], keepdims=0),
        ]
    nodes += [
        helper.make_node("ReduceMean", ["pixels"], ["m"], axes=[1, 2], keepdims=0),
        helper.make_node("Add", ["m", "extra"], ["wide"]),
        helper.make_node("Concat", ["wide", "wide"], ["two"], axis=1),
        helper.make_node("Softmax", ["two"], ["out"], axis=1),
    ]
    graph = helper.make_graph(
        nodes, kind,
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 48, 48, 1])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2])],
        [scalar("steps", np.int64(2**62)), scalar("true", True), numpy_helper.from_array(np.array([4 << 30], np.int64), "size")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {"fer": json.dumps({**METADATA, "classes": ["happy", "sad"]})})
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)
    return path


def test_a_file_of_others_answers_as_it_does_in_this_process(tmp_path: Path) -> None:
    path = save_light(tmp_path / "m.onnx")
    theirs, ours = Predictor.load(path, apart=True), Predictor.load(path)
    assert np.array_equal(theirs.predict(CROPS), ours.predict(CROPS))
    fixed = save_linear(tmp_path / "f.onnx", light_weights(), metadata=METADATA, batch=4)
    assert np.allclose(Predictor.load(fixed, apart=True).predict(CROPS), ours.predict(CROPS), atol=1e-6)


def test_an_endless_model_is_stopped_and_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_LIMIT_S", 2.0)
    workspace = Workspace(tmp_path)
    hostile(workspace.models / "files" / "endless.onnx", "loop")
    before = os.times()
    with pytest.raises(
        ModelFileError, match=r"longer than 2 s and was stopped.*put aside as endless\.onnx\.put-aside"
    ):
        model_registry.open_model(model_registry.find(workspace, "endless").path)
    assert "endless" not in [model.name for model in model_registry.models(workspace)]
    time.sleep(0.2)
    assert os.times().user - before.user < 3.0  # nothing of it ran here


def test_a_model_that_wants_all_memory_gets_words(tmp_path: Path) -> None:
    path = hostile(tmp_path / "models" / "files" / "greedy.onnx", "memory")
    with pytest.raises(
        ModelFileError, match=r"greedy\.onnx (cannot be run|ended its process|is not an ONNX model)"
    ):
        model_registry.open_model(path)


@pytest.mark.parametrize(
    ("bias", "softmax", "words"),
    [
        ([np.nan, 0, 0], True, "no numbers"),
        ([120.6, 0, 0], False, r"no probabilities.*sum 120\.6.*logits"),
        ([-0.5, 1.0, 0.5], False, r"no probabilities.*lowest -0\.5"),
    ],
)
def test_answers_that_are_no_probabilities_are_not_believed(
    tmp_path: Path, bias: list[float], softmax: bool, words: str
) -> None:
    path = save_linear(
        tmp_path / "m.onnx", light_weights() * 0, bias=np.array(bias), metadata=METADATA, softmax=softmax
    )
    with pytest.raises(ModelFileError, match=words):
        model_registry.open_model(path)
    if not softmax:
        told = model_registry.open_model(path, {**METADATA, "output": "logits"}).predict(CROPS)
        assert np.allclose(told.sum(axis=1), 1)


def test_what_was_said_of_a_file_is_not_said_of_another_of_its_name(tmp_path: Path) -> None:
    path = save_linear(tmp_path / "m.onnx", light_weights())
    model_registry.write_metadata(path, METADATA)
    assert model_registry.open_model(path).classes == ("happy", "sad", "neutral")
    save_linear(path, light_weights(strength=5.0))
    assert model_registry.missing_metadata(path) is not None  # asked again
    with pytest.raises(ModelFileError, match="does not say which classes"):
        model_registry.open_model(path)
