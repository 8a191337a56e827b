"""Runs x datasets: accuracy with its interval and n, at home and away, and what each drop consists of.

for cell in row(run, [fer2013, rafdb], "val"):
    cell.dataset, cell.accuracy, cell.interval, cell.images, cell.parts
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import readable
from fer_core.evaluation import ledger, scores
from fer_core.evaluation.across import answers
from fer_core.evaluation.across.drop import QUALITY, DropParts, drop_parts
from fer_core.evaluation.calibration import VIEWS
from fer_core.evaluation.metrics import PREFIX, accuracy_interval, read
from fer_core.jobs.reporter import ProgressFn
from fer_core.runs.run import Run
from fer_core.scheduling import starting_points
from fer_core.splits import known_leaks


@dataclass(frozen=True)
class MatrixCell:
    """A run on a dataset.

    Attributes:
        run, dataset: id and name.
        home: whether it has learned from this dataset; then on its own version.
        accuracy, interval: 0..1, 95 %, copies of a picture counted together; None where it was not asked, or cannot be.
        images: judged by; `seen` left out as learned from (at home: with a known copy in training), `other` as of classes it
            does not know.
        classes: in common.
        parts: of the drop from home, where that can be told: of pictures, copies once, of the classes in common alone.
        note: at home, in which way its answers are not quite like those elsewhere; "" in none.
        problem: why there is no accuracy; "" where there is one, or nobody asked.
    """

    run: str
    dataset: str
    home: bool = False
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    images: int = 0
    seen: int = 0
    other: int = 0
    classes: tuple[str, ...] = ()
    parts: DropParts | None = None
    problem: str = ""
    note: str = ""

    def record(self) -> dict[str, object]:
        """JSON-ready."""
        names = ("run", "dataset", "home", "accuracy", "images", "seen", "other", "problem", "note")
        return {
            **{name: getattr(self, name) for name in names},
            "interval": None if self.interval is None else list(self.interval),
            "classes": list(self.classes),
            "parts": None if self.parts is None else self.parts.record(),
        }


def row(
    run: Run,
    datasets: Sequence[Dataset],
    split: str = "val",
    ask: bool = False,
    via: str = "python",
    progress: ProgressFn | None = None,
) -> list[MatrixCell]:
    """A run on its own dataset and on these.

    Args:
        run: which.
        datasets: its own one among them or not.
        split: "val" or "test".
        ask: ask its model where nobody did yet; else only what is kept is told.
        via: who looks, for the ledger.
        progress: told (done, total, what).
    """
    if ask and split == ledger.HELD:
        scores.look_at_all([run], split, via)
    own = _own(run, split)
    if own is None:
        cells = [
            MatrixCell(run.id, run.dataset, True, problem="It has no answers at home, or its version is gone")
        ]
    else:
        seen, own = int(own["seen"].sum()), own[~own["seen"]]
        low, high = accuracy_interval(own["correct"].to_numpy(dtype=bool), own["picture"])
        share, classes = float(own["correct"].mean()), tuple(sorted(set(own["label"])))
        cells = [MatrixCell(run.id, run.dataset, True, share, (low, high), len(own), seen, classes=classes,
                            note=_note(run))]  # fmt: skip
    for dataset in datasets:
        if dataset.name != run.dataset:
            cells.append(_away(run, dataset, split, own, ask, via, progress))
    return cells


def _away(
    run: Run,
    dataset: Dataset,
    split: str,
    own: pd.DataFrame | None,
    ask: bool,
    via: str,
    progress: ProgressFn | None,
) -> MatrixCell:
    try:
        found = answers.ask(run, dataset, split, via, progress) if ask else answers.kept(run, dataset, split)
        if found is None:
            return MatrixCell(run.id, dataset.name)
        table = _with_quality(dataset, found.version, found.table)
    except FerError as error:
        return MatrixCell(run.id, dataset.name, problem=str(error))
    low, high = accuracy_interval(found.correct, found.table["picture"])
    parts = None
    if own is not None:
        alike = _among(own, found.classes)
        once, there = (each.drop_duplicates("picture") for each in (alike, table))
        parts = drop_parts(once, there) if len(once) else None
    return MatrixCell(run.id, dataset.name, False, float(found.correct.mean()), (low, high), len(table), found.seen,
                      found.other, found.classes, parts)  # fmt: skip


def _among(own: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Answers at home of these classes, chosen among them, as they are elsewhere."""
    alike = own[own["label"].isin(classes)].reset_index(drop=True)
    p = alike.reindex(columns=[PREFIX + name for name in classes], fill_value=0.0).to_numpy()
    said = np.array(classes, dtype=object)[p.argmax(axis=1)]
    return alike.assign(correct=said == alike["label"].to_numpy(dtype=object))


def _note(run: Run) -> str:
    views = VIEWS.get(str(run.info.get("test_time_augmentation", "none")), 1)
    known = known_leaks.find(run.workspace, run.dataset, run.version)
    said = [f"answers at home are means over {views} views of an image, elsewhere of one"] * (views > 1)
    if "judged" in run.info:
        said.append("which images at home it has learned from is not known")
    elif known is None or known.missing:
        said.append("near copies at home were not compared, so some it has learned from may count there")
    return "; ".join(said)


def _learned(run: Run, dataset: Dataset, split: str, table: pd.DataFrame) -> NDArray[np.bool_]:
    """Which images at home are known to be copies of what it, or its start, has learned from; of test also of val."""
    if "judged" in run.info:
        return np.zeros(len(table), dtype=bool)
    rows, sources = (
        known_leaks.of_version(dataset, run.version).images,
        ("train", "val")[: 1 + (split == ledger.HELD)],
    )
    seen = table["image_id"].isin(
        rows.loc[(rows["split"] == split) & rows["other"].isin(sources), "image_id"]
    )
    start = run.info["start"]["name"] if "start" in run.info else ""
    places = dataset.manifest(run.version).set_index("image_id")["row"].reindex(table["image_id"])
    pixels = (
        np.asarray(dataset.pixels()[places.to_numpy(np.int64)])
        if start
        else np.empty((len(table), 1, 1), np.uint8)
    )
    by_start = starting_points.seen_by(run.workspace, start, pixels)
    return seen.to_numpy() if by_start is None else np.asarray(seen.to_numpy() | by_start)


def _own(run: Run, split: str) -> pd.DataFrame | None:
    """What a run answers at home: image_id, label, correct, seen, picture, p_<class> and quality; None: cannot be told."""
    try:
        answered = scores.correctness(run, split)
        table = scores.predictions(run, split)
        read(table)
        dataset = open_dataset(run.workspace, run.dataset)
        pictures = scores.picture_ids(dataset.manifest(run.version), table["image_id"])
        rows = pd.DataFrame({"image_id": table["image_id"], "label": table["label"].astype("str")})
        rows["correct"], rows["picture"] = answered.correct, pictures
        rows["seen"] = _learned(run, dataset, split, rows)
        rows = rows.join(table[[name for name in table if str(name).startswith(PREFIX)]])
        return _with_quality(dataset, run.version, rows)
    except FerError:
        return None


def _with_quality(dataset: Dataset, version: str, table: pd.DataFrame) -> pd.DataFrame:
    known = readable(dataset.manifest(version)).set_index("image_id")[list(QUALITY)]
    return table.join(known.reindex(table["image_id"]).reset_index(drop=True)).dropna(subset=list(QUALITY))
