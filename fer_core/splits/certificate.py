"""The certificate of a version: every pair of images in different splits, checked again for copies.

certificate = certify(dataset, version="v2", distance=4)
certificate["holds"], certificate["pairs_checked"]
"""

from __future__ import annotations

import time
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core import __version__
from fer_core.data.records import content_id, readable
from fer_core.emotions import UNASSIGNED
from fer_core.errors import ManifestError
from fer_core.splits.near import near_pictures
from fer_core.workspace import now, read_json, write_json

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

SCHEMA = 1
EXAMPLES = 20
"""How many of the pairs found a certificate names."""


def certify(
    dataset: Dataset, version: str | None = None, *, distance: int | None = 4, mirrored: bool = False
) -> dict[str, Any]:
    """Check every pair of images in different splits and store the result with the version.

    Exact copies have equal pixel hashes. Near copies have perceptual hashes at most `distance` bits apart, at
    any shift of up to two pixels, and are confirmed by the correlation of their pixels. Images without a
    split ("unassigned") and files that do not decode take no part.

    Args:
        dataset: the dataset.
        version: which version; None for the newest.
        distance: for near copies, even; None checks for exact copies alone.
        mirrored: also check for near copies that are mirrored.

    Returns:
        As written to `certificate.json`: schema, dataset, version, method (words), distance, splits
        {split: n}, pairs_checked, exact, near, mirrored (pairs of images in different splits that are copies;
        None where not checked), holds (whether all that was checked is 0), examples (up to 20 of kind, first,
        second, splits), code, seconds, created.

    Raises:
        ManifestError: the table of the version is not what its id says.
    """
    started = time.monotonic()
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    if content_id(manifest) != chosen.id:
        hint = "The file was changed by something else; restore it, or import the dataset again"
        raise ManifestError(
            "The table of this version is not what its id says", received=chosen.id, hint=hint
        )
    table = readable(manifest)
    table = table[table["split"] != UNASSIGNED]
    sizes = table["split"].value_counts()
    found = _across(_equal(table), table)
    counts: dict[str, int | None] = {"exact": int(found["pairs"].sum()), "near": None, "mirrored": None}
    if distance is not None:
        near = _across(near_pictures(table, dataset.pixels(), distance, mirrored), table)
        counts["near"] = int(near["pairs"][near["kind"] == "near"].sum())
        counts["mirrored"] = int(near["pairs"][near["kind"] == "mirrored"].sum()) if mirrored else None
        found = pd.concat([found, near])
    result = {
        "schema": SCHEMA,
        "dataset": dataset.name,
        "version": chosen.id,
        "method": _method(distance, mirrored),
        "distance": distance,
        "splits": {str(name): int(n) for name, n in sizes.items()},
        "pairs_checked": sum(int(a) * int(b) for a, b in combinations(sizes, 2)),
        **counts,
        "holds": not any(counts.values()),
        "examples": _examples(found, table),
        "code": __version__,
        "seconds": round(time.monotonic() - started, 3),
        "created": now(),
    }
    write_json(_path(dataset, chosen.id), result)
    return result


def load(dataset: Dataset, version: str | None = None) -> dict[str, Any] | None:
    """The stored certificate of a version; None if there is none, or none that can be read."""
    chosen = dataset.version(version)
    try:
        result = read_json(_path(dataset, chosen.id))
    except (OSError, ValueError):
        return None
    good = isinstance(result, dict) and result.get("schema") == SCHEMA and result.get("version") == chosen.id
    return result if good else None


def _path(dataset: Dataset, version: str) -> Path:
    return dataset.folder / "versions" / version / "certificate.json"


def _equal(table: pd.DataFrame) -> pd.DataFrame:
    """Every picture that occurs more than once, as a pair with itself."""
    hashes = table["pixel_hash"][table["pixel_hash"].duplicated()].unique()
    return pd.DataFrame({"first": hashes, "second": hashes, "kind": "exact"})


def _across(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The pairs of pictures that two splits share, with their number of pairs of images (`pairs`)."""
    cross = pd.crosstab(table["pixel_hash"], table["split"])
    first = cross.reindex(pairs["first"]).to_numpy()
    second = cross.reindex(pairs["second"]).to_numpy()
    number = first.sum(axis=1) * second.sum(axis=1) - (first * second).sum(axis=1)
    # A picture paired with itself meets every pair of its images twice.
    result = pairs.assign(pairs=number // (1 + (pairs["first"] == pairs["second"]).to_numpy()))
    return result[result["pairs"] > 0]


def _examples(found: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, str]]:
    named = []
    for first, second, kind in found[["first", "second", "kind"]].head(EXAMPLES).itertuples(index=False):
        left = table[table["pixel_hash"] == first]
        right = table[table["pixel_hash"] == second]
        for a, b in ((a, b) for a in left.itertuples() for b in right.itertuples() if a.split != b.split):
            named.append({"kind": kind, "first": a.path, "second": b.path, "splits": f"{a.split}|{b.split}"})
            break
    return named


def _method(distance: int | None, mirrored: bool) -> str:
    words = "equal decoded pixels"
    if distance is not None:
        words += f"; perceptual hash at most {distance} bits apart at shifts of up to 2 pixels"
        words += ", confirmed by correlation"
        words += ", also mirrored" if mirrored else ""
    return words
