"""What a run may begin with, what is said of it, and how many of the judging images it has seen."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_runs import bare
from tiny_faces import CLASSES, tiny_dataset, tiny_recipe

from fer_core.base.errors import FerError, NotFound, RunError
from fer_core.data.dataset import Dataset
from fer_core.duplicates.learned import LearnedPictures
from fer_core.recipes.recipe import Recipe, load, override, to_toml
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import experiments, readiness, start, starting_points

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "shipped" / "model.onnx"


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return tiny_dataset(tmp_path)


def trained(dataset: Dataset, name: str = "0001-tiny", recipe: Recipe | None = None, **info: Any) -> Run:
    """A run that has ended with weights, which nobody opens here."""
    about = {"dataset": "tiny", "version": dataset.head, "classes": list(CLASSES), **info}
    run = bare(dataset.workspace.root, name, **about)
    (run.folder / "recipe.toml").write_text(to_toml(recipe or tiny_recipe()))
    (run.folder / "best.keras").write_bytes(name.encode())
    return run


def ship(dataset: Dataset, learned: np.ndarray) -> None:
    """A shipped model of this workspace's own, which has learned these pictures."""
    folder = dataset.workspace.models / "shipped"
    folder.mkdir(parents=True)
    shutil.copyfile(SHIPPED, folder / "model.onnx")
    LearnedPictures.of(learned).save(folder / "model.onnx")


def test_a_run_is_recorded_by_its_whole_name_and_content(dataset: Dataset) -> None:
    trained(dataset)
    recipe, known = starting_points.resolve_start(dataset, dataset.head, tiny_recipe(model__start="1"))
    assert recipe.model.start == "0001-tiny"
    first = known["start"]
    assert (first["classes"], first["judged"], first["seen"]) == (list(CLASSES), 42, 0)
    (dataset.workspace.runs / "0001-tiny" / "best.keras").write_bytes(b"other")
    _, known = starting_points.resolve_start(dataset, dataset.head, tiny_recipe(model__start="1"))
    assert known["start"]["digest"] != first["digest"]
    assert starting_points.resolve_start(dataset, dataset.head, tiny_recipe()) == (tiny_recipe(), {})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model__start": "99"}, "Run not found"),
        ({"model__start": "2"}, "no trained network to start from"),
        ({"model__start": "shipped"}, "another network than the one this recipe makes"),
        ({"model__start": "1", "model__input_size": 32}, "it takes 48 pixels, this 32"),
        ({"model__start": "1", "model__color": "rgb"}, "it sees gray, this rgb"),
        ({"model__start": "3"}, "a transfer network, this a cnn one"),
    ],
)
def test_what_does_not_fit_is_refused_before_a_run_is_made(
    dataset: Dataset, settings: dict[str, Any], words: str
) -> None:
    trained(dataset)
    (trained(dataset, "0002-tiny").folder / "best.keras").unlink()
    trained(dataset, "0003-vgg16", load("vgg16"))
    recipe, runs = tiny_recipe(**settings), len(store.list_runs(dataset.workspace))
    version = dataset.version(None)
    with pytest.raises(FerError, match=words):
        start.start(dataset.workspace, dataset, None, recipe)
    with pytest.raises(FerError, match=words):
        experiments.seeds(dataset, version, recipe, 2, {})
    assert len(store.list_runs(dataset.workspace)) == runs
    (caution,) = [c for c in readiness.cautions_of(dataset, None, recipe) if c.kind == "start"]
    assert caution.blocks
    assert words in str(caution)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss__name": "categorical_focal_crossentropy", "loss__class_alpha": [0.5, 0.5]}, "2 weights, 3 classes"),
        ({"noise__confusions": [{"label": "joy", "given": "sad", "share": 1}]}, "joy to sad. The classes are happy, "),
        ({"noise__confusions": [{"label": "sad", "given": "sad", "share": 1}]}, "one class of this version into another"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_classes_is_refused_before_a_run_is_made(
    dataset: Dataset, settings: dict[str, Any], words: str
) -> None:
    recipe = tiny_recipe(**settings)
    with pytest.raises(RunError, match=words):
        start.start(dataset.workspace, dataset, None, recipe)
    with pytest.raises(RunError, match=words):
        experiments.seeds(dataset, dataset.version(None), recipe, 2, {})
    assert store.list_runs(dataset.workspace) == []
    assert [c.blocks for c in readiness.start_cautions(dataset, dataset.head, recipe)] == [True]


def test_folds_of_a_dataset_refuse_a_teacher(dataset: Dataset) -> None:
    with pytest.raises(RunError, match="cannot learn from a teacher"):
        experiments.folds(dataset, tiny_recipe(), 2, {"distillation.teacher": "1"})


def test_dropout_and_stages_may_be_others_than_those_of_the_start(dataset: Dataset) -> None:
    trained(dataset)
    blocks = [dict(block) for block in tiny_recipe().model.model_dump()["blocks"]]
    blocks[0]["dropout"] = 0.4
    stages = [{"epochs": 1, "trainable": 0.0, "learning_rate": 0.1}]
    given = tiny_recipe(model__start="1", model__blocks=blocks, progressive__stages=stages)
    assert starting_points.find(dataset.workspace, given) is not None
    with pytest.raises(FerError, match="unfreezes a backbone or a start"):
        override(given, {"model.start": ""})


def test_judging_images_the_shipped_model_has_learned_are_counted(dataset: Dataset) -> None:
    manifest = dataset.manifest()
    rows = manifest.loc[manifest["split"] == "val", "row"].to_numpy()
    test = manifest.loc[manifest["split"] == "test", "row"].to_numpy()
    learned = np.asarray(dataset.pixels())[[*rows[:7], *test[:2]]]
    learned[0] = learned[0, :, ::-1]  # mirrored is a copy too
    ship(dataset, learned)
    assert starting_points.judging_images(dataset, dataset.head, "shipped") == (42, 9)
    recipe = override(load("shipped"), {"model.start": "shipped"})
    (caution,) = [c for c in readiness.cautions_of(dataset, None, recipe) if c.kind == "start"]
    assert not caution.blocks
    assert "learned from 9 of the 42 validation and test images" in caution.text


def test_a_start_remembers_what_its_own_start_has_learned(dataset: Dataset) -> None:
    pixels = np.asarray(dataset.pixels())
    manifest = dataset.manifest()
    rows = manifest.loc[manifest["split"] == "val", "row"].to_numpy()
    ship(dataset, pixels[rows[:4]])
    trained(dataset, "0001-shipped", override(load("shipped"), {"model.start": "shipped"}))
    assert starting_points.judging_images(dataset, dataset.head, "0001-shipped") == (42, 4)
    train = manifest.loc[manifest["split"] == "train", "row"].to_numpy()
    seen = starting_points.seen_by(dataset.workspace, "0001-shipped", pixels[train])
    assert seen is not None
    assert seen.all()


def test_what_nobody_can_tell_is_not_none(dataset: Dataset) -> None:
    trained(dataset, version="0123456789abcdef")
    assert starting_points.judging_images(dataset, dataset.head, "0001-tiny") == (42, None)
    (caution,) = readiness.start_cautions(dataset, dataset.head, tiny_recipe(model__start="1"))
    assert "Nobody can tell" in caution.text
    assert not caution.blocks


def test_a_removed_run_is_not_found(dataset: Dataset) -> None:
    with pytest.raises(NotFound):
        starting_points.find(dataset.workspace, tiny_recipe(model__start="1"))
    trained(dataset, "0001-tiny", tiny_recipe(model__input_size=32))
    with pytest.raises(RunError):
        starting_points.resolve_start(dataset, dataset.head, tiny_recipe(model__start="1"))
