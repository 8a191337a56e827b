"""Keras files from elsewhere: those that are data answer as before, those that are programs are refused unrun."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from tiny_faces import tiny_dataset, tiny_recipe

from fer_core.base.errors import FerError, ModelFileError, NotFound, RunError
from fer_core.base.workspace import Workspace
from fer_core.inference import foreign, model_registry
from fer_core.inference.predictor import Predictor
from fer_core.models import registry
from fer_core.recipes.recipe import override
from fer_core.scheduling import starting_points
from fer_core.training import data, loop
from fer_core.workers import import_model, warm_start

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 1)).astype(np.uint8)


def ask(source: Path, target: Path | None = None, recipe: str = "") -> None:
    import_model.work(
        source.parent,
        {"source": str(source), "target": str(target or source.with_suffix(".onnx")), "recipe": recipe},
        lambda done, total, what: None,  # type: ignore[arg-type]
    )


def theirs(*middle: layers.Layer, units: int = 4) -> keras.Model:
    return keras.Sequential([
        keras.Input((48, 48, 1)), layers.Rescaling(1 / 255), *middle, layers.Conv2D(4, 3, strides=4, activation="relu"),
        layers.Flatten(), layers.Dense(units, activation="softmax"),
    ])  # fmt: skip


def test_an_imported_file_answers_as_it_did_and_can_be_a_start(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    network = registry.build(tiny_recipe().model, 4)
    network.save(tmp_path / "their model.keras")
    workspace = Workspace(tmp_path)
    model = foreign.import_keras(workspace, tmp_path / "their model.keras")
    assert (model.name, model.kind) == ("their model", "file")
    fields = {"classes": ["a", "b", "c", "d"], "input_size": 48, "color": "gray"}
    model_registry.write_metadata(model.path, fields)
    said = model_registry.open_model(model_registry.find(workspace, "their model").path).predict(PIXELS)
    np.testing.assert_allclose(said, network.predict_on_batch(PIXELS), atol=1e-5)

    recipe, known = starting_points.resolve_start(
        dataset, dataset.head, tiny_recipe(model__start="their model")
    )
    assert known["start"]["classes"] == ["a", "b", "c", "d"]
    assert known["start"]["seen"] is None  # nobody knows what it has learned
    found = data.load(dataset, dataset.head, recipe.model)
    mine = loop.build(recipe, 3)
    warm_start.begin(mine, workspace, recipe, known["start"], found)
    for one, two in zip(mine.get_weights()[:-2], network.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(RunError, match="does not fit"):
        starting_points.resolve_start(dataset, dataset.head, override(recipe, {"model.color": "rgb"}))


def test_h5_files_are_read_too(tmp_path: Path) -> None:
    network = theirs()
    network.save(tmp_path / "old.h5")
    ask(tmp_path / "old.h5")
    said = Predictor.load(
        tmp_path / "old.onnx", metadata={"classes": list("abcd"), "input_size": 48, "color": "gray"}
    ).predict(PIXELS)
    np.testing.assert_allclose(said, network.predict_on_batch(PIXELS), atol=1e-5)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path, ending: str) -> None:
    trace = tmp_path / "run"

    def touching(x: object) -> object:
        trace.touch()
        return x

    program = layers.Lambda(touching, output_shape=(48, 48, 1))
    theirs(program).save(tmp_path / f"evil{ending}")
    trace.unlink(missing_ok=True)  # making it has run it
    with pytest.raises(RunError, match=r"cannot be opened as a Keras network without code of its own"):
        ask(tmp_path / f"evil{ending}")
    assert not trace.exists()


def test_what_is_no_picture_classifier_or_no_network_is_refused(tmp_path: Path) -> None:
    one = keras.Sequential([keras.Input((12,)), layers.Dense(3)])
    one.save(tmp_path / "table.keras")
    with pytest.raises(ModelFileError, match="not a picture classifier"):
        ask(tmp_path / "table.keras")
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(RunError, match="cannot be opened"):
        ask(tmp_path / "text.keras")
    theirs().save_weights(tmp_path / "only.weights.h5")
    with pytest.raises(FerError, match="cannot be opened"):
        ask(tmp_path / "only.weights.h5")


def test_a_saved_model_and_other_files_are_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    with pytest.raises(ModelFileError, match="is a program"):
        foreign.import_keras(Workspace(tmp_path), tmp_path / "saved")
    with pytest.raises(ModelFileError, match="is a program"):
        starting_points.find(Workspace(tmp_path), tiny_recipe(model__start=str(tmp_path / "saved")))
    (tmp_path / "weights.pt").touch()
    for name in ("weights.pt", "absent.keras"):
        with pytest.raises(ModelFileError, match="This is no Keras file"):
            foreign.import_keras(Workspace(tmp_path), tmp_path / name)
    with pytest.raises(NotFound, match="no such file to start from"):
        starting_points.find(Workspace(tmp_path), tiny_recipe(model__start=str(tmp_path / "absent.keras")))
