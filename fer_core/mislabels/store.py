"""Rankings of labels kept with their dataset, one per version and method.

A method is named "emotions", "quick", "folds", "run:<run id>" or "file:<file name>".
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pandas as pd

from fer_core.base.checksums import checked_file, file_state

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

_SCHEMA = 2
"""Counts up when rankings gain columns, so that those kept before are made anew."""
METHODS = ("emotions", "folds", "quick", "run", "file")
"""Kinds of models that judge labels (see `mislabels.judges`), those that find most first."""


def ranking_path(dataset: Dataset, version: str, method: str = "quick") -> Path:
    """Where the ranking of a version (by id) is kept."""
    return dataset.quality_dir / f"mislabels-{_SCHEMA}-{version}-{quote(method, safe='')}.parquet"


def methods(dataset: Dataset, version: str) -> list[str]:
    """The methods of which a ranking of this version (by id) is kept: emotions, quick, folds, runs, files."""
    start = f"mislabels-{_SCHEMA}-{version}-"
    found = [unquote(path.stem.removeprefix(start)) for path in dataset.quality_dir.glob(f"{start}*.parquet")]
    return sorted(found, key=lambda method: (METHODS.index(method.partition(":")[0]), method))


def save(dataset: Dataset, version: str, method: str, ranking: pd.DataFrame) -> None:
    """Keep a ranking with its dataset; a reader sees the old one or the new one whole."""
    with checked_file(ranking_path(dataset, version, method)) as temporary:
        ranking.to_parquet(temporary, index=False)


def load(dataset: Dataset, version: str, method: str = "quick") -> pd.DataFrame | None:
    """The ranking kept for a version (by id), or None where there is none or its file is damaged.

    See `mislabels.rank` for its columns. `attrs["about"]` tells how it was made: method and options, JSON-ready.
    """
    path = ranking_path(dataset, version, method)
    try:
        return None if file_state(path) == "damaged" else pd.read_parquet(path)
    except (OSError, ValueError):
        return None
