from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scenes import drawn
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.base.errors import AlreadyExists, ModelFileError
from fer_core.base.workspace import Workspace
from fer_core.inference import foreign, model_registry, speed
from fer_core.recipes.recipe import load
from fer_core.runs import run_annotations
from fer_core.runs.store import create_run


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(model_registry, "_HERE", tmp_path / "nowhere")
    return Workspace(tmp_path / "home")


def put(path: Path, **changes: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_light(path, **changes)


def test_a_fresh_install_answers_with_the_model_that_ships(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model_registry.models(workspace) == []
    with pytest.raises(ModelFileError, match="no model yet"):
        model_registry.find(workspace)
    monkeypatch.setattr(model_registry, "_HERE", tmp_path / "app")
    put(tmp_path / "app" / "model.onnx")
    (tmp_path / "app" / "card.md").write_text("# Who I am")
    model = model_registry.find(workspace)
    assert (model.name, model.kind, model.card) == ("shipped", "shipped", "# Who I am")
    assert model_registry.open_model(model.path).classes == ("happy", "sad", "neutral")
    put(workspace.models / "shipped" / "model.onnx")  # the workspace's own comes first
    assert model_registry.find(workspace).path.is_relative_to(workspace.root)


def test_the_promoted_run_comes_first(workspace: Workspace) -> None:
    put(workspace.models / "shipped" / "model.onnx")
    runs = [create_run(workspace, "faces", "0" * 16, load("compact")) for _ in range(3)]
    for run in runs[:2]:
        put(run.folder / "model.onnx")
    assert [m.name for m in model_registry.models(workspace)] == ["shipped", runs[1].id, runs[0].id]
    run_annotations.promote(runs[0])
    assert model_registry.find(workspace).name == runs[0].id
    assert model_registry.find(workspace, "2").name == runs[1].id
    with pytest.raises(ModelFileError, match="neither a run nor a file"):
        model_registry.find(workspace, "mine")
    with pytest.raises(ModelFileError, match=r"no model\.onnx"):
        model_registry.open_model(model_registry.find(workspace, "3").path)


def test_a_file_that_does_not_say_what_it_is_is_asked_about(workspace: Workspace, tmp_path: Path) -> None:
    file = save_linear(tmp_path / "from elsewhere.onnx", light_weights(), softmax=False)
    model = model_registry.add_model(workspace, "../from: elsewhere.onnx", file.read_bytes())
    assert model.path.parent == model_registry.added_folder(workspace)
    graph = model_registry.missing_metadata(model.path)
    assert graph is not None
    assert (graph.outputs, graph.sides, graph.channels) == (3, (48, 48), 1)
    with pytest.raises(ModelFileError, match="does not say"):
        model_registry.open_model(model.path)
    with pytest.raises(ModelFileError, match="2 classes are named"):
        model_registry.write_metadata(model.path, {**METADATA, "classes": ["happy", "sad"]})
    assert not model.path.with_suffix(".json").exists()
    model_registry.write_metadata(model.path, {**METADATA, "output": "logits"})
    assert model_registry.missing_metadata(model.path) is None
    assert model_registry.find(workspace, model.name).kind == "file"
    row = model_registry.open_model(model.path).predict(drawn(0, 48)[None])
    assert row.sum() == pytest.approx(1, abs=1e-5)
    given = model_registry.open_model(file, {**METADATA, "output": "logits"}).predict(drawn(0, 48)[None])
    np.testing.assert_allclose(row, given, atol=1e-6)


def test_a_taken_name_is_refused_and_what_is_there_stays(workspace: Workspace, tmp_path: Path) -> None:
    content = save_linear(tmp_path / "mine.onnx", light_weights()).read_bytes()
    model = model_registry.add_model(workspace, "mine.onnx", content)
    model_registry.write_metadata(model.path, METADATA)
    before = {path.name: path.read_bytes() for path in model.path.parent.iterdir()}
    keras = tmp_path / "mine.keras"
    keras.touch()
    with pytest.raises(AlreadyExists, match="A model of this name is there already"):
        model_registry.add_model(workspace, "mine.onnx", content)
    with pytest.raises(AlreadyExists, match="--name"):
        foreign.import_keras(workspace, keras)
    model.path.unlink()  # its classes are left, which are not those of another file
    with pytest.raises(AlreadyExists):
        model_registry.add_model(workspace, "mine.onnx", content)
    assert {path.name for path in model.path.parent.iterdir()} == {*before} - {"mine.onnx"}


def test_an_ending_in_capitals_is_found_again(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "X.H5"
    file.touch()
    assert foreign.kept_keras(workspace, str(file)) == file


def test_what_is_no_model_is_not_kept(workspace: Workspace) -> None:
    for content in (b"\x80\x04pickle", b"PK\x03\x04zip", b"no model at all"):
        with pytest.raises(ModelFileError):
            model_registry.add_model(workspace, "bad.onnx", content)
    assert os.listdir(model_registry.added_folder(workspace)) == []
    good = put(workspace.root / "x" / "good.onnx")
    assert model_registry.missing_metadata(good) is None
    bad = put(workspace.root / "x" / "bad.onnx", threshold="high")
    with pytest.raises(ModelFileError, match="threshold"):
        model_registry.missing_metadata(bad)


def test_speed_counts_what_it_says(tmp_path: Path) -> None:
    rows = speed.measure_speed(save_light(tmp_path / "m.onnx"), batches=(1, 8), seconds=0.02)
    assert [row["batch"] for row in rows] == [1, 8]
    for row in rows:
        assert row["calls"] >= 10
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["faces_per_second"] == pytest.approx(row["batch"] / row["p50_ms"] * 1000, rel=0.05)
    assert json.dumps(rows)
