"""Event files as TensorFlow reads them, which is how TensorBoard does."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from fer_core.training.events import EventFile


def read(folder: Path) -> list[tf.compat.v1.Event]:
    (path,) = folder.iterdir()
    # A checksum that is wrong ends this with an error.
    return [tf.compat.v1.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]


def test_what_is_written_is_read_by_tensorflow(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "events", first_step=4)
    file.scalars(4, {"loss/train": 1.25, "recall/überrascht": 0.5})
    file.scalars(300, {"loss/train": -2.0})
    version, start, *events = read(tmp_path / "events")
    assert version.file_version == "brain.Event:2"
    # TensorBoard leaves out what an earlier file of the run said of this step and later ones.
    assert (start.step, start.session_log.status) == (4, tf.compat.v1.SessionLog.START)
    found = [(e.step, {v.tag: v.simple_value for v in e.summary.value}) for e in events]
    assert found == [(4, {"loss/train": 1.25, "recall/überrascht": 0.5}), (300, {"loss/train": -2.0})]
    assert all(event.wall_time == pytest.approx(version.wall_time, abs=60) for event in events)
