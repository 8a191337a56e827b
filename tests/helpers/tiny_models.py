"""ONNX models of a few lines, built without any training framework: softmax(pixels . weights + bias)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

METADATA = {"classes": ["happy", "sad", "neutral"], "input_size": 48, "color": "gray"}


def save_linear(
    path: Path,
    weights: np.ndarray,
    *,
    bias: np.ndarray | None = None,
    metadata: dict[str, Any] | str | None = None,
    softmax: bool = True,
    channels_first: bool = False,
    batch: int | None = None,
) -> Path:
    """Write a linear classifier.

    Args:
        path: where to.
        weights: (size, size, channels, classes).
        bias: (classes,).
        metadata: what goes under the key "fer"; None leaves it out.
        softmax: without it the graph answers with logits.
        channels_first: takes (n, c, h, w).
        batch: fixed batch size.
    """
    size, _, channels, classes = weights.shape
    flat = (
        (weights.transpose(2, 0, 1, 3) if channels_first else weights).reshape(-1, classes).astype(np.float32)
    )
    shape: list[Any] = [batch or "n", *((channels, size, size) if channels_first else (size, size, channels))]
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
    ]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["logits"], ["out"], axis=1))
    bias = np.zeros(classes) if bias is None else bias
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(
                "out" if softmax else "logits", TensorProto.FLOAT, [batch or "n", classes]
            )
        ],
        [numpy_helper.from_array(flat, "w"), numpy_helper.from_array(bias.astype(np.float32), "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if metadata is not None:
        text = metadata if isinstance(metadata, str) else json.dumps(metadata)
        helper.set_model_props(model, {"fer": text})
    checker.check_model(model)
    save(model, path)
    return path


def light_weights(size: int = 48, channels: int = 1, strength: float = 4.0) -> np.ndarray:
    """Class 0 is light in the upper left quarter, class 1 in the upper right, class 2 in the lower half."""
    weights = np.zeros((size, size, channels, 3))
    half = size // 2
    weights[:half, :half, :, 0] = 1
    weights[:half, half:, :, 1] = 1
    weights[half:, :, :, 2] = 0.5
    return weights * strength / (255 * half * half * channels)


def save_light(path: Path, **changes: Any) -> Path:
    """The model most tests use, with metadata; see `light_weights`."""
    return save_linear(path, light_weights(), metadata={**METADATA, **changes})
