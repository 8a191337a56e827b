"""Look for copies of the wanted kinds, in one version or in another dataset, from what is compared already and what is new.

found = search(dataset, version.id, ("exact", "near", "mirrored"))
found.summary()["near"]["groups"], found.table
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from fer_core.base.errors import FerError
from fer_core.duplicates import scan, scan_store
from fer_core.duplicates.across_datasets import shared_images
from fer_core.duplicates.exact import DuplicateGroups, GroupNumbers, find_exact
from fer_core.duplicates.groups import find_copies
from fer_core.duplicates.kept_across import compared_across
from fer_core.duplicates.reach import DISTANCE, method_name

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

KINDS: tuple[str, ...] = ("exact", *scan.KINDS)
DEFAULT_KINDS: tuple[str, ...] = ("exact", "near", "mirrored")
"""What is looked for unless asked otherwise; a face turned by 90 degrees is rare."""


@dataclass(frozen=True)
class Copies:
    """Groups of copies of one version.

    Attributes:
        table: all groups, columns as `exact.DuplicateGroups.table`.
        by_kind: kind -> the groups that have a copy of that kind; one with near and mirrored copies is in both.
        method: what was compared, and how far apart hashes may be, in words.
    """

    table: pd.DataFrame
    by_kind: Mapping[str, pd.DataFrame]
    method: str

    def summary(self) -> dict[str, GroupNumbers]:
        """Kind -> `exact.DuplicateGroups.summary`."""
        return {kind: DuplicateGroups(rows).summary() for kind, rows in self.by_kind.items()}


@dataclass(frozen=True)
class Shared:
    """Images of one dataset that another one has too.

    Attributes:
        table: one row per image, columns `across_datasets.COLUMNS`.
        images: readable images looked for.
        counts: kind -> how many of them are there as such a copy.
        conflicting_labels: how many carry another label there.
    """

    table: pd.DataFrame
    images: int
    counts: dict[str, int]
    conflicting_labels: int


def search(
    dataset: Dataset,
    version: str,
    kinds: Iterable[str] = DEFAULT_KINDS,
    distance: int = DISTANCE,
    hash: str = "phash",
    progress: ProgressFn | None = None,
) -> Copies:
    """Copies in a version; what is compared is kept with the dataset.

    Args:
        dataset: where.
        version: id.
        kinds: of `KINDS`; exact copies always count.
        distance: bits by which the hashes of copies that are not exact may differ.
        hash: of `hash_kinds.HASHES`.
        progress: told (done, total, what).

    Raises:
        FerError: an unknown kind or hash, or a distance out of range.
    """
    wanted = kinds_to_compare(kinds)
    manifest = dataset.manifest(version)
    exact = find_exact(manifest).table
    if not wanted:
        return Copies(exact, {"exact": exact}, "equal pixels")
    pairs = scan_store.compared_pairs(dataset, version, distance, wanted, hash, progress)
    rows = find_copies(manifest, pairs, distance).table
    each = {kind: rows[rows["group"].isin(rows.loc[rows["kind"] == kind, "group"])] for kind in wanted}
    words = f"{method_name(scan_store.stored_reach(dataset, wanted))}, up to {distance} bits of {hash}"
    return Copies(rows, {"exact": exact, **each}, words)


def search_across(
    dataset: Dataset,
    version: str,
    other: Dataset,
    kinds: Iterable[str] = DEFAULT_KINDS,
    distance: int = DISTANCE,
    hash: str = "phash",
    progress: ProgressFn | None = None,
) -> Shared:
    """The images of a version that the newest version of another dataset has too; what is compared is kept with the first.

    Raises:
        FerError: as `search`, or both are the same dataset.
    """
    if other.name == dataset.name:
        hint = "Leave out --against"
        raise FerError("A dataset is not compared against itself", received=other.name, hint=hint)
    wanted = kinds_to_compare(kinds)
    known = compared_across(dataset, version, other, other.head, wanted, progress)
    manifest = dataset.manifest(version)
    rows = shared_images(
        manifest, dataset.pixels(), other.manifest(), other.pixels(), distance, wanted, hash, known, progress
    )
    return Shared(
        table=rows,
        images=int((manifest["error"] == "").sum()),
        counts={kind: int((rows["kind"] == kind).sum()) for kind in ("exact", *wanted)},
        conflicting_labels=int((rows["label"] != rows["other_label"]).sum()),
    )


def kinds_to_compare(kinds: Iterable[str]) -> list[str]:
    """The kinds for which pictures have to be compared, in the order of `KINDS`.

    Raises:
        FerError: a kind that is none.
    """
    asked = [kinds] if isinstance(kinds, str) else list(kinds)
    if unknown := [kind for kind in asked if kind not in KINDS]:
        raise FerError("The kinds of copies are " + ", ".join(KINDS), received=", ".join(unknown))
    return [kind for kind in scan.KINDS if kind in asked]
