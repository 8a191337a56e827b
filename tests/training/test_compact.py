"""What `compact` promises: the sample learned in a minute and a half on two cores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.runs.records import RunSummary
from fer_core.scheduling import start
from fer_core.splits.stratify import save_plan, stratify


def learned(root: Path, wanted: float) -> RunSummary:
    """What is told of a run of `compact` on the stratified sample, stopped once it reaches this accuracy."""
    sample = make_sample(Workspace(root))
    save_plan(sample, stratify(sample.manifest()))
    run = start.start(sample.workspace, sample, None, "compact")

    def enough(epoch: dict[str, Any]) -> None:
        if epoch["val_accuracy"] >= wanted:
            start.stop(run)

    start.wait(run, on_epoch=enough, timeout=840)
    summary = run.summary()
    assert summary["state"] in ("stopped", "finished"), run.log_tail()
    assert summary["val_accuracy"] >= wanted
    return summary


@pytest.mark.slow
def test_compact_begins_to_learn_the_sample(tmp_path: Path) -> None:
    """Twice as often right as one that guesses among its four classes."""
    assert learned(tmp_path, 0.5)["epochs"] <= 18


@pytest.mark.exhaustive
def test_compact_learns_the_stratified_sample(tmp_path: Path) -> None:
    """Nine in ten within 90 s of training; what the epochs after that add is not asked for."""
    others = os.getloadavg()[0]
    summary = learned(tmp_path, 0.9)
    if others < 0.5 * (os.cpu_count() or 1):  # a busy machine says nothing about speed
        assert summary["seconds"] < 90
