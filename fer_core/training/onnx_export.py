"""A trained Keras model as an ONNX file that carries its classes and is checked against Keras.

It runs in the training process.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict

import keras
import numpy as np
import onnx
import onnxruntime

from fer_core.base.checksums import checked_file
from fer_core.base.errors import ModelFileError
from fer_core.inference.metadata import METADATA_KEY, ModelMetadata
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import WorkerFailed, call, serve
from fer_core.training.checkpoint import save_network

TOLERANCE = 1e-5
"""Largest difference of a probability between Keras and ONNX Runtime."""
DEEP_TOLERANCE = 5e-4
"""The same for a network with a backbone: rounding of 32-bit sums adds up over a hundred layers."""
_RANDOM = 8


def to_onnx(
    model: keras.Model, path: Path, metadata: ModelMetadata, images: np.ndarray | None = None
) -> float:
    """Export a model, write its metadata into the file, and compare both on random and real images.

    Args:
        model: takes float32 pixels 0..255 (n, h, w, c), gives probabilities (n, classes).
        path: where the file goes; written whole or not at all.
        metadata: goes into `metadata_props["fer"]`.
        images: uint8 (n, h, w, c) to compare on, beside random ones.

    Returns:
        The largest difference of any probability.

    Raises:
        ModelFileError: the two differ by more than `TOLERANCE` (`DEEP_TOLERANCE` with a backbone); nothing is written then.
    """
    with checked_file(path) as temporary:
        _export(model, temporary, metadata)
        difference = compare(model, temporary, images)
        deep = any(isinstance(layer, keras.Model) for layer in model.layers)
        allowed = DEEP_TOLERANCE if deep else TOLERANCE
        if not difference <= allowed:
            raise ModelFileError(
                "The exported model does not answer as the trained one",
                received=f"largest difference {difference:.2e}, allowed {allowed:.0e}",
            )
    return difference


def compare(model: keras.Model, path: Path, images: np.ndarray | None = None) -> float:
    """Largest difference of a probability between Keras and an ONNX file, on random and given images."""
    noise = np.random.default_rng(0).uniform(0, 255, (_RANDOM, *model.input_shape[1:])).astype(np.float32)
    pixels = noise if images is None else np.concatenate([noise, images.astype(np.float32)])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answer = session.run(None, {session.get_inputs()[0].name: pixels})[0]
    expected = keras.ops.convert_to_numpy(model(pixels, training=False))
    return float(np.abs(answer - expected).max())


def _export(model: keras.Model, path: Path, metadata: ModelMetadata) -> None:
    # tf2onnx reports every step of its optimiser.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    if keras.backend.backend() == "tensorflow":
        write_graph(model, path)
    else:
        _by_tensorflow(model, path)
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, {METADATA_KEY: metadata.to_json()})
    onnx.save(graph, path)


def write_graph(model: keras.Model, path: Path) -> None:
    """The bare ONNX file of a model, by TensorFlow and tf2onnx."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            # Its tensors of the moment would become inputs of the graph that nobody can fill; arrays become constants.
            layer.mean, layer.variance = (keras.ops.convert_to_numpy(t) for t in (layer.mean, layer.variance))
    answering = _Answering(model)
    with _gelu_by_erf(model):
        answering(np.zeros((1, *model.input_shape[1:]), dtype=np.float32))
        shape = keras.InputSpec(
            shape=(None, *model.input_shape[1:]), dtype="float32", name=model.inputs[0].name
        )
        answering.export(path, format="onnx", verbose=False, input_signature=[shape])


@contextmanager
def _gelu_by_erf(model: keras.Model) -> Iterator[None]:
    """GELU written with erf: TensorFlow's uses erfc, which ONNX does not have."""
    layers = [
        each
        for each in model._flatten_layers()
        if getattr(each, "activation", None) is keras.activations.gelu
    ]
    for layer in layers:
        layer.activation = lambda x: 0.5 * x * (1 + keras.ops.erf(x / math.sqrt(2)))
    try:
        yield
    finally:
        for layer in layers:
            layer.activation = keras.activations.gelu


class _Answering(keras.Model):
    """A model that never trains: exported as it is, a network inside another would keep its dropout."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__(name=model.name)
        self.model = model

    def call(self, pixels: Any) -> Any:
        return self.model(pixels, training=False)


def _by_tensorflow(model: keras.Model, path: Path) -> None:
    """The same for a model of another backend: saved, and exported by a process that runs TensorFlow on the CPU.

    Keras would need a package more for each backend, and its files are the same for all.
    """
    saved = path.with_name(f".{path.name}.keras")
    try:
        save_network(saved, model)
        # Without GPUs: their memory is taken by the process that has trained.
        changes = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}
        call("fer_core.training.onnx_export", {"saved": str(saved), "target": str(path)}, changes=changes)
    except WorkerFailed as error:
        raise ModelFileError(
            "The model could not be exported by TensorFlow", received=error.reason
        ) from error
    finally:
        saved.unlink(missing_ok=True)


class ExportRequest(TypedDict):
    """The saved Keras model, and the ONNX file to write."""

    saved: str
    target: str


def _work(folder: Path, asked: ExportRequest, report: ProgressFn) -> dict[str, object]:
    write_graph(keras.saving.load_model(asked["saved"], compile=False, safe_mode=True), Path(asked["target"]))
    return {}


if __name__ == "__main__":
    sys.exit(serve(_work))
