"""Runs that begin with another one, as they really train: processes of their own, followed through their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from tiny_faces import table, tiny_dataset, tiny_recipe

from fer_core.base.errors import RunError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.save_version import save_version
from fer_core.recipes.recipe import load, override
from fer_core.runs.run import Run
from fer_core.scheduling import crossval, readiness, resume, start, starting_points
from fer_core.training import data, loop
from fer_core.training.batches import TrainingBatches
from fer_core.training.parts import Parts
from fer_core.workers import warm_start

PATIENCE = 120.0
FROZEN = {
    "progressive__stages": [{"epochs": 1, "trainable": 0.0, "learning_rate": 1e-9}],
    "training__epochs": 1,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def dataset(home: Path) -> Dataset:
    return tiny_dataset(home)


@pytest.fixture(scope="module")
def first(dataset: Dataset) -> Run:
    return ended(start.start(dataset.workspace, dataset, None, tiny_recipe()))


def ended(run: Run) -> Run:
    assert start.wait(run, timeout=PATIENCE).state == "finished", run.log_tail()
    return run


def answers(run: Run) -> np.ndarray:
    return run.predictions("val").filter(like="p_").to_numpy()


def weights(run: Run) -> list[np.ndarray]:
    return keras.saving.load_model(run.folder / "best.keras", compile=False).get_weights()


def test_a_frozen_start_of_the_same_classes_answers_as_before(dataset: Dataset, first: Run) -> None:
    run = start.start(dataset.workspace, dataset, None, tiny_recipe(model__start="1", **FROZEN))
    assert ended(run).info["start"]["name"] == run.recipe.model.start == first.id
    np.testing.assert_allclose(answers(run), answers(first), atol=1e-5)
    assert answers(run).argmax(axis=1).std() > 0  # it had learned something
    aside = first.workspace.root / "aside.keras"
    (first.folder / "best.keras").rename(aside)
    try:  # what is kept holds all weights: the start is needed no more
        forked = resume.fork(run, "last", {"training.epochs": 2})
        assert ended(forked).info["start"] == run.info["start"]
    finally:
        aside.rename(first.folder / "best.keras")


def test_other_classes_get_a_head_of_their_own(first: Run, tmp_path: Path) -> None:
    manifest = table(classes=("anger", "fear", "happy", "sad"))
    other = tiny_dataset(tmp_path, manifest)
    source = Workspace(tmp_path).runs
    source.mkdir(parents=True)
    (source / first.id).symlink_to(first.folder)
    recipe = tiny_recipe(model__start=first.id)
    recipe, known = starting_points.resolve_start(other, other.head, recipe)
    found = data.load(other, other.head, recipe.model)
    model = loop.build(recipe, 4)
    fresh = model.get_weights()
    warm_start.begin(model, other.workspace, recipe, known["start"], found)
    mine, theirs = model.get_weights(), weights(first)
    for one, two in zip(mine[:-2], theirs[:-2], strict=True):
        np.testing.assert_array_equal(one, two)
    for one, two in zip(mine[-2:], fresh[-2:], strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(RunError, match="has changed since"):
        warm_start.begin(model, other.workspace, recipe, known["start"] | {"digest": "0"}, found)


def test_a_run_learns_from_the_answers_of_another(dataset: Dataset, first: Run) -> None:
    given = tiny_recipe(distillation__teacher=first.id, distillation__weight=1.0, training__epochs=1)
    run = ended(start.start(dataset.workspace, dataset, None, given))
    told = pd.read_parquet(run.folder / "teacher.parquet").set_index("image_id")
    wanted = first.predictions("train").set_index("image_id")
    np.testing.assert_allclose(told, wanted.loc[told.index, told.columns], atol=1e-5)
    forked = resume.fork(run, "last", {"training.epochs": 2})
    assert (forked.folder / "teacher.parquet").read_bytes() == (run.folder / "teacher.parquet").read_bytes()
    start.stop(forked)
    with pytest.raises(RunError, match="teacher cannot be asked"):
        resume.fork(run, "last", {"training.epochs": 2, "distillation.teacher": "99"})
    assert not readiness.start_cautions(dataset, dataset.head, given)  # it has seen none of val


def test_a_first_step_of_a_start_learns_from_where_it_was(dataset: Dataset, first: Run) -> None:
    warm = ended(
        start.start(dataset.workspace, dataset, None, tiny_recipe(model__start="1", training__epochs=1))
    )
    loss = first.epochs_since()[0][0]["loss"]
    assert warm.epochs_since()[0][0]["loss"] < 0.5 * loss


def test_layers_of_a_start_learn_at_rates_of_their_own(dataset: Dataset, first: Run) -> None:
    """By a factor for each fifth of the body: the convolution, in its second, moves by `decay`^4."""
    moved: dict[float, Any] = {}
    for decay in (1.0, 0.5):
        recipe = tiny_recipe(model__start="1", progressive__layer_decay=decay, optimizer__name="adam")
        found = data.load(dataset, dataset.head, recipe.model)
        model = loop.build(recipe, 3)
        keras.utils.set_random_seed(0)
        model.set_weights(weights(first))
        batches = TrainingBatches(found, recipe)
        Parts(model, recipe, batches, 0)
        before = model.get_weights()
        model.train_on_batch(*batches[0])
        moved[decay] = np.abs(model.get_weights()[0] - before[0]).max()
    assert moved[0.5] / moved[1.0] == pytest.approx(0.5**4, rel=0.02)


def test_the_shipped_model_begins_where_it_is(dataset: Dataset) -> None:
    recipe = override(load("shipped"), {"model.start": "shipped"})
    recipe, known = starting_points.resolve_start(dataset, dataset.head, recipe)
    found = data.load(dataset, dataset.head, recipe.model)
    model = loop.build(recipe, 3)
    warm_start.begin(model, dataset.workspace, recipe, known["start"], found)
    assert known["start"]["seen"] == 0
    assert len(known["start"]["classes"]) == 8
    norm = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    assert float(np.abs(np.asarray(norm.moving_mean)).max()) > 0


def test_folds_begin_with_the_start_too(dataset: Dataset, first: Run) -> None:
    recipe = override(
        tiny_recipe(model__start=first.id, optimizer__learning_rate=1e-12), {"training.epochs": 1}
    )
    with pytest.raises(RunError, match=r"cannot begin with a network that has learned them.*96 of 138"):
        crossval.prepare(dataset, dataset.head, recipe, 2)
    with pytest.raises(RunError, match="cannot learn wrong ones on purpose"):
        crossval.prepare(dataset, dataset.head, tiny_recipe(noise__share=0.1), 2)
    others = dataset.manifest().query("split != 'train'")
    unseen = save_version(dataset, others, parent=dataset.head, operation="test").id
    found = crossval.prepare(dataset, unseen, recipe, 2)
    assert found.about["start"]["name"] == first.id
    plain = crossval.prepare(dataset, unseen, override(recipe, {"model.start": ""}), 2)
    assert plain.folder != found.folder
    crossval.train(found)
    said = found.probabilities()
    truth = others.set_index("image_id")["label"].reindex(said.index)
    assert (said.idxmax(axis=1) == truth).mean() > 0.9  # at no rate at all: what it knows is the start's
