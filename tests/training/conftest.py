"""What makes training quick enough to test often."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
import tensorflow as tf
from small import stand_in

from fer_core.models import transfer


@pytest.fixture
def backbones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks in the place of the published ones."""
    for name, backbone in transfer._BACKBONES.items():
        monkeypatch.setitem(transfer._BACKBONES, name, dataclasses.replace(backbone, build=stand_in))


@pytest.fixture
def eager() -> Iterator[None]:
    """Without graphs, whose making takes most of the time of so few steps."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
