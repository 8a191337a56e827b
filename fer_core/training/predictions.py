"""The probabilities a trained model gives to every image, as files beside the run."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pandas as pd

from fer_core.training.batches import PlainBatches
from fer_core.training.data import Split, TrainingData


def predict(model: keras.Model, data: TrainingData, split: Split) -> pd.DataFrame:
    """One row per image: image_id, label (class name) and p_<class> (float32) in output order."""
    batches = PlainBatches(data, split, labels=False)
    probabilities = model.predict(batches, verbose=0)
    table = pd.DataFrame({"image_id": split.ids, "label": np.array(data.classes, dtype=object)[split.labels]})
    table = table.astype("str")
    for index, name in enumerate(data.classes):
        table[f"p_{name}"] = probabilities[:, index].astype(np.float32)
    return table


def save(table: pd.DataFrame, folder: Path, split: str) -> None:
    """Write `predictions-<split>.parquet`, whole or not at all."""
    target = folder / f"predictions-{split}.parquet"
    temporary = target.with_name(f".{target.name}.tmp")
    table.to_parquet(temporary, index=False)
    temporary.replace(target)
