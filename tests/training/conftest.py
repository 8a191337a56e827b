"""What makes training quick enough to test often."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

import pytest
import tensorflow as tf
from small import stand_in

from fer_core.models import transfer


@pytest.fixture(autouse=True)
def same_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker gives way to the page; the process of the tests must not, and five steps more with each run."""
    monkeypatch.setattr(os, "nice", lambda _: 0)


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
