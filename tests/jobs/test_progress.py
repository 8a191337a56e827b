"""What a job says of itself: how far it is, and what went wrong."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from fer_core.base.atomic import write_json
from fer_core.base.errors import SourceError
from fer_core.jobs import Reporter, Stopped, progress


def test_progress_is_written_seldom_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    written: list[tuple[int, float | None]] = []
    monkeypatch.setattr(time, "time", lambda: clock[0])
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(
        progress, "write_json", lambda path, value, durable: written.append((value["done"], value["eta_s"]))
    )
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    report = Reporter(tmp_path)
    for done in range(1, 101):
        clock[0] += 0.05
        report(done, 100, "images")
    assert written[0] == (1, None)
    assert written[-1][0] == 100
    assert 20 <= len(written) <= 27
    half = next(eta for done, eta in written if done >= 50)
    assert half == pytest.approx(2.5, rel=0.1)
    assert written[-1][1] == 0
    report(1, 10, "pixels")
    assert written[-1] == (1, None)


def test_time_left_follows_the_pace_of_late(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    meter = progress.RateMeter()
    for done in range(101):  # the second half is nine times as slow as the first
        clock[0] += 0.1 if done <= 50 else 0.9
        left = meter(done, 200, "pairs").eta_s
    assert left == pytest.approx(0.9 * 100, rel=0.05)


def test_progress_of_a_training_of_the_version_before(tmp_path: Path) -> None:
    assert progress.read(tmp_path) == progress.Progress()
    where = {
        "phase": "training",
        "epoch": 3,
        "epochs": 10,
        "step": 5,
        "steps": 10,
        "eta_seconds": 75.0,
        "time": 1.0,
    }
    write_json(tmp_path / "progress.json", where)
    found = progress.read(tmp_path)
    assert (found.done, found.total, found.what, found.eta_s) == (25, 100, "training", 75.0)
    assert found.share == 0.25
    write_json(tmp_path / "progress.json", {"phase": "exporting the model", "time": 1.0})
    assert (progress.read(tmp_path).what, progress.read(tmp_path).share) == ("exporting the model", 0.0)
    write_json(tmp_path / "progress.json", {"done": 3, "surprise": 1})
    assert progress.read(tmp_path) == progress.Progress()


def test_errors_are_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    report = Reporter(tmp_path)
    for error, ending in [
        (SourceError("Nothing is there"), {"state": "failed", "error": "Nothing is there."}),
        (KeyboardInterrupt(), {"state": "stopped"}),
        (Stopped(143), {"state": "stopped"}),
    ]:
        report.fail(error)
        assert json.loads((tmp_path / "result.json").read_text()) == ending
