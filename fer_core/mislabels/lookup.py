"""The rows that a reviewer's presses are about: of the ranking they saw, or of the manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import pandas as pd

from fer_core.base.errors import FerError
from fer_core.base.tables import row_dicts
from fer_core.data.dataset import Dataset
from fer_core.mislabels.store import load
from fer_core.review.key_press import GROUPS, Find, KeyPress, ReviewedRow

TableLookup = Callable[[str, str], pd.DataFrame | None]


def table(dataset: Dataset, version: str, method: str = "") -> pd.DataFrame | None:
    """What presses on a version are about, indexed by image_id.

    Args:
        dataset, version: whose images.
        method: of the ranking, with `pixel_hash`; "" for the manifest.

    Returns:
        None where there is no such version or ranking.
    """
    try:
        manifest = dataset.manifest(version)
    except FerError:
        return None
    if not method:
        return manifest.set_index("image_id", drop=False)
    ranking = load(dataset, version, method)
    if ranking is None:
        return None
    joined = ranking.merge(manifest[["image_id", "pixel_hash"]], on="image_id", how="inner")
    return joined.set_index("image_id", drop=False)


def finder(dataset: Dataset, tables: TableLookup | None = None) -> Find:
    """What `key_press.take` asks for the rows of a press.

    Args:
        dataset: whose images.
        tables: as `table` of this dataset, where its results are kept; read once per finder if not given.
    """
    kept = tables or cache(lambda version, method: table(dataset, version, method))

    def find(press: KeyPress) -> Mapping[str, ReviewedRow]:
        version = press.version or dataset.head
        names = ("",) if press.action in GROUPS or not press.method else (press.method, "")
        found: dict[str, ReviewedRow] = {}
        for name in names:
            rows = kept(version, name)
            missing = [image for image in press.images if image not in found]
            if rows is not None and missing:
                some = rows.loc[rows.index.intersection(missing)]
                found |= {str(row["image_id"]): row for row in row_dicts(some)}
        return found

    return find
