"""The worker as it really runs: a process of its own, followed through its files."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from small import stand_in
from tiny_faces import CLASSES, COUNTS, table, tiny_dataset, tiny_recipe

from fer_core import workers
from fer_core.base.errors import NotFound
from fer_core.base.locks import locked
from fer_core.data.datasets import Dataset
from fer_core.inference.metadata import METADATA_KEY, parse
from fer_core.models import transfer
from fer_core.recipes.recipe import Recipe, load, override
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import start
from fer_core.workers import train

PATIENCE = 120.0  # seconds: a busy machine imports TensorFlow slowly


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("home"))


def start_run(dataset: Dataset, **settings: object) -> Run:
    return start.start(dataset.workspace, dataset, None, tiny_recipe(**settings))


def wait_for_epochs(run: Run, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(run.epochs_since()[0]) < count:
        assert run.active, run.log_tail()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def end(run: Run, **kwargs: Any) -> str:
    return start.wait(run, timeout=PATIENCE, **kwargs).state


def test_keras_is_loaded_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    monkeypatch.setattr(workers, "import_module", lambda name: found.append((name, sys.modules["sklearn"])))
    workers._load_keras()
    assert found == [("keras", None)]
    assert "sklearn" not in sys.modules


@pytest.mark.usefixtures("cold")
def test_a_run_from_start_to_end(dataset: Dataset) -> None:
    run = start_run(dataset, training__epochs=3)
    assert run.state == "starting"
    seen: list[tuple[int, str]] = []
    state = end(run, on_epoch=lambda row: seen.append((row["epoch"], run.state)))
    assert state == "finished", run.log_tail()
    # Each epoch was there while the run went on, not only at its end.
    assert seen == [(1, "running"), (2, "running"), (3, "running")]

    summary = run.summary()
    assert (summary["state"], summary["recipe"], summary["dataset"]) == ("finished", "tiny", "tiny")
    assert summary["version"] == dataset.head
    assert (summary["epochs"], summary["reason"]) == (3, "")
    metrics = run.metrics()
    assert summary["val_accuracy"] == metrics["val_accuracy"].max() > 0.9
    assert summary["best_epoch"] == metrics["epoch"][metrics["val_accuracy"].idxmax()]
    assert summary["parameters"] > summary["trainable_parameters"] > 1000
    assert summary["images_per_second"] > 0
    info = run.info
    assert info["classes"] == list(CLASSES)
    assert info["images"] == COUNTS
    assert {"backend", "device", "packages", "code", "seed", "started", "ended"} <= info.keys()
    assert not (run.folder / "reserve").exists()
    check_outputs(run, dataset)


def check_outputs(run: Run, dataset: Dataset) -> None:
    """Predictions for every image, and three ways to ask the model that agree."""
    manifest, pixels = dataset.manifest(), dataset.pixels()
    for split, count in COUNTS.items():
        found = run.predictions(split)
        part = manifest[manifest["split"] == split]
        assert list(found.columns) == ["image_id", "label", *(f"p_{name}" for name in CLASSES)]
        assert (len(found), list(found["image_id"])) == (count, list(part["image_id"]))
        assert list(found["label"]) == list(part["label"])
        assert (found.dtypes.iloc[2:] == np.float32).all()
    val = run.predictions("val")
    probabilities = val.iloc[:, 2:].to_numpy()
    accuracy = (np.array(CLASSES)[probabilities.argmax(axis=1)] == val["label"]).mean()
    assert accuracy == pytest.approx(run.summary()["val_accuracy"], abs=1e-6)
    assert run.evaluation()["splits"]["val"]["accuracy"] == pytest.approx(accuracy)

    images = np.asarray(pixels[manifest[manifest["split"] == "val"]["row"]], dtype=np.float32)[..., None]
    session = onnxruntime.InferenceSession(run.folder / "model.onnx")
    answer = session.run(None, {session.get_inputs()[0].name: images})[0]
    np.testing.assert_allclose(answer, probabilities, atol=1e-5)
    metadata = parse(session.get_modelmeta().custom_metadata_map[METADATA_KEY], "model.onnx")
    assert metadata.classes == CLASSES
    assert (metadata.run, metadata.dataset, metadata.version) == (run.id, "tiny", dataset.head)
    kept = keras.saving.load_model(run.folder / "best.keras", safe_mode=True)
    np.testing.assert_allclose(kept.predict(images, verbose=0), probabilities, atol=1e-5)


def test_a_stopped_run_keeps_its_best(dataset: Dataset) -> None:
    run = start_run(dataset, training__epochs=100_000)
    wait_for_epochs(run, 2)
    start.stop(run)
    assert run.state in {"stopping", "stopped"}
    assert end(run) == "stopped", run.log_tail()
    summary = run.summary()
    assert summary["reason"] == ""
    assert 2 <= summary["epochs"] < 100_000
    check_outputs(run, dataset)
    start.stop(run)
    assert run.state == "stopped"


def test_terminating_a_run_is_stopping_it(dataset: Dataset) -> None:
    """In this process, which is sent the signal once the first epoch has ended."""
    recipe = tiny_recipe(training__epochs=100_000)
    run = store.create_run(dataset.workspace, dataset.name, dataset.head, recipe)

    def terminate() -> None:
        deadline = time.monotonic() + PATIENCE
        while not run.epochs_since()[0] and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    handler = signal.getsignal(signal.SIGTERM)
    threading.Thread(target=terminate, daemon=True).start()
    try:
        assert train.main([str(run.folder)]) == 0
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert run.state == "stopped", run.log_tail()
    assert "by a signal" in run.summary()["reason"]
    assert (run.folder / "model.onnx").exists()


def fail(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, version: str | None = None, **settings: object
) -> Run:
    """A run that fails, worked on in this process."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    recipe = tiny_recipe(**settings)
    run = store.create_run(dataset.workspace, dataset.name, version or dataset.head, recipe)
    assert train.main([str(run.folder)]) == 1
    assert run.state == "failed"
    assert run.info["ended"]
    assert not (run.folder / "reserve").exists()
    return run


def test_a_second_process_leaves_the_run_to_the_first(dataset: Dataset) -> None:
    run = store.create_run(dataset.workspace, dataset.name, dataset.head, tiny_recipe())
    run.update(state="running")
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    with locked(run.folder / "worker.lock"):
        assert train.main([str(run.folder)]) == 1
    after = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    assert after == before | {"worker.lock": b""}


def test_nan_fails(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"optimizer__name": "sgd", "optimizer__learning_rate": 1e30}
    run = fail(dataset, monkeypatch, **settings)
    assert "no longer a finite number" in run.summary()["reason"]


def test_a_version_that_is_gone_fails(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fail(dataset, monkeypatch, version="0123456789abcdef")
    assert "0123456789abcdef" in run.summary()["reason"]


def test_a_dataset_that_is_gone_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tiny_dataset(tmp_path)
    version = gone.head
    gone.folder.rename(tmp_path / "elsewhere")
    run = fail(gone, monkeypatch, version=version)
    assert "tiny" in run.summary()["reason"]


def test_one_class_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fail(tiny_dataset(tmp_path, table({"train": 8, "val": 4}, ("happy",))), monkeypatch)
    assert "at least two classes" in run.summary()["reason"]


def test_a_full_disk_fails(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    run = fail(dataset, monkeypatch, training__epochs=1)
    assert run.summary()["reason"] == "The disk is full. Free some space and start the run again."


def test_a_dataset_or_version_that_is_not_there_starts_nothing(dataset: Dataset) -> None:
    before = store.list_runs(dataset.workspace)
    with pytest.raises(NotFound):
        start.start(dataset.workspace, "nobody", None, tiny_recipe())
    with pytest.raises(NotFound):
        start.start(dataset.workspace, dataset, "v99", tiny_recipe())
    assert store.list_runs(dataset.workspace) == before


def test_a_run_without_test_images_finishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    small = tiny_dataset(tmp_path, table({"train": 32, "val": 9}))
    run = store.create_run(small.workspace, "tiny", small.head, tiny_recipe(training__epochs=1))
    assert train.main([str(run.folder)]) == 0, run.summary()["reason"]
    assert run.state == "finished"
    with pytest.raises(NotFound, match=r"no predictions.*train, val"):
        run.predictions("test")


def answers_alike(run: Run, dataset: Dataset) -> None:
    """The predictions, and the ONNX file asked anew."""
    assert run.state == "finished", run.log_tail()
    probabilities = run.predictions("val").iloc[:, 2:].to_numpy()
    manifest, pixels = dataset.manifest(), dataset.pixels()
    images = np.asarray(pixels[manifest[manifest["split"] == "val"]["row"]], dtype=np.float32)[..., None]
    session = onnxruntime.InferenceSession(run.folder / "model.onnx")
    answer = session.run(None, {session.get_inputs()[0].name: images})[0]
    np.testing.assert_allclose(answer, probabilities, atol=5e-4)


def transferred(size: int) -> Recipe:
    """Gray pictures, a backbone of another size, its last layers trained."""
    settings = {
        "model.weights": "none",
        "model.backbone_size": size,
        "training.epochs": 1,
        "training.batch_size": 16,
    }
    return override(load("mobilenetv2_finetuned"), {**settings, "schedule.name": "constant"})


def test_a_transfer_network_goes_the_whole_way(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a small network in the place of the published one, in this process."""
    small = dataclasses.replace(transfer._BACKBONES["mobilenetv2"], build=stand_in)
    monkeypatch.setitem(transfer._BACKBONES, "mobilenetv2", small)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    run = store.create_run(dataset.workspace, dataset.name, dataset.head, transferred(32))
    assert train.main([str(run.folder)]) == 0, run.summary()["reason"]
    answers_alike(run, dataset)


@pytest.mark.exhaustive
def test_a_published_transfer_network_goes_the_whole_way(dataset: Dataset) -> None:
    run = start.start(dataset.workspace, dataset, None, transferred(64))
    answers_alike(start.wait(run), dataset)
