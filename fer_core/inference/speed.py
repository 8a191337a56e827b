"""How fast a model answers here.

measure_speed(Path("model.onnx"))[0]["p50_ms"]
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TypedDict

import numpy as np

from fer_core.inference.model_registry import open_model

BATCHES = (1, 16, 256)


class SpeedRow(TypedDict):
    """Faces per call, how many calls, median and 95th percentile of one in milliseconds, and what that makes a second."""

    batch: int
    calls: int
    p50_ms: float
    p95_ms: float
    faces_per_second: float


def measure_speed(
    path: Path, batches: tuple[int, ...] = BATCHES, threads: int = 1, seconds: float = 1.0
) -> list[SpeedRow]:
    """Time warm answers for random faces in the model's own size, without decoding or finding faces.

    Args:
        path: an ONNX file with metadata.
        batches: faces per call.
        threads: CPU threads.
        seconds: spent on each batch size; at least 10 calls.

    Returns:
        Per batch size: batch, calls, p50_ms and p95_ms of a call, faces_per_second.
    """
    predictor = open_model(path, threads=threads)
    shape = (predictor.input_size, predictor.input_size, predictor.metadata.channels)
    rows: list[SpeedRow] = []
    for batch in batches:
        faces = np.random.default_rng(0).integers(0, 256, (batch, *shape), dtype=np.uint8)
        predictor.predict(faces)
        times: list[float] = []
        until = time.perf_counter() + seconds
        while len(times) < 10 or time.perf_counter() < until:
            started = time.perf_counter()
            predictor.predict(faces)
            times.append((time.perf_counter() - started) * 1000)
        p50, p95 = np.percentile(times, (50, 95))
        rows.append(
            {
                "batch": batch,
                "calls": len(times),
                "p50_ms": round(float(p50), 4),
                "p95_ms": round(float(p95), 4),
                "faces_per_second": round(batch / float(p50) * 1000, 1),
            }
        )
    return rows
