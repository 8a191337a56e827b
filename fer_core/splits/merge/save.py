"""A merge on disk: what the two datasets look like together, and saving it as a version."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.atomic import read_json
from fer_core.base.checksums import write_checked
from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import SplitError
from fer_core.data.manifest import readable
from fer_core.data.save_version import save_version
from fer_core.data.sources import MAIN
from fer_core.data.versions import lock
from fer_core.duplicates.kept_across import compared_across
from fer_core.duplicates.reach import DISTANCE
from fer_core.splits.merge.plan import MergePlan
from fer_core.splits.merge.screening import Screening, screen
from fer_core.splits.merge.source_probe import Probe, probe

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs.reporter import ProgressFn

OPERATION = "merge"


def screen_datasets(
    dataset: Dataset,
    other: Dataset,
    version: str | None = None,
    other_version: str | None = None,
    *,
    distance: int = DISTANCE,
    progress: ProgressFn | None = None,
) -> Screening:
    """`screening.screen` of two datasets' versions (None: the newest), which are compared once: see `kept_across`.

    Raises:
        SplitError: the two are the same dataset.
    """
    check_different(dataset, other)
    chosen, theirs = dataset.version(version).id, other.version(other_version).id
    return screen(
        dataset.manifest(chosen),
        dataset.pixels(),
        other.manifest(theirs),
        other.pixels(),
        distance=distance,
        known=compared_across(dataset, chosen, other, theirs, progress=progress),
    )


def check_different(dataset: Dataset, other: Dataset) -> None:
    """Raise SplitError where a dataset would be merged into itself."""
    if dataset.folder.resolve() == other.folder.resolve():
        raise SplitError(
            "A dataset cannot be merged into itself", received=other.name, hint="Choose another dataset"
        )


def probes(
    plan: MergePlan, manifest: pd.DataFrame, pixels: NDArray[np.uint8], other_pixels: NDArray[np.uint8]
) -> dict[str, Probe | None]:
    """Whether old and added images of each filled class can be told apart; None where too few are added.

    Args:
        plan: what is added.
        manifest, pixels: of the dataset that is added to.
        other_pixels: of the other one.
    """
    table = readable(manifest)
    assigned = table[table["split"] != UNASSIGNED]
    table = assigned if len(assigned) else table
    result = {}
    for name in plan.table.index[plan.table["added"] > 0]:
        old = np.sort(table.loc[table["label"] == name, "row"].to_numpy())
        new = np.sort(plan.taken.loc[plan.taken["label"] == name, "their_row"].to_numpy())
        result[str(name)] = probe(pixels[old], other_pixels[new])
    return result


def save_merge(
    dataset: Dataset,
    other: Dataset,
    plan: MergePlan,
    *,
    other_version: str | None = None,
    told_apart: dict[str, Probe | None] | None = None,
    head: str | None = None,
) -> Version:
    """Add the plan's images to the dataset as a new version, child of the version it was made from.

    Small pictures are appended to the dataset's own; the files stay where they are, and the dataset remembers
    where that is.

    Args:
        dataset: the dataset the plan was made for.
        other: the dataset the images come from.
        plan: from `plan_merge`.
        other_version: id of the other's version the plan was made from, for the record.
        told_apart: `probes`, for the record.
        head: the newest version when the plan was made, see `save_version`.

    Raises:
        SplitError: the same dataset twice, or a plan made for another dataset.
    """
    check_different(dataset, other)
    if plan.parent not in {v.id for v in dataset.versions()}:
        raise SplitError(
            "This plan was made for another dataset or version", received=plan.parent, hint="Make it again"
        )
    taken = plan.taken
    with lock(dataset.folder):
        known = dataset.rows().set_index("image_id")["row"]
        fresh = ~taken["image_id"].isin(known.index).to_numpy()
        pictures = np.ascontiguousarray(other.pixels()[taken["their_row"].to_numpy()[fresh]])
        first = dataset.append_pixels(pictures)
        _remember(dataset, other, sorted(taken["source"].unique()))
        rows = np.empty(len(taken), dtype=np.int64)
        rows[fresh] = first + np.arange(int(fresh.sum()))
        rows[~fresh] = known.reindex(taken["image_id"].to_numpy()[~fresh]).to_numpy()
        manifest = plan.manifest.copy()
        place = pd.Series(rows, index=taken["image_id"].to_numpy())
        added = manifest["image_id"].isin(place.index)
        manifest.loc[added, "row"] = manifest.loc[added, "image_id"].map(place)
        return save_version(
            dataset,
            manifest,
            parent=plan.parent,
            operation=OPERATION,
            parameters=_parameters(other, plan, other_version, told_apart),
            head=head,
            locked=True,
        )


def _remember(dataset: Dataset, other: Dataset, names: list[str]) -> None:
    """Write down where the files of each source are; inside the workspace relative to the dataset."""
    about = read_json(dataset.folder / "dataset.json")
    sources = dict(about.get("sources", {}))
    theirs = other.sources
    for name in names:
        path = theirs.get(name, theirs[MAIN]).resolve()
        inside = path.is_relative_to(dataset.workspace.root.resolve())
        shown = os.path.relpath(path, dataset.folder.resolve()) if inside else str(path)
        sources[name] = {"path": shown, "dataset": other.name}
    write_checked(dataset.folder / "dataset.json", about | {"sources": sources})


def _parameters(
    other: Dataset,
    plan: MergePlan,
    other_version: str | None,
    told_apart: dict[str, Probe | None] | None,
) -> dict[str, Any]:
    return {
        "dataset": other.name,
        "dataset_version": other.version(other_version).id,
        "into": plan.into,
        **plan.options,
        "classes": {
            str(name): {str(k): int(v) for k, v in row.items()} for name, row in plan.table.iterrows()
        },
        "left_out": plan.blocked,
        "drift": drift_record(plan.drifts),
        "sources_told_apart": probe_record(told_apart or {}),
    }


class DriftRecord(TypedDict):
    """Drift of a split; what cannot be told is null."""

    cramers_v: float | None
    p: float | None
    points: float | None
    worst: Any
    new: Any


def drift_record(drifts: pd.DataFrame) -> dict[str, DriftRecord]:
    """`MergePlan.drifts`, JSON-ready."""

    def number(value: Any) -> float | None:
        return None if pd.isna(value) else round(float(value), 6)

    return {
        str(name): DriftRecord(
            cramers_v=number(row["cramers_v"]), p=number(row["p"]), points=number(row["points"]),
            worst=row["worst"], new=row["new"],
        )
        for name, row in drifts.iterrows()
    }  # fmt: skip


def probe_record(told_apart: dict[str, Probe | None]) -> dict[str, Any]:
    """`probes`, JSON-ready; null where too few images are added to tell."""
    return {
        name: asdict(found) | {"verdict": found.verdict} if found else None
        for name, found in told_apart.items()
    }
