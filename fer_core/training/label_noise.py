"""Wrong labels put into a training on purpose, drawn from a seed; the dataset stays as it is."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_core.base.atomic import new_file
from fer_core.base.errors import RunError
from fer_core.recipes.label_noise import LabelNoise, check_confusions
from fer_core.training.data import Split


def with_noise(split: Split, classes: tuple[str, ...], spec: LabelNoise) -> Split:
    """The split with other labels and targets where `draw_noise` says so; the split itself without noise.

    Raises:
        RunError: see `draw_noise`.
    """
    if not spec.share:
        return split
    places, given = draw_noise(split, classes, spec)
    labels, targets = split.labels.copy(), split.targets.copy()
    labels[places] = given
    targets[places] = np.eye(len(classes), dtype=np.float32)[given]
    return replace(split, labels=labels, targets=targets)


def draw_noise(split: Split, classes: tuple[str, ...], spec: LabelNoise) -> tuple[np.ndarray, np.ndarray]:
    """Places of the images that get another label, int64 (n,), and their new class numbers, int64 (n,).

    n is the share of all images, rounded. Images are drawn without putting back by the weights of their classes (Efraimidis
    and Spirakis 2006), so that the first ones stay the same at every share.

    Raises:
        RunError: see `check_confusions`, or too few images for the share.
    """
    count = len(classes)
    rates = np.ones((count, count)) - np.eye(count)
    if spec.confusions:
        check_confusions(spec, classes)
        rates = np.zeros((count, count))
        for each in spec.confusions:
            rates[classes.index(each.label), classes.index(each.given)] += each.share
    rng = np.random.default_rng([spec.seed, len(split)])
    first, second = rng.random(len(split)), rng.random(len(split))
    weight, wanted = rates.sum(axis=1)[split.labels], round(spec.share * len(split))
    if (weight > 0).sum() < wanted:
        raise RunError(
            "There are too few images whose labels can become wrong",
            received=f"noise.share={spec.share:g}: {wanted:,} images, {(weight > 0).sum():,} can",
            hint="Take a smaller share, or other confusions",
        )
    keys = np.where(weight > 0, np.log(first) / np.where(weight > 0, weight, 1), -np.inf)
    places = np.argsort(-keys, kind="stable")[:wanted]
    shares = np.cumsum(rates[split.labels[places]], axis=1)
    return places, (second[places, None] * shares[:, -1:] >= shares).sum(axis=1)


def write_noise(split: Split, classes: tuple[str, ...], spec: LabelNoise, path: Path) -> None:
    """The list of wrong labels as CSV: image_id, label, given; in the order of the split."""
    found = zip(*draw_noise(split, classes, spec), strict=True)
    rows = [
        (split.ids[place], classes[split.labels[place]], classes[given]) for place, given in sorted(found)
    ]
    with new_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("image_id", "label", "given"), *rows])
