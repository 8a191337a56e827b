"""What Keras runs on here."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import keras
import numpy as np

from fer_core.base.errors import RunError

_PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "onnx", "tf2onnx", "onnxruntime")


def accelerators() -> list[str]:
    """Names of GPUs and TPUs, such as `gpu:0`; empty on a machine without."""
    return [name for name in keras.distribution.list_devices() if not name.lower().startswith("cpu")]


def describe() -> str:
    """`gpu:0` or `CPU, 2 cores`."""
    found = accelerators()
    return ", ".join(found) if found else f"CPU, {os.cpu_count()} cores"


def compile_just_in_time() -> bool | Literal["auto"]:
    """Value for `jit_compile`: off for TensorFlow on a CPU, where XLA slows small CNNs 1.5 to 10 times."""
    return False if keras.backend.backend() == "tensorflow" and not accelerators() else "auto"


def take_memory_as_needed() -> None:
    """Let a GPU's memory grow, before its first use: TensorFlow and JAX take nearly all of it, and a second run finds none."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    elif keras.backend.backend() == "jax":
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def make_deterministic() -> None:
    """Ask the backend for the same numbers every time, bit by bit; JAX and PyTorch on a CPU give them anyway."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def distribute(count: int) -> None:
    """Share each batch among so many devices; 1 is no sharing. Call before a model is built.

    By `keras.distribution.DataParallel`, which Keras has for JAX.

    Raises:
        RunError: another backend, or fewer devices than that.
    """
    if count == 1:
        return
    backend = keras.backend.backend()
    if backend != "jax":
        raise RunError(
            "Several devices need the JAX backend",
            received=f"training.devices={count}, KERAS_BACKEND={backend}",
            hint="Set KERAS_BACKEND=jax, or training.devices=1",
        )
    there = accelerators() or keras.distribution.list_devices()
    if count > len(there):
        raise RunError(
            "There are fewer devices than the recipe wants",
            received=f"training.devices={count}, found {', '.join(there)}",
            hint=f"Set training.devices={len(there)}",
        )
    devices = there[:count]
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    )


def predict_batch(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """`model.predict_on_batch`, float32 (n, classes); where devices share a batch, it is filled up so that they can."""
    shared = keras.distribution.distribution()
    count = len(shared.device_mesh.devices.flatten()) if shared else 1
    missing = -len(images) % count
    if missing:
        images = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
    answer = np.asarray(model.predict_on_batch(images))
    return answer[: len(answer) - missing]


def packages() -> dict[str, str]:
    """Versions of the packages a result may depend on, those that are installed."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
