"""The verbs about results, on a run whose answers are known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from made_runs import NAMES, trained
from PIL import Image
from tiny_models import light_weights, save_linear

from fer_core.base.errors import NotFound, RunError
from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.inference.predictor import Predictor
from fer_core.recipes.recipe import override, to_toml
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.scheduling import queue


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("source")
    make_sample(Workspace(root), count=200)
    return root


@pytest.fixture
def runs(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    dataset = Dataset(Workspace(tmp_path), "sample")
    return [trained(dataset, share) for share in (0.9, 0.5)]


def fer(*arguments: str) -> Any:
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
    assert "significant" in text
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


def test_a_report_stands_by_itself(runs: list[Run], tmp_path: Path) -> None:
    fer("compare", "2", "1", "--to", str(tmp_path / "report.html"))
    text = (tmp_path / "report.html").read_text()
    assert "<svg" in text
    assert f"B {runs[0].id} against A {runs[1].id}" in text
    assert "B is better" in text
    assert "<script" not in text
    assert "src=" not in text


def test_what_explains_a_difference(runs: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "launch", lambda run: None)
    changed = override(runs[1].recipe, {"model.color": "rgb", "training.batch_size": 32})
    (runs[1].folder / "recipe.toml").write_text(to_toml(changed))
    assert fer("paired") == []
    found = fer("ablate", "1", "2", "--start")
    assert [step["change"] for step in found["steps"]] == ["model.color", "training.batch_size"]
    assert found["started"] == [step["run"] for step in found["steps"]]
    assert found["total"]["difference"] < -0.2
    assert {step["state"] for step in found["steps"]} == {"queued"}
    alone = Run(runs[0].folder.parent / found["started"][0])
    for split in ("val", "test"):
        predictions.write(alone.folder, split, predictions.read(runs[1].folder, split))
    alone.update(state="finished")
    (pair,) = (row for row in fer("paired") if row["axis"] == "colour")
    assert (pair["before"], pair["after"]) == ("gray", "rgb")
    assert pair["gain"]["told_apart"]
    assert fer("ledger") == []
    found = fer("ablate", "1", "2", "--split", "test")
    assert found["steps"][0]["verdict"]["difference"] == pytest.approx(found["total"]["difference"])
    assert len(fer("ledger")) == 3  # both ends, and the single change that has predictions


def test_an_ensemble_is_judged_and_answers_pictures(runs: list[Run], tmp_path: Path) -> None:
    found = fer("ensemble", "1", "2", "--greedy")
    assert found["best"] == runs[0].id
    assert found["accuracy"] == pytest.approx(found["best_accuracy"] + found["gain"]["difference"])
    for run in runs:
        weights = np.concatenate([light_weights(), light_weights()[..., :1]], axis=3)
        save_linear(
            run.folder / "model.onnx", weights, metadata={"classes": NAMES, "input_size": 48, "color": "gray"}
        )
    assert fer("ensemble", "1", "2", "--save", "both")["saved"].endswith("both")
    Image.fromarray(np.full((48, 48), 90, np.uint8)).save(tmp_path / "face.png")
    (answer,) = fer("predict", str(tmp_path / "face.png"), "--model", "both", "--whole")
    assert set(answer["faces"][0]["probabilities"]) == set(NAMES)
    again = CliRunner().invoke(cli, ["ensemble", "1", "2", "--save", "both"])
    assert again.exit_code
    assert "of that name" in str(again.exception)
    (cost,) = fer("cost", "1")
    assert cost["flops"] == 2 * 48 * 48 * 4
    assert set(cost["ms"]) == {"1", "32"}


def test_what_is_fitted_on_validation_is_what_the_model_answers_with(runs: list[Run]) -> None:
    run = runs[0]  # sure by .7 of every answer, and right in 90 % of cases: underconfident
    weights = np.zeros((48, 48, 1, 4))
    about = {"classes": NAMES, "input_size": 48, "color": "gray"}
    save_linear(run.folder / "model.onnx", weights, bias=np.array([3.0, 1.0, 0.0, 0.0]), metadata=about)
    face = np.zeros((1, 48, 48), np.uint8)
    sure = Predictor.load(run.folder).predict(face).max()
    found = fer("calibrate", "1", "--precision", "0.8")
    right = np.mean([row["label"] == row["said"] for row in answered(run)])
    assert found["precision"] == pytest.approx(right)
    # log odds of .7 against .1 become those of 90 % against a third of the rest
    assert found["temperature"] == pytest.approx(np.log(7) / np.log(right / ((1 - right) / 3)), rel=0.01)
    model = Predictor.load(run.folder)
    assert (model.metadata.temperature, model.threshold) == (found["temperature"], found["threshold"])
    assert model.predict(face).max() > sure
    card = fer("card", "1")["card"]
    assert f"Temperature {found['temperature']:.2f}, fitted on validation" in card
    told = CliRunner().invoke(cli, ["calibrate", "1", "--precision", "0.99"]).exception
    assert isinstance(told, RunError)
    (run.folder / "model.onnx").unlink()
    assert isinstance(CliRunner().invoke(cli, ["calibrate", "1", "--precision", "0.8"]).exception, NotFound)


def answered(run: Run) -> list[dict[str, str]]:
    """Label and answer of each validation image."""
    table = run.predictions("val")
    said = table[[f"p_{name}" for name in NAMES]].to_numpy().argmax(axis=1)
    return [{"label": label, "said": NAMES[n]} for label, n in zip(table["label"], said, strict=True)]
