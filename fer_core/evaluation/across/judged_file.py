"""Somebody's model file on the leaderboard: a run without training, whose answers for a dataset are kept like any other's.

run = judge_file(dataset, model_registry.find(workspace, "theirs"))
run.info["judged"]["file"]         # "theirs"; nobody can tell which pictures it has learned from

A process of its own opens and asks the file (`inference.isolated`), which stays on the shelf: the run holds its answers alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.base.checksums import checksum
from fer_core.base.errors import RunError
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.evaluation.ledger import HELD
from fer_core.evaluation.metrics import PREFIX
from fer_core.evaluation.report import evaluate_run
from fer_core.inference.metadata import ModelMetadata, canonical_classes
from fer_core.inference.model_registry import Model
from fer_core.inference.predict_rows import predict_rows
from fer_core.inference.predictor import Predictor
from fer_core.jobs.reporter import ProgressFn
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.runs.store import create_judged, list_runs

SPLITS = ("val", HELD)
UNKNOWN = "Not trained here: nobody can tell whether it has learned from these pictures or copies of them"
_DECIDE = {"classes", "input_size", "color", "scaling", "output", "temperature"}
"""Metadata that answers depend on."""


def judge_file(
    dataset: Dataset, model: Model, version: str | None = None, progress: ProgressFn | None = None
) -> Run:
    """Let a model file answer validation and test of a version, and put it on the board as a run that has ended.

    Answers are chosen among the classes that file and version have in common, by their canonical names; images of other
    classes are left out.

    Args:
        dataset: to judge it by.
        model: of kind "file".
        version: id, start of an id, number or name; None is the newest.
        progress: told (images done, images, what).

    Returns:
        The run; the one that is there where this file, with the same said of it, was judged on this version before.

    Raises:
        RunError: it is no file from elsewhere, fewer than two classes are in common, or there is nothing to judge by.
        ModelFileError: it cannot be opened, does not say which classes it answers with and what it takes, or two of its
            classes are one.
    """
    if model.kind != "file":
        raise RunError(
            "Only files from elsewhere are judged so", received=model.name, hint="`fer evaluate` judges a run"
        )
    known = dataset.version(version or dataset.head)
    predictor = Predictor.load(model.path, isolated=True)
    digest = _digest(model.path, predictor.metadata)
    for run in list_runs(dataset.workspace):
        info = run.info
        same = "judged" in info and info["judged"]["digest"] == digest
        if same and (info["dataset"], info["version"]) == (dataset.name, known.id):
            return run
    table = readable(dataset.manifest(known.id))
    names = canonical_classes(predictor.classes)
    common = [name for name in names if name in set(table["label"])]
    if len(common) < 2:
        received = f"{', '.join(names)}; {', '.join(sorted(set(table['label'])))}"
        raise RunError(
            f"{model.name} and {dataset.name} have fewer than two classes in common", received=received
        )
    parts = {split: table[(table["split"] == split) & table["label"].isin(common)] for split in SPLITS}
    if parts["val"].empty:
        raise RunError("This version has no validation images to judge by", received=dataset.name)
    answers = _ask(dataset, predictor, parts, common, progress)
    other = {split: int((table["split"] == split).sum()) - len(part) for split, part in parts.items()}

    def fill(folder: Path) -> None:
        for split, answer in answers.items():
            predictions.write(folder, split, answer)

    run = create_judged(
        dataset.workspace, model.name, dataset.name, known.id, fill=fill, version_number=known.number, classes=common,
        images={split: len(answer) for split, answer in answers.items()},
        judged={"file": model.name, "digest": digest, "other": other, "classes": list(names)},
    )  # fmt: skip
    evaluate_run(run)
    return run


def _digest(file: Path, about: ModelMetadata) -> str:
    """Of a file and what is said of it: told otherwise, it answers otherwise."""
    return checksum(file.read_bytes() + about.model_dump_json(include=_DECIDE).encode())


def _ask(
    dataset: Dataset,
    predictor: Predictor,
    parts: dict[str, pd.DataFrame],
    common: list[str],
    progress: ProgressFn | None,
) -> dict[str, pd.DataFrame]:
    """The answers by split, among the classes in common."""
    places = [canonical_classes(predictor.classes).index(name) for name in common]
    rows = [part["row"].to_numpy(np.int64) for part in parts.values()]
    every = predict_rows(predictor, dataset, np.concatenate(rows), progress, "images answered")[:, places]
    answers, result = np.split(every, np.cumsum([len(own) for own in rows])[:-1]), {}
    for (split, part), found in zip(parts.items(), answers, strict=True):
        if len(part):
            p = np.maximum(found, np.float32(1e-12))
            table = pd.DataFrame(p / p.sum(axis=1, keepdims=True), columns=[PREFIX + name for name in common])
            table.insert(0, "image_id", part["image_id"].astype(str).to_numpy())
            table.insert(1, "label", part["label"].astype(str).to_numpy())
            result[split] = table
    return result


def judged_words(run: Run) -> str:
    """What is to be said of a run whose model was not trained here; "" of any other."""
    about = run.info.get("judged")
    if not about:
        return ""
    left = sum(int(count) for count in (about.get("other") or {}).values())
    return UNKNOWN + (f"; {left:,} images of classes it does not know are left out" if left else "")
