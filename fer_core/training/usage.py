"""What the training process takes of the machine."""

from __future__ import annotations

import keras
import psutil

from fer_core.runs.records import Epoch
from fer_core.training import device


class Usage:
    """Processor, memory and GPU memory of this process, from one look to the next."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()  # starts its clock

    def since_last(self) -> Epoch:
        """cpu_percent (of one core, since the last look), rss_mb, and gpu_memory_mb (in use) where there is a GPU."""
        found: Epoch = {
            "cpu_percent": round(self._process.cpu_percent(), 1),
            "rss_mb": round(self._process.memory_info().rss / 1e6, 1),
        }
        gpu = gpu_memory() if device.accelerators() else None
        if gpu is not None:
            found["gpu_memory_mb"] = round(gpu / 1e6, 1)
        return found


def gpu_memory() -> int | None:
    """Bytes in use on the first accelerator; None where the backend cannot say."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return int(tf.config.experimental.get_memory_info("GPU:0")["current"])
        case "jax":
            import jax

            used = (jax.local_devices()[0].memory_stats() or {}).get("bytes_in_use")
            return None if used is None else int(used)
        case "torch":
            import torch

            return int(torch.cuda.memory_allocated())
    return None
