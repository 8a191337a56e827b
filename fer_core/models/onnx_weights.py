"""The weights of a CNN of ours out of its ONNX file, where the Keras file is not at hand: the model that ships.

    network = registry.build(load("shipped").model, 8)
    read_weights(network, Path("models/shipped/model.onnx"))
    restore_statistics(network, pixels)

Initialisers keep the names of the layers. What the exporter folded is read as it stands: a normalisation folded into the
convolution before it becomes its scale and shift, and answers stay equal.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from keras import layers

from fer_core.base.errors import RunError

_SCOPE = re.compile(r"/(conv2d|dense|probabilities|batch_normalization)(?:_(\d+))?_1/")
_BATCH = 128
_Key = tuple[str, int]


def read_weights(model: keras.Model, path: Path) -> None:
    """Put the weights of an ONNX file into a network of the same layers.

    Its batch normalisation then scales and shifts as the file does, with a mean of 0 and a variance of 1: it answers
    rightly, and has to be given statistics (`restore_statistics`) before it is trained.

    Raises:
        RunError: the file has other layers.
    """
    graph = onnx.load(path).graph
    found = _Found(graph)
    for kind, names in (("conv2d", found.convs), ("dense", found.products)):
        mine = _sorted(model, layers.Conv2D if kind == "conv2d" else layers.Dense)
        if len(mine) != len(names):
            raise _other(path, f"{len(names)} layers {kind} for {len(mine)}")
        for layer, key in zip(mine, sorted(names), strict=True):
            kernel, bias = found.convs[key] if kind == "conv2d" else found.products[key]
            _set(layer, [kernel, bias] if layer.use_bias else [kernel], path)
    norms = _sorted(model, layers.BatchNormalization)
    if len(norms) != len(found.norms):
        raise _other(path, f"{len(found.norms)} layers batch_normalization for {len(norms)}")
    for layer, key in zip(norms, sorted(found.norms), strict=True):
        scale, shift = found.norms[key]
        _set(layer, [scale, shift, np.zeros_like(shift), np.full_like(shift, 1 - layer.epsilon)], path)


def restore_statistics(model: keras.Model, pixels: np.ndarray) -> None:
    """Give batch normalisation the mean and variance of its inputs on these pictures; no answer changes.

    Scale and shift are changed in step. Training, which normalises by the statistics of each batch, then begins where the
    network is; without, every channel would be rescaled at once.

    Args:
        model: after `read_weights`.
        pixels: uint8 or float32 (n, height, width, channels), 0..255, such as are to be learned.
    """
    norms = _sorted(model, layers.BatchNormalization)
    probe = keras.Model(model.inputs, [layer.input for layer in norms])
    count, total = 0, [(0.0, 0.0)] * len(norms)
    for start in range(0, len(pixels), _BATCH):
        values = probe.predict_on_batch(np.asarray(pixels[start : start + _BATCH], dtype=np.float32))
        values = [np.asarray(v, dtype=np.float64) for v in (values if isinstance(values, list) else [values])]
        total = [
            (s + v.mean(axis=(1, 2)).sum(axis=0), q + np.square(v).mean(axis=(1, 2)).sum(axis=0))
            for (s, q), v in zip(total, values, strict=True)
        ]
        count += len(values[0])
    for layer, (summed, squared) in zip(norms, total, strict=True):
        scale, shift, mean, variance = layer.get_weights()
        factor = scale / np.sqrt(variance + layer.epsilon)
        now = summed / count
        spread = np.maximum(squared / count - np.square(now), 0.0)
        layer.set_weights(
            [factor * np.sqrt(spread + layer.epsilon), shift + factor * (now - mean), now, spread]
        )


class _Found:
    """What a graph holds, by kind and number of its layers.

    Attributes:
        convs, products: kernel as Keras has it and bias (0 where there is none), of convolutions and matrix products.
        norms: scale and shift.
    """

    def __init__(self, graph: Any) -> None:
        values = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
        self.convs: dict[_Key, tuple[np.ndarray, np.ndarray]] = {}
        self.products: dict[_Key, tuple[np.ndarray, np.ndarray]] = {}
        self.norms: dict[_Key, tuple[np.ndarray, np.ndarray]] = {}
        for node in graph.node:
            held = [name for name in node.input if name in values]
            if node.op_type == "Conv" and (key := _key(held[0], "conv2d")):
                kernel = values[held[0]].transpose(2, 3, 1, 0)
                bias = values[held[1]] if len(held) > 1 else np.zeros(kernel.shape[-1], np.float32)
                folded = _key(held[1], "batch_normalization") if len(held) > 1 else None
                if folded:
                    self.norms[folded] = (np.ones_like(bias), bias)
                self.convs[key] = (kernel, np.zeros_like(bias) if folded else bias)
            elif node.op_type == "MatMul" and held and (key := _key(held[0], "dense", "probabilities")):
                kernel = values[held[0]]
                self.products[key] = (kernel, np.zeros(kernel.shape[-1], np.float32))
            elif node.op_type in {"Add", "Mul"} and held:
                self._affine(node, values[held[0]].reshape(-1))

    def _affine(self, node: Any, value: np.ndarray) -> None:
        """An addition or a product with a constant: a bias, or half of a normalisation that stands by itself."""
        if (key := _key(node.name, "dense", "probabilities")) and key in self.products:
            self.products[key] = (self.products[key][0], value)
        if key := _key(node.name, "batch_normalization"):
            scale, shift = self.norms.get(key, (np.ones_like(value), np.zeros_like(value)))
            self.norms[key] = (value, shift) if node.op_type == "Mul" else (scale, value)


def _key(name: str, *kinds: str) -> _Key | None:
    """("conv2d", 27) of `cnn_1/conv2d_27_1/convolution/merged_input:0`; the softmax comes after every dense layer."""
    match = _SCOPE.search(name)
    if match is None or match.group(1) not in kinds:
        return None
    return match.group(1), int(match.group(2) or 0)


def _sorted(model: keras.Model, kind: type[keras.layers.Layer]) -> list[Any]:
    """The layers of a kind in the order they were made."""
    number = re.compile(r"_(\d+)$")

    def place(layer: keras.layers.Layer) -> tuple[bool, int]:
        match = number.search(layer.name)
        return layer.name == "probabilities", int(match.group(1)) if match else 0

    return sorted((layer for layer in model.layers if isinstance(layer, kind)), key=place)


def _set(layer: Any, arrays: list[np.ndarray], path: Path) -> None:
    shapes, found = [tuple(w.shape) for w in layer.weights], [a.shape for a in arrays]
    if shapes != found:
        raise _other(path, f"{layer.name}: {found} for {shapes}")
    layer.set_weights(arrays)


def _other(path: Path, received: str) -> RunError:
    return RunError(f"The layers of {path.name} are not those of its recipe", received=received)
