"""Looking for a learning rate on Train: a job does it, the chart stands there, one click takes the rate."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opened_pages import TRAIN, html_of, opened
from tiny_faces import tiny_dataset

from fer_core import jobs
from fer_core.charts.rates import loss_by_rate
from fer_core.jobs.task import Task
from fer_core.jobs.tasks import FindRate
from fer_core.scheduling.rate_finder import ramp, read_off

FIELD = "train-compact-0-optimizer-learning_rate-adamw"
RATES = ramp(1e-6, 1.0, 60)
CURVE = read_off(RATES, [2.0 - min(n, 40) ** 3 / 64_000 + max(n - 44, 0) ** 2 for n in range(49)])


def test_a_rate_is_looked_for_and_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = tiny_dataset(tmp_path)
    asked: list[Task] = []
    found: list[Any] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, task: asked.append(task))
    monkeypatch.setattr(
        jobs, "latest", lambda workspace, task: found[0] if found and isinstance(task, FindRate) else None
    )
    app = opened(TRAIN)
    app.number_input(key="train-compact-0-training-batch_size").set_value(32).run()
    app.button(key="train-find-rate").click().run()
    assert asked == [FindRate("tiny", dataset.head, "compact", ("training.batch_size=32",))]
    found.append(SimpleNamespace(state="finished", result=CURVE))
    app.run()
    assert not app.exception
    proposed = float(f"{CURVE['proposed']:.2g}")
    assert f"{CURVE['steepest']:.1e}" in html_of(app)
    app.button(key="train-take-rate").click().run()
    assert app.number_input(key=FIELD).value == proposed
    assert app.button(key="train-take-rate").label == f"Take {proposed:g}", (
        "the answer is not of another rate"
    )
    assert "did not break away" not in html_of(app)
    found[0] = SimpleNamespace(state="finished", result={**CURVE, "broke": False})
    app.run()
    assert "did not break away" in html_of(app)
    found[0] = SimpleNamespace(state="finished", result=read_off(RATES, [1.0] * 60))
    app.run()
    assert "did not clearly fall in 60 steps" in html_of(app)


def test_the_chart_marks_the_rate_and_cuts_off_what_broke_away() -> None:
    spec = loss_by_rate(CURVE["rates"], CURVE["losses"], CURVE["smoothed"], CURVE["proposed"])
    top = spec["layer"][1]["encoding"]["y"]["scale"]["domain"][1]
    assert min(CURVE["smoothed"]) < top < max(CURVE["losses"])
    assert spec["layer"][2]["data"]["values"] == [{"rate": CURVE["proposed"]}]
    assert len(loss_by_rate([1e-3], [1.0], [1.0], None)["layer"]) == 2
