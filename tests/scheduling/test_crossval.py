"""Recipes trained in folds: copies together, every image judged by a network that has not seen it, nothing trained twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from fer_core.base.errors import RecipeError, RunError, SplitError, TooFewImages
from fer_core.base.jsonl import read_lines, read_object
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version
from fer_core.recipes.recipe import Recipe, override
from fer_core.scheduling import crossval

pytestmark = pytest.mark.slow
TINY = [
    {"kind": "conv", "filters": 8, "convs": 1, "strides": 2, "batch_norm": "before_activation"},
    {"kind": "flatten"},
]


def tiny(epochs: int = 1) -> Recipe:
    fields = {"model.blocks": TINY, "training.batch_size": 16, "optimizer.learning_rate": 0.002}
    return override(crossval.short_recipe("base", epochs), {"name": "tiny", **fields})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("home")), count=160)


@pytest.fixture(scope="module")
def trained(made: Dataset) -> crossval.Folds:
    told: list[tuple[int, int, str]] = []
    found = crossval.prepare(made, made.head, tiny(2), 2)
    crossval.train(found, lambda *step: told.append(step))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] == 2 * sum(found.about["images"])
    assert "2 of 2 folds" in told[0][2]
    return found


def test_every_image_is_judged_once_by_probabilities(made: Dataset, trained: crossval.Folds) -> None:
    chances = trained.probabilities()
    manifest = made.manifest()
    assert sorted(chances.index) == sorted(manifest.loc[manifest["error"] == "", "image_id"])
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)
    assert list(chances.columns) == ["happy", "surprise", "neutral", "sad"]
    table = trained.table().set_index("image_id")["fold"]
    for fold in (1, 2):
        own = pd.read_parquet(trained.predictions_file(fold))["image_id"]
        assert set(own) == set(table.index[table == fold])
    rows = read_lines(trained.folder / "metrics.jsonl")[0]
    assert [(row["fold"], row["epoch"]) for row in rows] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_copies_share_a_fold(made: Dataset, trained: crossval.Folds) -> None:
    from fer_core.data.sample.make import truth

    fold = made.manifest().merge(trained.table(), on="image_id").set_index("path")["fold"]
    known = truth(made)
    pairs = [pair["paths"] for kind in ("exact", "conflicting", "near", "mirrored") for pair in known[kind]]
    assert len(pairs) > 5
    assert all(fold[a] == fold[b] for a, b in pairs)


def test_done_folds_are_not_trained_again(made: Dataset, trained: crossval.Folds) -> None:
    kept = trained.predictions_file(1)
    before, second = kept.stat().st_mtime_ns, trained.probabilities()
    trained.predictions_file(2).unlink()
    again = crossval.prepare(made, made.head, tiny(2), 2)
    assert again == trained
    assert again.missing() == [2]
    crossval.train(again)
    assert kept.stat().st_mtime_ns == before
    assert again.probabilities().to_numpy() == pytest.approx(second.to_numpy(), abs=0.02)
    crossval.train(again, lambda *step: pytest.fail("nothing is left to train"))


def test_other_choices_are_other_folds(made: Dataset, trained: crossval.Folds) -> None:
    others = [
        crossval.prepare(made, made.head, tiny(2), 3),
        crossval.prepare(made, made.head, tiny(3), 2),
        crossval.prepare(made, made.head, override(tiny(2), {"training.seed": 7}), 2),
    ]
    assert len({found.folder for found in [trained, *others]}) == 4
    assert sum(others[0].about["images"]) == sum(trained.about["images"])


def test_a_short_recipe_ends_with_its_learning_rate() -> None:
    short = crossval.short_recipe("base", 5)
    assert (short.training.epochs, short.schedule.name, short.early_stopping.patience) == (5, "cosine", 0)
    assert crossval.short_recipe().training.epochs == crossval.EPOCHS
    with pytest.raises(RecipeError):
        crossval.short_recipe("best-ever")
    with pytest.raises(RecipeError):
        crossval.short_recipe("base", 0)


def test_numbers_of_folds_that_are_none(made: Dataset) -> None:
    for number in (1, 21):
        with pytest.raises(SplitError):
            crossval.prepare(made, made.head, tiny(), number)
    few = made.manifest().query("error == ''").groupby("label").head(1)
    version = save_version(made, few, parent=made.head, operation="test")
    with pytest.raises(TooFewImages):
        crossval.prepare(made, version.id, tiny(), 5)


def test_the_same_folds_are_not_trained_twice_at_once(made: Dataset) -> None:
    found = crossval.prepare(made, made.versions()[0].id, override(tiny(), {"training.seed": 1}), 2)
    with crossval._alone(found), pytest.raises(RunError, match="being trained already"):
        crossval.train(found)


def test_a_failure_is_told_in_words(made: Dataset) -> None:
    first = made.versions()[0].id
    found = crossval.prepare(made, first, override(tiny(), {"training.seed": 2}), 2)
    (found.folder / "folds.parquet").write_bytes(b"broken")
    with pytest.raises(RunError, match="could not be trained") as told:
        crossval.train(found)
    assert "Traceback" not in str(told.value)


def test_a_killed_job_leaves_no_worker_and_goes_on(made: Dataset) -> None:
    """The process that waits is killed outright; its worker notices, and the folds that were done are kept."""
    first = made.versions()[0].id
    recipe = override(tiny(400), {"training.seed": 3})
    found = crossval.prepare(made, first, recipe, 2)
    done = pd.DataFrame({"image_id": found.table().query("fold == 1")["image_id"]})
    done[[f"p_{name}" for name in found.about["classes"]]] = np.float32(0.25)
    done.to_parquet(found.predictions_file(1))
    code = (
        "import sys; from pathlib import Path; from fer_core.scheduling import crossval;"
        "crossval.train(crossval.Folds(Path(sys.argv[1])))"
    )
    job = subprocess.Popen([sys.executable, "-c", code, str(found.folder)], start_new_session=True)
    deadline = time.monotonic() + 120
    while not read_object(found.folder / "progress.json").get("done") and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = psutil.Process(job.pid).children()[0]
    os.kill(job.pid, signal.SIGKILL)
    job.wait()
    worker.wait(timeout=60)
    assert found.missing() == [2]
    with crossval._alone(found):  # the lock went with its process
        pass


@pytest.mark.usefixtures("cold")
def test_an_interrupt_ends_the_worker(made: Dataset) -> None:
    first = made.versions()[0].id
    found = crossval.prepare(made, first, override(tiny(400), {"training.seed": 4}), 2)

    def stop(done: int, total: int, what: str) -> None:
        if done:
            raise KeyboardInterrupt

    before, others = threading.active_count(), psutil.Process().children()
    with pytest.raises(KeyboardInterrupt):
        crossval.train(found, stop)
    assert psutil.Process().children() == others
    assert threading.active_count() == before
    assert found.missing() == [1, 2]
    assert open_dataset(made.workspace, made.name).head
    assert isinstance(found.folder, Path)


def test_six_looks_at_an_image_are_it_its_mirror_image_and_four_shifts() -> None:
    from fer_core.workers.train_folds import views

    images = np.random.default_rng(3).integers(0, 256, (2, 48, 48, 1), dtype=np.uint8)
    plain, mirrored, up, down, left, right = views(images)
    assert np.array_equal(plain, images)
    assert np.array_equal(mirrored, images[:, :, ::-1])
    assert np.array_equal(up[:, :-2], images[:, 2:])
    assert np.array_equal(down[:, :, ::-1][:, 2:], images[:, :-2])
    assert np.array_equal(left[:, :, :-2], images[:, :, 2:])
    assert np.array_equal(right[:, :, ::-1][:, :, 2:], images[:, :, :-2])
    assert np.array_equal(up[:, -1], images[:, -1])  # the edge is repeated
