"""Predictions of a trained model, and the devices it may ask for."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from tiny_faces import tiny_data, tiny_recipe

from fer_core.base.errors import RunError
from fer_core.models import registry
from fer_core.training import device, predictions


def test_test_time_augmentation_is_the_mean_over_the_views() -> None:
    model, found = registry.build(tiny_recipe().model, 3), tiny_data({"train": 6, "val": 7})
    images = found.pixels[found.val.rows].astype(np.float32)
    for kind, count in (("flip", 2), ("flip_shift", 10)):
        asked = predictions.augmented_views(images, kind)  # type: ignore[arg-type]
        assert len({view.tobytes() for view in asked}) == count
        wanted = np.mean([np.asarray(model(view)) for view in asked], axis=0)
        answer = predictions.predict(model, found, found.val, kind)  # type: ignore[arg-type]
        np.testing.assert_allclose(answer.iloc[:, 2:].to_numpy(), wanted, atol=1e-5)


def test_several_devices_without_jax_or_without_devices_are_an_error() -> None:
    with pytest.raises(RunError, match=r"need the JAX backend.*training\.devices=2.*KERAS_BACKEND=jax"):
        device.distribute(2)


def test_the_memory_of_every_gpu_is_taken_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    grown: dict[str, bool] = {}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0", f"{kind}:1"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: grown.update({gpu: on}))
    device.take_memory_as_needed()
    assert grown == {"GPU:0": True, "GPU:1": True}
