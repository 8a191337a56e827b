"""The process that trains: `python -m fer_core.workers.train RUN_DIR`.

It reads the run's recipe, trains, writes what the run promises, and says in `run.json` how it ended. Whoever
started it may go; whoever looks reads the files.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from fer_core import __version__
from fer_core.base import crash, json_log
from fer_core.base.checksums import record_checksum
from fer_core.base.errors import FerError
from fer_core.base.locks import LockHeld, locked
from fer_core.base.workspace import now
from fer_core.data.datasets import open_dataset
from fer_core.evaluation.report import evaluate_run
from fer_core.inference.metadata import ModelMetadata
from fer_core.jobs import process
from fer_core.jobs.progress import Progress, ProgressFile
from fer_core.models import body, registry, summary
from fer_core.recipes.recipe import Recipe
from fer_core.runs.predictions import write
from fer_core.runs.records import RunInfo
from fer_core.runs.run import NOISE_FILE, Run
from fer_core.scheduling import queue, teachers
from fer_core.training import device, loop, predictions
from fer_core.training.checkpoint import save_network
from fer_core.training.data import TrainingData, load
from fer_core.training.failures import failure_message
from fer_core.training.label_noise import write_noise
from fer_core.training.onnx_export import to_onnx
from fer_core.workers import warm_start

log = logging.getLogger("fer_core.training")

_BY_SIGNAL = "SIGTERM"
_CHECKED_IMAGES = 64  # real images on which the export is compared


_NICE = 5  # the page that shows the epochs comes first when both want the processor
_PATIENCE = 2.0  # seconds, for the lock of a worker that was killed a moment ago


def main(arguments: list[str]) -> int:
    """Work on one run; 0 when it finished or was stopped, 1 when it failed."""
    warnings.simplefilter("ignore", FutureWarning)  # of the exporter; nothing a reader of the log can act on
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout
    )
    run = Run(Path(arguments[0]).resolve())
    json_log.configure()
    try:
        # For as long as it works: nobody else trains this run.
        with (
            locked(run.folder / "worker.lock", wait=False, patience_s=_PATIENCE),
            json_log.context(run=run.id, dataset=run.dataset),
        ):
            return train(run)
    except LockHeld:
        log.info("Another process works on run %s", run.id)
        return 1


def train(run: Run) -> int:
    """Work on one run and say in its files how it ended; the exit status."""
    process.record_process(run.folder, os.getpid())
    os.nice(_NICE)
    signal.signal(signal.SIGTERM, lambda *_: (run.folder / "stop").write_text(_BY_SIGNAL))
    try:
        state = work(run)
    except BaseException as error:
        log.exception("The run failed")
        (run.folder / "reserve").unlink(missing_ok=True)
        run.update(state="failed", reason=failure_message(error), ended=now())
        if not isinstance(error, FerError | OSError):
            crash.write_report(run.workspace.root, error, run=run.id, dataset=run.dataset)
        queue.advance(run.workspace)
        return 1
    (run.folder / "reserve").unlink(missing_ok=True)
    run.update(ended=now(), **state)
    log.info("Run %s %s", run.id, state["state"])
    queue.advance(run.workspace)
    return 0


def work(run: Run) -> RunInfo:
    """Train, predict, export and evaluate one run.

    Returns:
        The last fields of `run.json`: state, and reason where there is one.

    Raises:
        FerError: whatever keeps the run from ending well.
    """
    recipe, progress = run.recipe, ProgressFile(run.folder)
    device.take_memory_as_needed()
    keras.utils.set_random_seed(recipe.training.seed)
    if recipe.training.deterministic:
        device.make_deterministic()
    run.update(state="running", started=now(), **_surroundings())
    progress.write(Progress(what="reading the images"))
    keras.config.set_dtype_policy(recipe.training.precision)
    device.distribute(recipe.training.devices)
    dataset = open_dataset(run.workspace, run.dataset)
    data = load(dataset, run.version, recipe.model, recipe.training.soft_labels)
    if recipe.distillation.teacher:
        progress.write(Progress(what="asking the teacher"))
        data = replace(data, teacher=teachers.teacher_answers(run, dataset, data))
    progress.write(Progress(what="building the model"))
    model = loop.build(recipe, len(data.classes))
    if not (run.folder / "checkpoints" / "last.npz").is_file():
        warm_start.begin(model, run.workspace, recipe, run.info.get("start"), data)
    summary.keep(run.folder, model)
    size = registry.parameters_of(model)
    run.update(
        parameters=size.parameters,
        trainable_parameters=size.trainable_parameters,
        classes=list(data.classes),
        images={name: len(split) for name, split in data.splits.items()},
    )
    sizes = f"{size.parameters:,} parameters, {len(data.train):,} training images"
    log.info("%s on %s, version %s: %s", recipe.name, run.dataset, run.version, sizes)
    if recipe.noise.share:
        write_noise(data.train, data.classes, recipe.noise, run.folder / NOISE_FILE)
    outcome = loop.train(
        model,
        data,
        recipe,
        run.folder,
        lambda: run.stop_requested,
        lambda: run.pause_due,
        _changed(run),
    )
    if outcome.paused:
        return {"state": "paused", "reason": ""}
    if not outcome.has_weights:
        return {"state": "stopped", "reason": "Stopped before its first batch; there are no weights"}
    if recipe.training.precision != "float32" or recipe.progressive.resizing:
        model = _in_full(model, recipe)
    record_checksum(run.folder / "metrics.jsonl")
    finish(run, model, data, recipe, progress)
    if not outcome.stopped:
        return {"state": "finished"}
    by_signal = (run.folder / "stop").read_text() == _BY_SIGNAL
    return {"state": "stopped", "reason": "Stopped from outside, by a signal" if by_signal else ""}


def _in_full(trained: keras.Model, recipe: Recipe) -> keras.Model:
    """The network in 32 bits and for images of full size, which is what is saved."""
    keras.config.set_dtype_policy("float32")
    model = registry.build(recipe.model, trained.output_shape[-1])
    model.set_weights(trained.get_weights())
    body.refresh_normalization(model)
    return model


def finish(run: Run, model: keras.Model, data: TrainingData, recipe: Recipe, progress: ProgressFile) -> None:
    """Write everything that follows from the best weights: model files, predictions, evaluation."""
    progress.write(Progress(what="exporting the model"))
    save_network(run.folder / "best.keras", model)
    metadata = ModelMetadata(
        classes=data.classes,
        input_size=recipe.model.input_size,
        color=recipe.model.color,
        dataset=run.dataset,
        version=run.version,
        run=run.id,
        recipe=recipe.name,
    )
    images = np.asarray(data.pixels[data.val.rows[:_CHECKED_IMAGES]])
    difference = to_onnx(model, run.folder / "model.onnx", metadata, images)
    log.info("model.onnx answers as Keras does, within %.1e", difference)
    for name, split in data.splits.items():
        if len(split):
            progress.write(Progress(what=f"predicting {name}"))
            table = predictions.predict(model, data, split, recipe.training.test_time_augmentation)
            write(run.folder, name, table)
    run.update(test_time_augmentation=recipe.training.test_time_augmentation)
    progress.write(Progress(what="evaluating"))
    evaluate_run(run)


def _changed(run: Run) -> Callable[[str], bool]:
    """Whether a table or field differs from that of the run this one was forked from, until it has its own epochs."""
    info = run.info
    fields = info.get("changed", []) if int(info.get("forked_at") or 0) >= len(run.epochs_since()[0]) else []
    return lambda name: any(field == name or field.startswith(f"{name}.") for field in fields)


def _surroundings() -> RunInfo:
    return {
        "pid": os.getpid(),
        "backend": keras.backend.backend(),
        "device": device.describe(),
        "code": __version__,
        "packages": device.packages(),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
