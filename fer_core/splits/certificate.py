"""The certificate of a version: every pair of images in different splits, checked again for copies.

    certificate = certify(dataset, version="v2", distance=4)
    certificate["holds"], certificate["pairs_checked"]

It is kept with the version as `certificate.json`, and for people as `certificate.html`.
"""

from __future__ import annotations

import time
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core import __version__
from fer_core.data.records import content_id, readable
from fer_core.emotions import UNASSIGNED, ordered_splits
from fer_core.errors import ManifestError
from fer_core.quality.copies import MIN_CORRELATION, MIN_TURNED
from fer_core.quality.similarity import MAX_SHIFT
from fer_core.splits.certificate_html import to_html
from fer_core.splits.near import DISTANCE, near_pictures
from fer_core.workspace import now, read_json, write_atomic, write_json

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

SCHEMA = 2
EXAMPLES = 20
"""How many of the pairs found a certificate names."""


def certify(
    dataset: Dataset, version: str | None = None, *, distance: int | None = DISTANCE, mirrored: bool = True
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
        As written to `certificate.json`: schema, dataset, version, number, method (words), distance,
        min_correlation, max_shift, images, splits {split: n}, pairs_checked, exact, near, mirrored (pairs of
        images in different splits that are copies; None where not checked), table {"train|val": {checked, exact,
        near, mirrored}}, holds (whether all that was checked is 0), examples (up to 20 of kind, first, second,
        first_id, second_id, splits), code, seconds, created.

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
    sizes = {name: int((table["split"] == name).sum()) for name in ordered_splits(table["split"].unique())}
    found = _across(_equal(table), table)
    checked = {"exact": True, "near": distance is not None, "mirrored": distance is not None and mirrored}
    if distance is not None:
        near = near_pictures(table, dataset.pixels(), distance, mirrored)
        found = pd.concat([found, _across(near, table)])
    counts = {kind: _count(found, kind) if was else None for kind, was in checked.items()}
    examples = _examples(found, table)
    result = {
        "schema": SCHEMA,
        "dataset": dataset.name,
        "version": chosen.id,
        "number": chosen.number,
        "method": _method(distance, mirrored),
        "distance": distance,
        "min_correlation": MIN_CORRELATION,
        "max_shift": MAX_SHIFT,
        "images": len(table),
        "splits": sizes,
        "pairs_checked": sum(a * b for a, b in combinations(sizes.values(), 2)),
        **counts,
        "table": _table(found, sizes, checked),
        "holds": not any(counts.values()),
        "examples": examples,
        "code": __version__,
        "seconds": round(time.monotonic() - started, 3),
        "created": now(),
    }
    write_json(_path(dataset, chosen.id), result)
    write_atomic(html_path(dataset, chosen.id), to_html(result, _pictures(examples, table, dataset)))
    return result


def html_path(dataset: Dataset, version: str) -> Path:
    """Where the certificate of a version is kept as a page for people."""
    return _path(dataset, version).with_suffix(".html")


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
    """The pairs of pictures that two splits share: one row per pair of splits (`one`, `other`), with the number
    of pairs of images between them (`pairs`)."""
    cross = pd.crosstab(table["pixel_hash"], table["split"])
    first, second = cross.reindex(pairs["first"]), cross.reindex(pairs["second"])
    parts = [pairs.assign(one="", other="", pairs=0).head(0)]
    equal = (pairs["first"] == pairs["second"]).to_numpy()
    for one, other in combinations(ordered_splits(cross.columns), 2):
        number = first[one].to_numpy() * second[other].to_numpy()
        # Images of two different pictures meet both ways round; those of one picture are the same two splits.
        number = number + np.where(equal, 0, first[other].to_numpy() * second[one].to_numpy())
        part = pairs.assign(one=one, other=other, pairs=number)
        parts.append(part[number > 0])
    return pd.concat(parts).sort_index(kind="stable")


def _count(found: pd.DataFrame, kind: str) -> int:
    return int(found.loc[found["kind"] == kind, "pairs"].sum())


def _table(found: pd.DataFrame, sizes: dict[str, int], checked: dict[str, bool]) -> dict[str, Any]:
    result = {}
    for one, other in combinations(sizes, 2):
        between = found[(found["one"] == one) & (found["other"] == other)]
        kinds = {kind: _count(between, kind) if was else None for kind, was in checked.items()}
        result[f"{one}|{other}"] = {"checked": sizes[one] * sizes[other], **kinds}
    return result


def _examples(found: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, str]]:
    named = []
    for row in found.head(EXAMPLES).itertuples(index=False):
        for one, other in ((row.one, row.other), (row.other, row.one)):
            left = table[(table["pixel_hash"] == row.first) & (table["split"] == one)]
            right = table[(table["pixel_hash"] == row.second) & (table["split"] == other)]
            if len(left) and len(right):
                a, b = left.iloc[0], right.iloc[0]
                ids = {"first_id": a["image_id"], "second_id": b["image_id"]}
                paths = {"kind": row.kind, "first": a["path"], "second": b["path"]}
                named.append(paths | ids | {"splits": f"{one}|{other}"})
                break
    return named


def _pictures(
    examples: list[dict[str, str]], table: pd.DataFrame, dataset: Dataset
) -> dict[str, NDArray[np.uint8]]:
    """uint8 (48, 48) of every image the examples name, by image_id."""
    wanted = {example[key] for example in examples for key in ("first_id", "second_id")}
    rows = table[table["image_id"].isin(wanted)].set_index("image_id")["row"]
    pixels = dataset.pixels()
    return {str(name): np.asarray(pixels[row]) for name, row in rows.items()}


def _method(distance: int | None, mirrored: bool) -> str:
    words = "equal decoded pixels"
    if distance is not None:
        words += f"; perceptual hash at most {distance} bits apart at shifts of up to {MAX_SHIFT} pixels"
        words += f", confirmed by a correlation of at least {MIN_CORRELATION:g}"
        words += f", also mirrored (at least {MIN_TURNED:g})" if mirrored else ""
    return words
