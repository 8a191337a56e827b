"""The probabilities a trained model gives to every image, as files beside the run."""

from __future__ import annotations

from typing import Literal

import cv2
import keras
import numpy as np
import pandas as pd

from fer_core.training.batches import PlainBatches
from fer_core.training.data import Split, TrainingData
from fer_core.training.device import predict_batch

Views = Literal["none", "flip", "flip_shift", "flip_shift_turn_light"]

_SHIFT = 1 / 24  # of the side: two pixels of 48
_ANGLE, _SCALES, _LIGHTS = 5.0, (0.95, 1.05), (0.9, 1.1)  # degrees; of the size; of the brightness


def predict(model: keras.Model, data: TrainingData, split: Split, views: Views = "none") -> pd.DataFrame:
    """One row per image: image_id, label (class name) and p_<class> (float32) in output order.

    Args:
        model: takes pixels 0..255.
        data: where the pixels are.
        split: which images.
        views: test-time augmentation: "none", or means over the image and its mirror ("flip"), and both shifted
            four ways ("flip_shift"), and also turned by 5 degrees either way, at 95 and 105 % of their size, and a tenth
            lighter and darker ("flip_shift_turn_light"). The table's `attrs`, which a Parquet file keeps, name it.
    """
    probabilities = np.concatenate(
        [
            np.mean([predict_batch(model, view) for view in augmented_views(images, views)], axis=0)
            for images in PlainBatches(data, split)
        ]
    )
    table = pd.DataFrame({"image_id": split.ids, "label": np.array(data.classes, dtype=object)[split.labels]})
    table = table.astype("str")
    for index, name in enumerate(data.classes):
        table[f"p_{name}"] = probabilities[:, index].astype(np.float32)
    table.attrs["test_time_augmentation"] = views
    return table


def augmented_views(images: np.ndarray, views: Views) -> list[np.ndarray]:
    """The pictures that are asked about for each of these, uint8 (n, h, w, c): 1, 2, 10 or 22 arrays of that shape."""
    if views == "none":
        return [images]
    if views == "flip":
        return [images, images[:, :, ::-1]]
    side = max(round(images.shape[1] * _SHIFT), 1)
    padded = np.pad(images, ((0, 0), (side, side), (side, side), (0, 0)), mode="reflect")
    height, width = images.shape[1:3]
    places = [(side, side), (0, side), (2 * side, side), (side, 0), (side, 2 * side)]
    moved = [padded[:, top : top + height, left : left + width] for top, left in places]
    if views == "flip_shift_turn_light":
        moved += [_turned(images, angle, 1.0) for angle in (-_ANGLE, _ANGLE)]
        moved += [_turned(images, 0.0, scale) for scale in _SCALES]
        moved += [np.rint(np.clip(images * light, 0, 255)).astype(np.uint8) for light in _LIGHTS]
    return [*moved, *(view[:, :, ::-1] for view in moved)]


def _turned(images: np.ndarray, angle: float, scale: float) -> np.ndarray:
    """Turned about the middle by degrees and enlarged, uint8 of the same shape; what is missing at the edge is mirrored."""
    height, width = images.shape[1:3]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    moved = [
        cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101) for image in images
    ]
    return np.stack(moved).reshape(images.shape)
