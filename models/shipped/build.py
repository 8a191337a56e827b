"""The model that ships with the app, from the data to `model.onnx`, `figures.json` and `card.md`, by one command:

    python models/shipped/build.py DATA

DATA holds `fer2013.zip` (Training, PublicTest and PrivateTest folders) and `fer2013_labels.csv` (the votes of FER+,
joined by file name); any folder that `fer_core import --votes` takes will do. Everything is a verb of the app:

1. import   the images with their votes
2. relabel  each image gets the emotion most voters chose; those of Training keep the votes as soft labels
3. separate from Training goes what is a copy of a PublicTest or PrivateTest image, and so on: exact, near, mirrored
4. train    the recipe `shipped`; the epoch is chosen on PublicTest
5. hashes   of what was learned, beside the model: it judges no label of these pictures
6. measure  temperature fitted on PublicTest, then PrivateTest is read, once: the ledger says so

One run, one seed. `--run RUN` ships a run that is there already, in the workspace FER_HOME names.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fer_core.base.atomic import write_atomic, write_json
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset, open_dataset
from fer_core.data.images import resize
from fer_core.data.importing.options import Options
from fer_core.duplicates.learned import Learned
from fer_core.evaluation import ledger, scores
from fer_core.evaluation.calibration import fit_temperature, scaled
from fer_core.evaluation.metrics import PREFIX, accuracy_interval, calibration_error, evaluate, read
from fer_core.inference.metadata import METADATA_KEY, ModelMetadata
from fer_core.inference.predictor import RUN_MODEL, Predictor
from fer_core.reports.model_card import reproduce
from fer_core.review.from_votes import apply_votes
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import start
from fer_core.splits.certificate import certify
from fer_core.splits.separate import separate

HERE = Path(__file__).resolve().parent
RECIPE = "shipped"
SETTINGS = {"training.epochs": 32, "training.precision": "mixed_bfloat16"}
VIEWS = {
    "7 classes (no contempt)": ("happy", "surprise", "neutral", "sad", "anger", "fear", "disgust"),
    "4 classes": ("happy", "surprise", "neutral", "sad"),
}
SIZES = (48, 32, 24, 16)


def prepare(workspace: Workspace, data: Path) -> Dataset:
    """The dataset with its three versions; the last is certified."""
    options = Options(votes=str(data / "fer2013_labels.csv"))
    dataset = import_dataset(workspace, data / "fer2013.zip", "fer2013", options=options)
    labelled, _ = apply_votes(dataset)
    made = separate(dataset, labelled.id).version
    if not certify(dataset, made.id).holds:
        sys.exit("copies are left across the splits")
    return dataset


def calibrated(table: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """Predictions at a temperature, as the shipped model gives them."""
    columns = [name for name in table if str(name).startswith(PREFIX)]
    _, _, p = read(table)
    return table.assign(**dict(zip(columns, scaled(p, temperature).T, strict=True)))


def view(table: pd.DataFrame, names: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy where only some classes can be answered, on the images that have one of them."""
    some = table[table["label"].isin(names)]
    p = some[[PREFIX + name for name in names]].to_numpy()
    right = np.array(names)[p.argmax(axis=1)] == some["label"].to_numpy()
    return {"images": len(some), "accuracy": float(right.mean()), "interval": accuracy_interval(right)}


def by_brightness(table: pd.DataFrame, manifest: pd.DataFrame) -> list[dict[str, Any]]:
    """Accuracy in the darkest, middle and brightest third of the images."""
    level = manifest.set_index("image_id")["brightness"].reindex(table["image_id"]).to_numpy()
    columns = [name for name in table if str(name).startswith(PREFIX)]
    answer = table[columns].to_numpy().argmax(axis=1)
    right = np.array([c.removeprefix(PREFIX) for c in columns])[answer] == table["label"].to_numpy()
    ends = np.quantile(level, [0, 1 / 3, 2 / 3, 1])
    rows = []
    for name, low, high in zip(("darkest", "middle", "brightest"), ends[:-1], ends[1:], strict=True):
        part = (level >= low) & ((level < high) | (high == ends[-1]))
        rows.append({"third": name, "from": float(low), "to": float(high), "images": int(part.sum()),
                     "accuracy": float(right[part].mean())})  # fmt: skip
    return rows


def by_size(table: pd.DataFrame, pixels: np.ndarray, model: Predictor) -> list[dict[str, Any]]:
    """Accuracy on the same faces, made smaller first: what a face far from the camera costs."""
    truth = table["label"].to_numpy()
    rows = []
    for side in SIZES:
        small = np.stack([resize(picture, side) for picture in pixels]) if side < 48 else pixels
        answer = np.array(model.classes)[model.predict(small).argmax(axis=1)]
        rows.append({"pixels": side, "images": len(truth), "accuracy": float((answer == truth).mean())})
    return rows


def ship(run: Run, temperature: float) -> Predictor:
    """Copy the run's model, with its temperature in the metadata."""
    graph = onnx.load(run.folder / RUN_MODEL)
    found = {entry.key: entry.value for entry in graph.metadata_props}
    known = ModelMetadata.model_validate_json(found[METADATA_KEY])
    onnx.helper.set_model_props(
        graph, {METADATA_KEY: known.model_copy(update={"temperature": round(temperature, 4)}).to_json()}
    )
    write_atomic(HERE / RUN_MODEL, graph.SerializeToString())
    return Predictor.load(HERE / RUN_MODEL)


def keep_hashes(run: Run, dataset: Dataset) -> None:
    """`learned.npz`: two perceptual hashes of every picture the run was trained on."""
    manifest = dataset.manifest(run.version)
    rows = manifest.loc[(manifest["split"] == "train") & (manifest["error"] == ""), "row"].to_numpy(np.int64)
    Learned.of(np.asarray(dataset.pixels()[rows])).save(HERE / RUN_MODEL)


def measure(run: Run, dataset: Dataset) -> dict[str, Any]:
    """Everything the card says. PrivateTest is read here, after all choices."""
    val = scores.predictions(run, "val")
    _, truth, p = read(val)
    temperature = fit_temperature(truth, p)
    model = ship(run, temperature)
    keep_hashes(run, dataset)
    held = scores.read_scores(run, ledger.HELD, via="build")
    manifest = dataset.manifest(run.version)
    table = calibrated(scores.predictions(run, ledger.HELD), temperature)
    groups = scores.picture_ids(manifest, table["image_id"])
    found = evaluate(table, groups)
    rows = manifest.set_index("image_id")["row"].reindex(table["image_id"]).to_numpy(np.int64)
    pixels = np.asarray(dataset.pixels()[rows])
    flipped = model.predict(pixels, flip=True)
    names = np.array(model.classes)
    standing = ledger.reads(run.workspace)
    return {
        "run": run.id,
        "version": run.version,
        "recipe": RECIPE,
        "settings": SETTINGS,
        "seed": run.info.get("seed"),
        "parameters": run.info.get("parameters"),
        "bytes": (HERE / RUN_MODEL).stat().st_size,
        "images": run.info.get("images"),
        "backend": run.info.get("backend"),
        "device": run.info.get("device"),
        "packages": run.info.get("packages"),
        "best_epoch": run.summary()["best_epoch"],
        "temperature": round(temperature, 4),
        "validation": {
            "images": len(val),
            "accuracy": float((p.argmax(axis=1) == truth).mean()),
            "ece_before": calibration_error(truth, p),
            "ece": calibration_error(truth, scaled(p, temperature)),
        },
        "test": {
            **{key: found[key] for key in ("images", "accuracy", "accuracy_interval", "balanced_accuracy", "macro_f1",
                                           "top2", "log_loss", "brier", "ece", "per_class", "confusion")},
            "against_votes": held.get("votes"),
            "flip_averaging_accuracy": float((names[flipped.argmax(axis=1)] == table["label"].to_numpy()).mean()),
            "views": {words: view(table, classes) for words, classes in VIEWS.items()},
            "by_brightness": by_brightness(table, manifest),
            "by_size": by_size(table, pixels, model),
        },
        "test_reads": sum(entry["run"] == run.id for entry in standing),
        "again": reproduce(run),
    }  # fmt: skip


def card(figures: dict[str, Any]) -> str:
    """The model card, from the figures alone."""
    test, val = figures["test"], figures["validation"]
    low, high = test["accuracy_interval"]
    per_class = "\n".join(
        f"| {name} | {row['support']:,} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} |"
        for name, row in test["per_class"].items()
    )
    views = "\n".join(
        f"| {words} | {v['images']:,} | {v['accuracy']:.3f} | {v['interval'][0]:.3f} to {v['interval'][1]:.3f} |"
        for words, v in test["views"].items()
    )
    light = "\n".join(
        f"| {r['third']} third ({r['from']:.2f} to {r['to']:.2f}) | {r['images']:,} | {r['accuracy']:.3f} |"
        for r in test["by_brightness"]
    )
    sizes = "\n".join(
        f"| {r['pixels']} x {r['pixels']} | {r['images']:,} | {r['accuracy']:.3f} |" for r in test["by_size"]
    )
    images = figures["images"]
    weak = ", ".join(name for name, row in test["per_class"].items() if row["f1"] < 0.6) or "none"
    return f"""# The shipped model

Reads {len(test["per_class"])} emotions from one face crop, 48 x 48, gray: {", ".join(test["per_class"])}. A residual CNN of
{figures["parameters"]:,} parameters, {figures["bytes"] / 1e6:.2f} MB as ONNX. Every figure here is in `figures.json`, written by `build.py`.

## Data

FER2013 (Goodfellow et al. 2013), labelled by the ten votes per image of FER+ (Barsoum et al. 2016): the label is what
more than half of the voters chose, single votes left out; images that most voters found unclear or no face are left out. {images["train"]:,}
images of Training are learned with their votes as soft labels, {images["val"]:,} of PublicTest choose the epoch and the temperature,
{images["test"]:,} of PrivateTest measure. No picture of one is a copy of a picture in another: exact, near and mirrored copies were dropped, and
the version {figures["version"]} is certified. The part of FER2013 this was built from lacks about a fifth of the original.

## Results on PrivateTest

Read {figures["test_reads"]} time{"" if figures["test_reads"] == 1 else "s"}, after all choices. Accuracy **{test["accuracy"]:.3f}** (95 %: {low:.3f} to {high:.3f}), balanced {test["balanced_accuracy"]:.3f}, macro F1
{test["macro_f1"]:.3f}, top two {test["top2"]:.3f}, log loss {test["log_loss"]:.3f} nats, calibration error (15 bins) {test["ece"]:.3f} at temperature {figures["temperature"]:.2f}.
Averaged with the mirrored face: {test["flip_averaging_accuracy"]:.3f}. On PublicTest: {val["accuracy"]:.3f}, calibration error {val["ece_before"]:.3f} before and {val["ece"]:.3f} after.

| class | images | precision | recall | F1 |
| --- | --- | --- | --- | --- |
{per_class}

| when it may answer only | images | accuracy | 95 % |
| --- | --- | --- | --- |
{views}

| brightness of the picture | images | accuracy |
| --- | --- | --- |
{light}

| face made smaller first | images | accuracy |
| --- | --- | --- |
{sizes}

## Limits and biases

- Weak classes (F1 below .6): {weak}. Disgust and contempt are rare in the data ({test["per_class"]["disgust"]["support"]} and {test["per_class"]["contempt"]["support"]} test images): their figures are rough.
- FER2013 was collected by web search for words of emotion: posed and acted faces are over-represented, and ages, skin colours
  and cultures are not balanced and not known, so nothing was measured per group. Expect worse answers where it differs from the people in front of you.
- Ten people in one country's crowd decided what each face shows. A face shows an expression, not what a person feels.
- Profiles, covered faces and crops without a margin were not measured.

## Intended use

Trying the app, a first look at your own pictures, a start for fine-tuning. Not for judging people: not in hiring, policing, schooling,
health or any decision about a person.

## Build it again

`make shipped DATA=folder`, or `python models/shipped/build.py folder`. Trained on {figures["device"]} by {figures["backend"]}, seed {figures["seed"]}, best epoch {figures["best_epoch"]}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="folder with fer2013.zip and fer2013_labels.csv")
    parser.add_argument("--run", help="ship this run of the workspace FER_HOME instead of training one")
    options = parser.parse_args()
    workspace = Workspace(Path(os.environ.get("FER_HOME") or HERE / ".build"))
    if options.run:
        run = store.get(workspace, options.run)
        dataset = open_dataset(workspace, run.dataset)
    elif options.data:
        dataset = prepare(workspace, options.data)
        run = start.wait(start.start(workspace, dataset, dataset.head, RECIPE, SETTINGS))
    else:
        parser.error("give DATA, or --run")
    figures = measure(run, dataset)
    write_json(HERE / "figures.json", figures)
    write_atomic(HERE / "card.md", card(figures))
    print(json.dumps({key: figures["test"][key] for key in ("accuracy", "ece", "macro_f1")}))


if __name__ == "__main__":
    main()
