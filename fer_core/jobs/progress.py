"""Progress of long work: `progress.json`, replaced at most a few times a second."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fer_core.base.atomic import write_json
from fer_core.base.jsonl import read_object

FILE = "progress.json"
_ETA_AFTER = 0.5  # seconds of work before its pace says anything
_SAMPLE_S = 0.05  # seconds between two points the pace is measured by


@dataclass(frozen=True)
class Progress:
    """Progress of one step of work.

    Attributes:
        done: how many of `total`.
        total: 0 if not known yet.
        what: what is counted, or what goes on.
        started: when this step began, seconds since the epoch; 0.0 before the first report.
        eta_s: seconds left; None if not known.
        details: more about the work, such as the epoch of a training.
    """

    done: int = 0
    total: int = 0
    what: str = ""
    started: float = 0.0
    eta_s: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Fraction done, 0 to 1; 0 while the total is not known."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total else 0.0


def read(folder: Path) -> Progress:
    """The progress in the folder of a job or run; `Progress()` before the first report."""
    found = read_object(folder / FILE)
    if "phase" in found:
        return _from_old_format(found)
    try:
        return Progress(**found)
    except TypeError:
        return Progress()


def _from_old_format(found: Mapping[str, Any]) -> Progress:
    """The file as older versions wrote it for training runs."""
    names = ("epoch", "epochs", "step", "steps", "images_per_second", "loss", "accuracy")
    details = {name: found[name] for name in names if found.get(name) is not None}
    epochs, steps = int(details.get("epochs", 0)), int(details.get("steps", 0))
    done = (int(details.get("epoch", 1)) - 1) * steps + int(details.get("step", 0))
    return Progress(done, epochs * steps, found["phase"], eta_s=found.get("eta_seconds"), details=details)


class RateMeter:
    """Estimates the time left from the pace of the latter half of the work so far.

    Example:
        meter = RateMeter()
        meter(10, 200, "images read").eta_s
    """

    def __init__(self) -> None:
        self._what, self._started = "", 0.0
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self, done: int, total: int, what: str) -> Progress:
        """The progress now; a new `what` starts the clock again."""
        at = time.time()
        if what != self._what or not self._started:
            self._what, self._started = what, at
            self._seen.clear()
        if not self._seen or at - self._seen[-1][0] >= _SAMPLE_S:
            self._seen.append((at, done))
        while len(self._seen) > 1 and self._seen[1][0] <= (self._started + at) / 2:
            self._seen.popleft()
        (since, before), spent = self._seen[0], at - self._started
        known = done > before and total and spent > _ETA_AFTER
        eta = (at - since) / (done - before) * (total - done) if known else None
        return Progress(done, total, what, self._started, eta)


class ProgressFile:
    """Writes `progress.json`.

    Args:
        folder: of the job or run.
        every_s: least seconds between two writes, for `due`.
    """

    def __init__(self, folder: Path, every_s: float = 0.5) -> None:
        self._path, self._every = folder / FILE, every_s
        self._last = -every_s

    def due(self) -> bool:
        """Whether the last write was at least `every_s` seconds ago. Cheap: called after every batch."""
        return time.perf_counter() - self._last >= self._every

    def write(self, progress: Progress) -> None:
        """Replace the file; not synchronised to disk."""
        self._last = time.perf_counter()
        write_json(self._path, asdict(progress), durable=False)
