"""Where a worker is right now, in a small file that is replaced a few times a second at most."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

INTERVAL = 0.5
"""Seconds between two writes while nothing else changes."""


class Progress:
    """Writer of `progress.json`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "progress.json"
        self._last = -INTERVAL

    def due(self) -> bool:
        """Whether the last write is long enough ago. Cheap: asked after every batch."""
        return time.perf_counter() - self._last >= INTERVAL

    def write(self, phase: str, **fields: Any) -> None:
        """Replace the file. Not flushed to the disk: after a crash nobody needs it."""
        self._last = time.perf_counter()
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"phase": phase, **fields, "time": time.time()}), encoding="utf-8")
        os.replace(temporary, self._path)
