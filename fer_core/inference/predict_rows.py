"""A model's answers for images of a dataset, a batch at a time, so that no more than a batch is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.inference.ensemble import Ensemble
    from fer_core.inference.predictor import Predictor
    from fer_core.jobs.reporter import ProgressFn

_BATCH = 512


def predict_rows(
    model: Predictor | Ensemble,
    dataset: Dataset,
    rows: np.ndarray,
    progress: ProgressFn | None = None,
    what: str = "images predicted",
) -> np.ndarray:
    """float32 (n, classes): what a model answers for pictures of a dataset, in its own size and colour.

    Args:
        model: the model.
        dataset: whose pictures; those of another size or colour are decoded from its source at first use.
        rows: int64 (n,), the manifest's `row` of each image.
        progress: told (images done, images, what).
        what: the words for it.
    """
    pixels, parts = dataset.pixels(model.input_size, model.color), []
    for start in range(0, len(rows), _BATCH):
        parts.append(model.predict(np.asarray(pixels[rows[start : start + _BATCH]])))
        if progress:
            progress(min(start + _BATCH, len(rows)), len(rows), what)
    return np.concatenate(parts) if parts else np.zeros((0, len(model.classes)), np.float32)
