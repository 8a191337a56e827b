"""Cost: arithmetic against a count by hand and Keras's own sizes, and figures that go stale with their model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from made_runs import made
from onnx import TensorProto, helper, numpy_helper
from tiny_models import light_weights, save_linear

from fer_core.base.errors import ModelFileError, NotFound
from fer_core.evaluation import cost, leaderboard
from fer_core.evaluation.cost import energy, was_busy
from fer_core.inference.flops import count_flops


def convolution(path: Path, groups: int = 1) -> Path:
    """48 x 48 x 4 -> stride 2, 3 x 3, 8 channels -> MatMul to 5, batch left open."""
    weights = np.zeros((8, 4 // groups, 3, 3), np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1], group=groups),
        helper.make_node("Relu", ["y"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("MatMul", ["f", "m"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes, "c",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4, 48, 48])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.zeros((8, 5), np.float32), "m")],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_arithmetic_is_counted_as_by_hand(tmp_path: Path) -> None:
    macs = 24 * 24 * 8 * 4 * 9
    assert count_flops(convolution(tmp_path / "a.onnx")) == 2 * (macs + 8 * 5)
    assert count_flops(convolution(tmp_path / "b.onnx", groups=4)) == 2 * (macs // 4 + 8 * 5)
    assert count_flops(save_linear(tmp_path / "c.onnx", light_weights())) == 2 * 48 * 48 * 3
    (tmp_path / "d.onnx").write_bytes(b"no model")
    with pytest.raises(ModelFileError, match="counted"):
        count_flops(tmp_path / "d.onnx")


def test_measured_figures_stand_on_the_board_until_the_model_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "_SECONDS", 0.02)
    run = made(tmp_path, np.arange(20) < 15)
    with pytest.raises(NotFound):
        cost.measure(run)
    two = {"classes": ["happy", "sad"], "input_size": 48, "color": "gray"}
    save_linear(run.folder / "model.onnx", light_weights()[..., :2], metadata=two)
    found = cost.measure(run)
    assert found["flops"] == 2 * 48 * 48 * 2
    assert found["model_bytes"] == (run.folder / "model.onnx").stat().st_size
    assert 0 < found["ms"]["32"] <= found["ms"]["1"] * 1.5
    (row,) = leaderboard.rows(run.workspace)
    assert (row["flops"], row["ms"]) == (found["flops"], found["ms"]["1"])
    assert row["energy"] == pytest.approx(2 * cost.WATTS_PER_CORE * 60 / 3600)
    save_linear(run.folder / "model.onnx", light_weights()[..., :2] * 2, metadata=two)
    assert cost.stored_cost(run) is None


@pytest.mark.parametrize(
    ("device", "expected"),
    [("CPU, 2 cores", 20), ("gpu:0 NVIDIA H100", 700), ("gpu:0, gpu:1", 500), ("tpu:0", 200), ("", 20)],
)
def test_power_is_assumed_by_the_name_of_the_device(device: str, expected: float) -> None:
    assert cost.watts(device) == expected


def test_what_is_not_known_of_a_training_costs_nothing_that_could_be_said() -> None:
    assert energy("", 60.0) is None
    assert energy("CPU, 2 cores", 0.0) is None
    assert energy("CPU, 2 cores", 3600.0) == 20.0
    assert [was_busy(found) for found in ({}, {"load": 0.5}, {"load": 0.51})] == [False, False, True]
