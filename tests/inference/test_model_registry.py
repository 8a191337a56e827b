from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scenes import drawn
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.errors import ModelFileError
from fer_core.evaluation import marks
from fer_core.inference import shelf, speed
from fer_core.runs.store import create_run
from fer_core.training.recipe import load
from fer_core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(shelf, "_HERE", tmp_path / "nowhere")
    return Workspace(tmp_path / "home")


def put(path: Path, **changes: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_light(path, **changes)


def test_a_fresh_install_answers_with_the_model_that_ships(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shelf.models(workspace) == []
    with pytest.raises(ModelFileError, match="no model yet"):
        shelf.find(workspace)
    monkeypatch.setattr(shelf, "_HERE", tmp_path / "app")
    put(tmp_path / "app" / "model.onnx")
    (tmp_path / "app" / "card.md").write_text("# Who I am")
    model = shelf.find(workspace)
    assert (model.name, model.kind, model.card) == ("shipped", "shipped", "# Who I am")
    assert shelf.open_model(model.path).classes == ("happy", "sad", "neutral")
    put(workspace.models / "shipped" / "model.onnx")  # the workspace's own comes first
    assert shelf.find(workspace).path.is_relative_to(workspace.root)


def test_the_promoted_run_comes_first(workspace: Workspace) -> None:
    put(workspace.models / "shipped" / "model.onnx")
    runs = [create_run(workspace, "faces", "0" * 16, load("compact")) for _ in range(3)]
    for run in runs[:2]:
        put(run.folder / "model.onnx")
    assert [m.name for m in shelf.models(workspace)] == ["shipped", runs[1].id, runs[0].id]
    marks.promote(runs[0])
    assert shelf.find(workspace).name == runs[0].id
    assert shelf.find(workspace, "2").name == runs[1].id
    with pytest.raises(ModelFileError, match="neither a run nor a file"):
        shelf.find(workspace, "mine")
    with pytest.raises(ModelFileError, match=r"no model\.onnx"):
        shelf.open_model(shelf.find(workspace, "3").path)


def test_a_file_that_does_not_say_what_it_is_is_asked_about(workspace: Workspace, tmp_path: Path) -> None:
    file = save_linear(tmp_path / "from elsewhere.onnx", light_weights(), softmax=False)
    model = shelf.add(workspace, "../from: elsewhere.onnx", file.read_bytes())
    assert model.path.parent == shelf.added_folder(workspace)
    graph = shelf.question(model.path)
    assert graph is not None
    assert (graph.outputs, graph.sides, graph.channels) == (3, (48, 48), 1)
    with pytest.raises(ModelFileError, match="does not say"):
        shelf.open_model(model.path)
    with pytest.raises(ModelFileError, match="2 classes are named"):
        shelf.answer(model.path, {**METADATA, "classes": ["happy", "sad"]})
    assert not model.path.with_suffix(".json").exists()
    shelf.answer(model.path, {**METADATA, "output": "logits"})
    assert shelf.question(model.path) is None
    assert shelf.find(workspace, model.name).kind == "file"
    row = shelf.open_model(model.path).predict(drawn(0, 48)[None])
    assert row.sum() == pytest.approx(1, abs=1e-5)
    given = shelf.open_model(file, {**METADATA, "output": "logits"}).predict(drawn(0, 48)[None])
    np.testing.assert_allclose(row, given, atol=1e-6)


def test_what_is_no_model_is_not_kept(workspace: Workspace) -> None:
    for content in (b"\x80\x04pickle", b"PK\x03\x04zip", b"no model at all"):
        with pytest.raises(ModelFileError):
            shelf.add(workspace, "bad.onnx", content)
    assert os.listdir(shelf.added_folder(workspace)) == []
    good = put(workspace.root / "x" / "good.onnx")
    assert shelf.question(good) is None
    bad = put(workspace.root / "x" / "bad.onnx", threshold="high")
    with pytest.raises(ModelFileError, match="threshold"):
        shelf.question(bad)


def test_speed_counts_what_it_says(tmp_path: Path) -> None:
    rows = speed.table(save_light(tmp_path / "m.onnx"), batches=(1, 8), seconds=0.02)
    assert [row["batch"] for row in rows] == [1, 8]
    for row in rows:
        assert row["calls"] >= 10
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["faces_per_second"] == pytest.approx(row["batch"] / row["p50_ms"] * 1000, rel=0.05)
    assert json.dumps(rows)
