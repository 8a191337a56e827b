"""Two runs on the same images: what B answers differently, which faces it fixed and which it broke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.base.arrays import Ints
from fer_core.base.errors import RunError
from fer_core.evaluation import scores
from fer_core.evaluation.data_axis import settings
from fer_core.evaluation.hyperparameters import value_text
from fer_core.evaluation.metrics import confusion, per_class, read
from fer_core.evaluation.significance import PairedGain, compare
from fer_core.recipes.recipe import fields
from fer_core.runs.predictions import predictions_path
from fer_core.runs.run import Run

TRAINING_DATA = "training data"
"""What the version a run has learned from is called among the settings."""


@dataclass(frozen=True)
class RunComparison:
    """Two runs, image by image.

    Attributes:
        table: image_id, label, a and b (their answers), p_a and p_b (the probabilities of these), on the images both
            have predictions for and neither has learned from.
        classes: in the order of A.
        verdict: `significance.compare`.
        left_out: images only one of them has, or that one has learned from.
        names: ids of A and B.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    verdict: PairedGain
    left_out: int
    names: tuple[str, str] = ("A", "B")

    def confusion(self, which: str) -> Ints:
        """Confusion matrix of "a" or "b": row = label, column = answer."""
        place = pd.Index(self.classes)
        truth, said = (place.get_indexer(pd.Index(self.table[name])) for name in ("label", which))
        return confusion(truth.astype(np.int64), said.astype(np.int64), len(self.classes))

    def per_class(self) -> pd.DataFrame:
        """class, a and b (F1, 0..1) and support."""
        a, b = per_class(self.confusion("a")), per_class(self.confusion("b"))
        return pd.DataFrame(
            {"class": list(self.classes), "a": a["f1"], "b": b["f1"], "support": a["support"]}
        )

    def cell(self, label: str, answer: str, which: str) -> pd.DataFrame:
        """The images of one cell of a matrix, the surest first."""
        found = self.table[(self.table["label"] == label) & (self.table[which] == answer)]
        return found.sort_values(f"p_{which}", ascending=False)

    def changed(self, kind: str) -> pd.DataFrame:
        """Images that B "fixed" or "broke", or that "both" get wrong; the surest mistake first."""
        right_a, right_b = (self.table[name] == self.table["label"] for name in ("a", "b"))
        rows, by = {
            "fixed": (~right_a & right_b, "p_a"),
            "broke": (right_a & ~right_b, "p_b"),
            "both": (~right_a & ~right_b, "p_b"),
        }[kind]
        return self.table[rows].sort_values(by, ascending=False)


def compare_runs(
    first: Run, second: Run, split: str, version: str | None = None, manifest: pd.DataFrame | None = None
) -> RunComparison:
    """Hold two runs against each other on a split of a version.

    Args:
        first, second: the runs; the other way round the same images are compared, and the difference turns its sign.
        split: "val" or "test".
        version: id; None is a version that both have predictions for, of their own two the newer one.
        manifest: of the version, for its copies; None reads it. Where it is gone every image counts for itself.

    Raises:
        NotFound, RunError: one of them has no predictions there, or they share no images, or disagree on a label.
    """
    where = version or shared_version(first, second, split)
    a, b = (_table(run, split, where) for run in (first, second))
    both = a[0].merge(b[0], on="image_id", suffixes=("_a", "_b"))
    if both.empty:
        raise RunError("These runs have no images in common", received=f"{first.id}, {second.id}")
    if (both["label_a"] != both["label_b"]).any():
        count = int((both["label_a"] != both["label_b"]).sum())
        raise RunError("These runs were scored against different labels", received=f"{count} images differ")
    unseen = ~(both["seen_a"] | both["seen_b"])
    total = len(a[0]) + len(b[0]) - len(both)
    table = both[unseen].rename(columns={"label_a": "label", "said_a": "a", "said_b": "b"})
    table = table.drop(columns=["label_b", "seen_a", "seen_b"]).reset_index(drop=True)
    if table.empty:
        raise RunError("One of these runs has learned from every image", received=f"{first.id}, {second.id}")
    if manifest is None:
        manifest = scores.manifest_of(first.workspace, first.dataset, where)
    groups = None if manifest is None else scores.picture_ids(manifest, table["image_id"])
    verdict = compare(table["a"] == table["label"], table["b"] == table["label"], groups)
    classes = tuple(dict.fromkeys([*a[1], *b[1]]))
    return RunComparison(table, classes, verdict, total - len(table), (first.id, second.id))


def shared_version(first: Run, second: Run, split: str) -> str:
    """The version two runs are compared on; whoever is named first makes no difference."""
    own = sorted((first, second), key=lambda run: (int(run.info.get("version_number") or 0), run.version))
    for version in (own[1].version, own[0].version):
        files = [predictions_path(scores.predictions_folder(run, version), split) for run in own]
        if all(file.is_file() for file in files):
            return version
    return own[1].version


def _table(run: Run, split: str, version: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    raw = scores.predictions(run, split, version)
    scores.correctness(run, split, version)  # refuses a test split nobody has looked at
    names, _, p = read(raw)
    said = p.argmax(axis=1)
    table = pd.DataFrame({"image_id": raw["image_id"], "label": raw["label"].astype("str")})
    table["said"] = np.array(names, dtype=object)[said]
    table["said"] = table["said"].astype("str")
    table["p"] = p.max(axis=1)
    table["seen"] = raw["seen"].to_numpy(dtype=bool) if "seen" in raw else False
    return table, names


def differing_settings(runs: Sequence[Run]) -> tuple[pd.DataFrame, int]:
    """The settings in which runs differ, and first the data they have learned from.

    Returns:
        a table, index the setting's dotted name, one column of words per run id, and how many settings there are. A
        recipe that cannot be read says so in its column.
    """
    columns: dict[str, dict[str, str]] = {}
    several = len({run.dataset for run in runs}) > 1
    for run in runs:
        data = {TRAINING_DATA: f"{run.dataset} " * several + settings.name(run)}
        try:
            found = fields(run.recipe)
        except Exception as error:  # from an older version of the app, cut off, or gone
            columns[run.id] = {**data, "recipe": f"unreadable ({type(error).__name__})"}
            continue
        columns[run.id] = {**data, **{name: value_text(value) for name, value in found.items()}}
    table = pd.DataFrame(columns, dtype=object).fillna("–")
    table = table.drop(index=["name", "extends", "description"], errors="ignore")
    different = table[table.nunique(axis=1) > 1]
    return different, len(table)


def differences(first: Run, second: Run) -> str:
    """What the second does otherwise than the first, in words: `training data v1 → v4 (1,456 copies dropped); ...`."""
    data, (table, _) = settings.told(first, second), differing_settings([first, second])
    parts = [f"{TRAINING_DATA} {data}"] if data else []
    for name, (before, after) in zip(table.index, table.to_numpy(), strict=True):
        parts += [f"{name} {before} → {after}"] if name != TRAINING_DATA else []
    return "; ".join(parts) or "nothing: the same data, recipe and seed"
