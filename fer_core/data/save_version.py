"""Keep a manifest as a new immutable version and make it the head."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.base.atomic import read_json
from fer_core.base.checksums import write_checked
from fer_core.base.errors import ManifestError, VersionConflict
from fer_core.base.workspace import now
from fer_core.data.manifest import check_manifest, content_id, readable
from fer_core.data.versions import Version, count_images, find_version, list_versions, lock, write_version

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset


def save_version(
    dataset: Dataset,
    manifest: pd.DataFrame,
    *,
    parent: str | None,
    operation: str,
    parameters: Mapping[str, Any] | None = None,
    note: str = "",
    head: str | None = None,
    locked: bool = False,
) -> Version:
    """Keep a manifest as a version and make it the dataset's head.

    Content that is there already is not kept twice: its version becomes the head and is returned.

    Args:
        dataset: the dataset it belongs to.
        manifest: all its rows; may hold fewer than its parent, in any order.
        parent: version it was made from: id, start of an id or number.
        operation: what made it.
        parameters: of the operation, JSON-ready.
        note: free text.
        head: the dataset's head when the work on this version began; None where that does not matter.
        locked: whether the caller holds `versions.lock`, as who appended pixels does.

    Raises:
        VersionConflict: the head is another one by now, whose changes this version would take out of the head again.
        ManifestError: the manifest does not follow the schema or names rows without pixels.
        NotFound: no such parent.
    """
    table = check_manifest(manifest)
    _check_rows(dataset, table)
    made = content_id(table)
    with nullcontext() if locked else lock(dataset.folder):
        versions = list_versions(dataset.folder)
        about = read_json(dataset.folder / "dataset.json")
        if head is not None and about["head"] not in {head, made}:
            raise VersionConflict(
                "Another version was made meanwhile, and this one does not hold what it changed. Nothing was saved",
                received=_described(versions, about["head"]),
                hint="Look at it, then do this again: it will start from there",
            )
        found = next((v for v in versions if v.id == made), None)
        if found is None:
            before = find_version(versions, parent, dataset.head).id if parent else None
            kept = sum(
                1 for _ in (dataset.folder / "versions").glob("[0-9a-f]*/")
            )  # damaged ones have numbers too
            number = max([kept, *(v.number for v in versions)]) + 1
            found = Version(
                made, number, before, operation, dict(parameters or {}), count_images(table), now(), note
            )
            write_version(dataset.folder, found, table)
        if about["head"] != found.id:
            write_checked(dataset.folder / "dataset.json", about | {"head": found.id})
    return found


def _described(versions: list[Version], known: str) -> str:
    """`version 3 (review)`, or the id of one that is not there."""
    return next((f"version {v.number} ({v.operation})" for v in versions if v.id == known), known)


def _check_rows(dataset: Dataset, table: pd.DataFrame) -> None:
    rows = readable(table)["row"]
    if len(rows) and (rows.min() < 0 or rows.max() >= len(dataset.pixels())):
        raise ManifestError(
            "The manifest names rows that have no pixels", received=f"rows {rows.min()} to {rows.max()}"
        )
