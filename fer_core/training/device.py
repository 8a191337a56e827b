"""What Keras runs on here."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import keras

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


def make_deterministic() -> None:
    """Ask the backend for the same numbers every time, bit by bit; JAX and PyTorch on a CPU give them anyway."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def set_precision(policy: str) -> None:
    """What layers built from now on compute in: "float32", "mixed_bfloat16" or "mixed_float16"."""
    keras.config.set_dtype_policy(policy)


def packages() -> dict[str, str]:
    """Versions of the packages a result may depend on, those that are installed."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
