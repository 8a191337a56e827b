"""Processes that import TensorFlow, started by `jobs` and `scheduling`.

`train` trains a run, `train_folds` folds, `measure` a few steps, `convert` writes other formats.
"""

import sys
from importlib import import_module


def _load_keras() -> None:
    """Load Keras without scikit-learn, which it takes along for wrappers that nobody here uses: a fifth of a worker's start."""
    if "sklearn" not in sys.modules:
        sys.modules["sklearn"] = None  # type: ignore[assignment]  # importing it fails, and Keras goes on without
        try:
            import_module("keras")
        finally:
            del sys.modules["sklearn"]


_load_keras()
