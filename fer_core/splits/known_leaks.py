"""`leaks.leaks_of`, kept in memory, and computed again only when a comparison, a certificate or a decision is new."""

from __future__ import annotations

import pandas as pd

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.splits import leaks
from fer_core.splits.leaks import Leaks

_MOST = 16  # versions kept in memory
_known: dict[tuple[str, str, str], tuple[tuple[float, ...], Leaks]] = {}


def of_version(dataset: Dataset, version: str, manifest: pd.DataFrame | None = None) -> Leaks:
    """`leaks_of` of a version, by its id; its manifest is read where it is not given."""
    key = (str(dataset.workspace.root), dataset.name, version)
    stamp = leaks.stamp(dataset, version)
    held = _known.pop(key, None)
    if held is None or held[0] != stamp:
        held = stamp, leaks.leaks_of(dataset, version, manifest)
    _known[key] = held  # used last, it goes last
    for old in list(_known)[:-_MOST]:
        _known.pop(old, None)
    return held[1]


def find(workspace: Workspace, name: str, version: str) -> Leaks | None:
    """The same, by the dataset's name; None where dataset or version are gone or damaged."""
    try:
        return of_version(open_dataset(workspace, name), version)
    except (FerError, OSError, ValueError):
        return None
