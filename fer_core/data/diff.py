"""What differs between two versions of a dataset, image by image.

found = diff(dataset, "v1", "v3")
found.relabelled[["path", "before", "after"]]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

import pandas as pd

from fer_core.data.manifest import ImageRow

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version

_ABOUT = ["image_id", "path", "row", "split", "label"]


@dataclass(frozen=True)
class Diff:
    """Tables of the images that differ, each with image_id, path, row, split and label.

    Attributes:
        first: version compared from.
        second: version compared to.
        added: in the second only.
        removed: in the first only.
        relabelled: in both, with another label, or another soft label: columns before and after.
        moved: in both, in another split: columns before and after.
        same: images that are equal in both.
    """

    first: Version
    second: Version
    added: pd.DataFrame
    removed: pd.DataFrame
    relabelled: pd.DataFrame
    moved: pd.DataFrame
    same: int

    def counts(self) -> dict[str, int]:
        """Images added, removed, relabelled, moved and the same."""
        return {name: len(getattr(self, name)) for name in ("added", "removed", "relabelled", "moved")} | {
            "same": self.same
        }


def diff(dataset: Dataset, first: str | None, second: str | None) -> Diff:
    """Compare two versions by their images' ids.

    Args:
        dataset: where both belong.
        first: id, start of an id, number or name; None for the newest.
        second: likewise.

    Raises:
        NotFound: no such version.
    """
    one, two = dataset.version(first), dataset.version(second)
    old, new = dataset.manifest(one.id), dataset.manifest(two.id)
    both = old.merge(new, on="image_id", suffixes=("_old", ""))
    label = both["label_old"] != both["label"]
    if "soft_label" in old or "soft_label" in new:
        label |= _soft(both, "soft_label_old", old) != _soft(both, "soft_label", new)
    moved = both["split_old"] != both["split"]
    return Diff(
        one,
        two,
        new.loc[~new["image_id"].isin(old["image_id"]), _ABOUT].reset_index(drop=True),
        old.loc[~old["image_id"].isin(new["image_id"]), _ABOUT].reset_index(drop=True),
        _changed(both[label], "label"),
        _changed(both[moved], "split"),
        int((~label & ~moved).sum()),
    )


def _soft(both: pd.DataFrame, column: str, whole: pd.DataFrame) -> pd.Series:
    """Soft labels as words that can be compared; "" without one."""
    name = column if column in both else "soft_label"  # only one of the two manifests has the column
    if "soft_label" not in whole:
        return pd.Series("", index=both.index)
    return both[name].map(
        lambda p: "" if p is None or isinstance(p, float) else ",".join(f"{x:.6f}" for x in p)
    )


def _changed(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    table = rows[_ABOUT].copy()
    table["before"], table["after"] = rows[f"{column}_old"], rows[column]
    return table.reset_index(drop=True)


class ChangedImage(TypedDict):
    """An image with another class or split than before."""

    image_id: str
    path: str
    before: str
    after: str


DiffRecord = TypedDict(
    "DiffRecord",
    {
        "from": str,
        "to": str,
        "counts": dict[str, int],
        "added": list[ImageRow],
        "removed": list[ImageRow],
        "relabelled": list[ChangedImage],
        "moved": list[ChangedImage],
    },
)


def diff_record(found: Diff) -> DiffRecord:
    """JSON-ready."""

    def images(table: pd.DataFrame) -> list[ImageRow]:
        return [
            cast(ImageRow, row) for row in table[["image_id", "path", "split", "label"]].to_dict("records")
        ]

    def changed(table: pd.DataFrame) -> list[ChangedImage]:
        rows = table[["image_id", "path", "before", "after"]].to_dict("records")
        return [cast(ChangedImage, row) for row in rows]

    return {
        "from": found.first.id,
        "to": found.second.id,
        "counts": found.counts(),
        "added": images(found.added),
        "removed": images(found.removed),
        "relabelled": changed(found.relabelled),
        "moved": changed(found.moved),
    }
