"""What tests of the Train page share: a dataset in a workspace of its own, and runs whose training is stood in for."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.base.jsonl import append_line
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.jobs.process import this_process
from fer_core.recipes.recipe import load, override
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import queue
from fer_core.splits.stratify import save_plan, stratify


@pytest.fixture(scope="session")
def train_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a dataset, made once."""
    root = tmp_path_factory.mktemp("train")
    made = make_sample(Workspace(root), count=240)
    save_plan(made, stratify(made.manifest()))
    return root


@pytest.fixture
def dataset(train_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """That dataset in a workspace of its own."""
    shutil.copytree(train_home, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("FER_HOME", str(tmp_path))

    def launch(run: Run) -> None:
        (run.folder / "process.json").write_text(json.dumps({**this_process(), "host": socket.gethostname()}))
        run.update(state="running")

    monkeypatch.setattr(queue, "launch", launch)
    return open_dataset(Workspace(tmp_path), "sample")


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def runs(dataset: Dataset) -> list[Run]:
    """Oldest first."""
    return store.list_runs(dataset.workspace)[::-1]


def trained(
    dataset: Dataset, epochs: int, state: str = "finished", top: float = 0.8, gap: float = 0.03, **info: Any
) -> Run:
    """A run whose validation accuracy rises to `top`, with training `gap` ahead of it."""
    more = info.pop("row", {})
    recipe = override(load("model_0"), {"training.epochs": 40})
    run = store.create_run(dataset.workspace, dataset.name, dataset.head, recipe, version_number=2, **info)
    for epoch in range(1, epochs + 1):
        val = 0.4 + (top - 0.4) * epoch / epochs
        row = {
            "epoch": epoch, "loss": 1.0 / epoch, "accuracy": val + gap, "val_loss": 1.1 / epoch, "val_accuracy": val,
            "learning_rate": 1e-3, "seconds": 17.0, "images_per_second": 1000.0, "eta_seconds": 17.0 * (40 - epoch),
        }  # fmt: skip
        append_line(run.folder / "metrics.jsonl", {**row, **more})
    run.update(state=state, device="CPU, 2 cores", backend="tensorflow", parameters=557_180)
    return run
