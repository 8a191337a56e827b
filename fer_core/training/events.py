"""Event files that TensorBoard reads, written without it and without TensorFlow, so with any backend.

A file is a sequence of TFRecords (length, masked CRC-32C, data, masked CRC-32C), each an `Event` protocol buffer
(tensorflow/core/util/event.proto). Only scalars are written.

    with_events = EventFile(run.folder / "events", first_step=1)
    with_events.scalars(1, {"loss/train": 0.7})
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path

from fer_core.data.readers.tfrecord import masked_crc

_WALL_TIME, _STEP, _VERSION, _SUMMARY, _SESSION = 1, 2, 3, 5, 7  # fields of Event
_START = 1  # SessionLog.status


class EventFile:
    """One file of a run. A run that goes on begins another, which takes the place of steps told before."""

    def __init__(self, folder: Path, first_step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        stamp = f"{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        self._path = folder / f"events.out.tfevents.{stamp}"
        self._append(_text(_VERSION, b"brain.Event:2"))
        self._append(_number(_STEP, first_step) + _text(_SESSION, _number(1, _START)))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Append some values of a step and hand them to the system at once."""
        each = (_text(1, _text(1, tag.encode()) + _float(2, value)) for tag, value in values.items())
        self._append(_number(_STEP, step) + _text(_SUMMARY, b"".join(each)))

    def _append(self, event: bytes) -> None:
        event = struct.pack("<Bd", _WALL_TIME << 3 | 1, time.time()) + event
        length = struct.pack("<Q", len(event))
        with open(self._path, "ab") as file:
            file.write(length + _masked(length) + event + _masked(event))


def _text(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _masked(data: bytes) -> bytes:
    return struct.pack("<I", masked_crc(data))
