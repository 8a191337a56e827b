"""Training through the worker against a bare `model.fit`, and what augmentation and the model's size cost.

Claims, on the CPU:
- the worker, with epochs streamed, checkpoints kept and stopping possible, reaches at least 0.98 of the
  images/s of a bare `model.fit` of the same model on the same pixels in memory;
- soft augmentation costs `compact` at most 10 % of its images/s; Keras's Random* layers inside the model, which do
  the same, are measured beside it;
- `compact` trains at least 8 times as many images/s as `model_b`.

Each side is a process of its own, they take turns, and the ratio is that of each side's best round: on a shared
machine the same work takes up to 1.7 times as long from one round to the next, and never less than it needs. An
epoch is timed with its validation; the first, in which the graph is built, does not count. The peer gets
`jit_compile=False` too: Keras's default, XLA, is slower for it on a CPU.

`--race MINUTES DATASET` trains `compact` and `model_b` for the same time each, one after the other, on the newest
version of a dataset of FER_HOME, and prints the best validation accuracy of each after every tenth of the time.

    python bench/bench_train.py [--rounds 3] [--epochs 4]
    python bench/bench_train.py --race 15 capstone4
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.workspace import Workspace, current
from fer_core.data.datasets import Dataset, import_dataset, open_dataset
from fer_core.recipes.recipe import fields, load, override
from fer_core.recipes.schema import PRESETS
from fer_core.scheduling import start

COUNTS = {"train": 6400, "val": 640}
LARGER = 1600
"""Images of an epoch of `model_b`: enough to time, and it takes its turn with the others."""
EMOTIONS = ("happy", "surprise", "neutral", "sad")
Trial = Callable[[], float]


def drawn_dataset(root: Path) -> Dataset:
    """Random soft blobs: speed does not depend on what is in a picture."""
    random = np.random.default_rng(7)
    archive = root / "blobs.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for split, count in COUNTS.items():
            for number in range(count):
                data = io.BytesIO()
                small = Image.fromarray(random.integers(0, 256, (6, 6), dtype=np.uint8))
                small.resize((48, 48), Image.Resampling.BICUBIC).save(data, "PNG")
                file.writestr(f"{split}/{EMOTIONS[number % 4]}/{number}.png", data.getvalue())
    return import_dataset(Workspace(root), archive, "blobs")


def without_augmentation(recipe: str) -> dict[str, object]:
    """Settings that take all augmentation out of a recipe."""
    table = fields(override(load(recipe), {"augmentation.preset": "custom"}))
    augmentation = [name for name in table if name.startswith("augmentation.")]
    return {
        name: False if name.endswith("flip") else 0
        for name in augmentation
        if name not in {"augmentation.preset", "augmentation.magnitude"}
    }


def worker(dataset: Dataset, recipe: str, epochs: int, augmented: bool) -> float:
    """Images/s of a real run: its own process, followed through its files."""
    settings = {"augmentation.preset": "soft"} if augmented else without_augmentation(recipe)
    settings["training.epochs"] = epochs
    run = start.wait(start.start(dataset.workspace, dataset, None, recipe, settings))
    if run.state != "finished":
        sys.exit(f"{run.id}: {run.summary()['reason']}\n{run.log_tail()}")
    return images_per_second(list(run.metrics()["seconds"]))


def bare_fit(
    dataset: Dataset, recipe: str, epochs: int, layers: bool = False, images: int = COUNTS["train"]
) -> float:
    """Images/s of the peer in a process of its own; `layers`: with Random* layers in the model."""
    root = dataset.workspace.root
    arrays = root / "arrays.npz"
    if not arrays.exists():
        save_arrays(dataset, arrays)
    command = [sys.executable, __file__, "--peer", str(arrays), "--recipe", recipe, "--epochs", str(epochs)]
    command += ["--images", str(images), *(["--layers"] if layers else [])]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return images_per_second(json.loads(out.stdout.strip().splitlines()[-1]), images)


def save_arrays(dataset: Dataset, path: Path) -> None:
    manifest, pixels = dataset.manifest(), dataset.pixels()
    arrays = {}
    for split in COUNTS:
        part = manifest[manifest["split"] == split]
        arrays[f"x_{split}"] = pixels[part["row"]]
        arrays[f"y_{split}"] = part["label"].map(EMOTIONS.index).to_numpy()
    np.savez(path, **arrays)


def peer(path: Path, recipe: str, epochs: int, layers: bool, images: int) -> None:
    """A plain notebook's training: float arrays in memory, `compile`, `fit`. Prints the seconds of each epoch."""
    import keras

    from fer_core.models import registry
    from fer_core.training.losses import loss
    from fer_core.training.optimizers import optimizer

    chosen = override(load(recipe), {"training.epochs": epochs})
    data = np.load(path)
    x, x_val = (data[f"x_{split}"][..., None].astype("float32") for split in COUNTS)
    y, y_val = (keras.utils.to_categorical(data[f"y_{split}"], len(EMOTIONS)) for split in COUNTS)
    held = images * COUNTS["val"] // COUNTS["train"]
    x, y, x_val, y_val = x[:images], y[:images], x_val[:held], y_val[:held]
    model = registry.build(chosen.model, len(EMOTIONS))
    if layers:
        soft = PRESETS["soft"]
        inputs = keras.Input(model.input_shape[1:])
        y_in = keras.layers.RandomFlip("horizontal")(inputs)
        y_in = keras.layers.RandomRotation(soft["rotation"])(y_in)
        y_in = keras.layers.RandomZoom(soft["zoom"])(y_in)
        y_in = keras.layers.RandomContrast(soft["contrast"], value_range=(0, 255))(y_in)
        model = keras.Model(inputs, model(y_in))
    steps = -(-len(x) // chosen.training.batch_size)
    model.compile(
        optimizer(chosen, steps),
        loss(chosen.loss, model.output_shape[-1]),
        metrics=["accuracy"],
        jit_compile=False,
    )
    seconds: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            seconds.append(-time.perf_counter())

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            seconds[-1] += time.perf_counter()

    validation = (x_val, y_val)
    size = chosen.training.batch_size
    model.fit(
        x,
        y,
        size,
        epochs,
        verbose=0,
        validation_data=validation,
        validation_batch_size=256,
        callbacks=[Clock()],
    )
    print(json.dumps(seconds))


def race(minutes: float, name: str) -> int:
    """Both recipes for the same time, one after the other; returns 1 where `compact` is not ahead at the end."""
    dataset = open_dataset(current(), name)
    curves = {}
    for recipe in ("compact", "model_b"):
        run = start.start(dataset.workspace, dataset, None, recipe, {"training.epochs": 1000})
        while run.active and sum(row["seconds"] for row in run.epochs_since()[0]) < 60 * minutes:
            time.sleep(1)
        start.stop(run)
        start.wait(run)
        rows = run.epochs_since()[0]
        ends = np.cumsum([row["seconds"] for row in rows])
        best = np.maximum.accumulate([row["val_accuracy"] for row in rows])
        marks = np.linspace(0.1, 1, 10) * 60 * minutes
        curves[recipe] = [float(best[ends <= mark][-1]) if (ends <= mark).any() else 0.0 for mark in marks]
        print(f"{recipe}: {len(rows)} epochs in {ends[-1] / 60:.1f} min", flush=True)
    print("minutes " + " ".join(f"{share * minutes:6.1f}" for share in np.linspace(0.1, 1, 10)))
    for recipe, curve in curves.items():
        print(f"{recipe:7} " + " ".join(f"{value:6.3f}" for value in curve))
    return not report("compact - model_b, val accuracy", curves["compact"][-1] - curves["model_b"][-1], 0.0)


def images_per_second(seconds: list[float], images: int = COUNTS["train"]) -> float:
    counted = seconds[1:]
    return images * len(counted) / sum(counted)


def in_turns(rounds: int, trials: dict[str, Trial]) -> dict[str, float]:
    """Best of each trial; they alternate, so that a busy moment hits all of them."""
    found: dict[str, list[float]] = {name: [] for name in trials}
    for _ in range(rounds):
        for name, trial in trials.items():
            found[name].append(trial())
            print(f"  .. {name}: {found[name][-1]:,.0f}", file=sys.stderr, flush=True)
    for name, values in found.items():
        each = ", ".join(f"{v:,.0f}" for v in values)
        print(f"  {name:<34} {max(values):8,.0f} images/s  ({each})")
    return {name: max(values) for name, values in found.items()}


def report(what: str, ratio: float, wanted: float) -> bool:
    good = ratio >= wanted
    print(f"{what}: {ratio:.3f} (wanted {wanted:g}) {'ok' if good else 'MISSED'}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--recipe", default="compact")
    parser.add_argument("--race", nargs=2, metavar=("MINUTES", "DATASET"))
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--layers", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--images", type=int, default=COUNTS["train"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        peer(options.peer, options.recipe, options.epochs, options.layers, options.images)
        return 0
    if options.race:
        return race(float(options.race[0]), options.race[1])
    with tempfile.TemporaryDirectory() as folder:
        dataset = drawn_dataset(Path(folder))
        epochs, recipe = options.epochs, options.recipe
        print(
            f"{recipe}, {COUNTS['train']:,} images an epoch, {os.cpu_count()} cores, {options.rounds} rounds"
        )
        speed = in_turns(
            options.rounds,
            {
                "bare model.fit": lambda: bare_fit(dataset, recipe, epochs),
                "worker, no augmentation": lambda: worker(dataset, recipe, epochs, augmented=False),
                "worker, soft augmentation": lambda: worker(dataset, recipe, epochs, augmented=True),
                "model.fit, Random* layers": lambda: bare_fit(dataset, recipe, epochs, layers=True),
                "model_b, bare model.fit": lambda: bare_fit(dataset, "model_b", 2, images=LARGER),
            },
        )
        bare, plain, augmented, inside, larger = speed.values()
    return not all(
        [
            report("worker / bare model.fit", plain / bare, 0.98),
            report("augmented / not augmented", augmented / plain, 0.90),
            report("augmented / Random* layers in the model", augmented / inside, 1.0),
            report(f"{recipe} / model_b", bare / larger, 8.0),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
