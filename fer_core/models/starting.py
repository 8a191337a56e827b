"""The body of one network into another: what a warm start does, once, before the first epoch."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import onnxruntime

from fer_core.base.errors import RunError, first_line
from fer_core.models import body, onnx_weights, registry
from fer_core.recipes.model_spec import ModelSpec

_CHECKED = 64  # random pictures
_EQUAL = 1e-4  # of a probability


def read_network(path: Path, spec: ModelSpec | None, classes: int, pixels: np.ndarray) -> keras.Model:
    """The trained network in a run's `.keras` file, or in the ONNX file of a CNN of ours.

    Args:
        path: the file.
        spec: what it was built from; asked for an ONNX file.
        classes: how many it answers with.
        pixels: uint8 (n, height, width, channels): pictures to be learned, for the statistics an ONNX file does not keep.

    Raises:
        RunError: the file cannot be opened, or what was read from it answers otherwise than the file.
    """
    if spec is None or path.suffix != ".onnx":
        return open_keras(path)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        network = registry.build(spec, classes)
    finally:
        keras.config.set_dtype_policy(policy)
    onnx_weights.read_weights(network, path)
    _check_equal(network, path)
    if network.input_shape[1:] == pixels.shape[1:]:
        onnx_weights.restore_statistics(network, pixels)
    else:
        whole = (None, None, network.input_shape[-1])
        other = registry.build(spec, classes, whole)
        other.set_weights(network.get_weights())
        onnx_weights.restore_statistics(other, pixels)
        network = other
    return network


def open_keras(path: Path) -> keras.Model:
    """A `.keras` or `.h5` file as a network, in safe mode: no code in it is run.

    Raises:
        RunError: it is none, or it needs code of its own.
    """
    if path.suffix != (ending := path.suffix.lower()):  # by which Keras tells them, in small letters alone
        with tempfile.TemporaryDirectory() as folder:
            return open_keras(Path(shutil.copyfile(path, Path(folder) / f"{path.stem}{ending}")))
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        reason = first_line(error)
        raise RunError(
            f"{path.name} cannot be opened as a Keras network without code of its own", received=reason
        ) from error


def copy_weights(model: keras.Model, source: keras.Model, *, head: bool) -> None:
    """Copy the weights of a network layer by layer into one of the same body.

    Args:
        model: built from the recipe that names the start.
        source: the start.
        head: also the last layer; not where the classes are others.

    Raises:
        RunError: the bodies differ.
    """
    mine, theirs = ([layer for layer in one.layers if layer.weights] for one in (model, source))
    if not head:
        mine, theirs = mine[:-1], theirs[:-1]
    shapes, found = ([[tuple(w.shape) for w in layer.weights] for layer in part] for part in (mine, theirs))
    if shapes != found:
        raise RunError(
            "The start is another network than this recipe's",
            received=f"{len(found)} layers with weights for {len(shapes)}",
            hint="Take the recipe of the start",
        )
    for layer, other in zip(mine, theirs, strict=True):
        layer.set_weights(other.get_weights())
    body.refresh_normalization(model)


def _check_equal(network: keras.Model, path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    shape = (_CHECKED, *network.input_shape[1:])
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    wanted = np.asarray(session.run(None, {session.get_inputs()[0].name: pixels})[0])
    difference = float(np.abs(np.asarray(network.predict_on_batch(pixels)) - wanted).max())
    if not difference <= _EQUAL:
        raise RunError(
            f"What was read from {path.name} answers otherwise than it", received=f"{difference:.1e}"
        )
