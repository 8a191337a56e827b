"""The verbs about results, on a run whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from fer_core.cli import cli
from fer_core.data.records import readable
from fer_core.data.sample import make_sample
from fer_core.runs.run import Run
from fer_core.runs.store import create_run
from fer_core.training.recipe import load
from fer_core.workspace import Workspace

NAMES = ["happy", "surprise", "neutral", "sad"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = make_sample(Workspace(tmp_path), count=200)
    manifest, found = readable(dataset.manifest()), []
    for share in (0.9, 0.5):
        run = create_run(
            dataset.workspace, "sample", dataset.head, load("compact"), state="finished", version_number=1
        )
        for split in ("val", "test"):
            part = manifest[manifest["split"] == split]
            truth = pd.Index(NAMES).get_indexer(pd.Index(part["label"]))
            said = np.where(np.arange(len(part)) < share * len(part), truth, (truth + 1) % 4)
            table = pd.DataFrame(0.6 * np.eye(4)[said] + 0.1, columns=[f"p_{n}" for n in NAMES])
            table.insert(0, "image_id", part["image_id"].to_numpy())
            table.insert(1, "label", part["label"].to_numpy())
            table.to_parquet(run.folder / f"predictions-{split}.parquet")
        found.append(run)
    return found


def fer(*arguments: str) -> object:
    result = CliRunner().invoke(cli, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_runs_are_ranked_told_apart_and_written_down(runs: list[Run], tmp_path: Path) -> None:
    rows = fer("compare")
    assert [(row["run"], row["rank"], row["shared"]) for row in rows] == [
        (runs[0].id, 1, False),
        (runs[1].id, 2, False),
    ]
    assert rows[0]["low"] < rows[0]["accuracy"] < rows[0]["high"]
    assert fer("ledger") == []
    text = CliRunner().invoke(cli, ["compare", "2", "1", "--to", str(tmp_path / "board.md")]).output
    assert "told apart" in text
    assert runs[0].id in (tmp_path / "board.md").read_text()


def test_reading_test_is_recorded(runs: list[Run]) -> None:
    found = fer("evaluate", "1", "--split", "test")
    assert found["accuracy"] == pytest.approx(0.9, abs=0.1)
    assert [(look["run"], look["via"]) for look in fer("ledger")] == [(runs[0].id, "cli")]
    fer("compare", "--split", "test")
    assert [look["run"] for look in fer("ledger")] == [
        runs[0].id,
        *sorted((r.id for r in runs), reverse=True),
    ]
    assert "## Test" in fer("card", "1")["card"]


def test_val_is_scored_and_a_model_promoted(runs: list[Run]) -> None:
    assert fer("evaluate", "2")["split"] == "val"
    assert fer("ledger") == []
    (runs[1].folder / "model.onnx").write_bytes(b"")
    assert fer("promote", "2") == {"run": runs[1].id}
    assert [row["promoted"] for row in fer("compare")] == [False, True]
