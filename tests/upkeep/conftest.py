"""A small workspace with everything that can be damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import made_runs
import numpy as np
import pytest

from fer_core.base.checksums import record_checksum
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.evaluation.report import evaluate_run
from fer_core.review.apply import apply_journal
from fer_core.review.journal import Journal
from fer_core.runs import run_annotations
from fer_core.training.checkpoint import save_weights


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: a dataset of two versions with decisions, applied and not, and a run that was evaluated and chosen."""
    home = Workspace(tmp_path_factory.mktemp("kept") / "home")
    dataset = make_sample(home, "faces", count=120)
    journal = Journal(dataset.journal_path)
    images = dataset.manifest()
    images = images[images["error"] == ""]
    for image, label in images[["image_id", "label"]].head(30).itertuples(index=False):
        other = "sad" if label != "sad" else "happy"
        journal.add("relabel", image_id=image, label=other, who="Ada", shown={"label": label})
    apply_journal(dataset)
    journal.add("keep", image_id=images["image_id"].iloc[40], who="Ada")
    run = made_runs.trained(dataset, 0.8)
    made_runs.tell_epochs(run, [0.7, 0.8])
    for name in ("model.onnx", "best.keras"):  # what is in them is of no matter here
        (run.folder / name).write_bytes(np.random.default_rng(1).bytes(4000))
        record_checksum(run.folder / name)
    record_checksum(run.folder / "metrics.jsonl")
    save_weights(run.folder / "checkpoints" / "best.npz", [np.arange(2000.0)])
    evaluate_run(run)
    run_annotations.promote(run)
    (home.models / "queue.json").write_text(json.dumps({"order": []}))
    return home.root


@pytest.fixture
def home(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy to harm."""
    shutil.copytree(kept, tmp_path / "home")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    return Workspace(tmp_path / "home")
