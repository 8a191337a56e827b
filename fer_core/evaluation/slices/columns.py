"""What images can be told apart by: every known fact of a version as a column of few levels.

A measure is cut at the values that are its quartiles.
Nothing about people is guessed: only what the source or a person said of an image counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.explore.facts import AFFECT, MEASURES, ImageFacts

GROUP = "group"
"""The column of a manifest that holds groups of people, such as age or gender, where the source names them."""
CATEGORIES = ("label", "source", "mode", "subject", GROUP)
_CUTS = (0.25, 0.5, 0.75)
_NAMES = {"side": "size", "agreement": "votes' agreement", "label": "class", "mode": "colour"}


@dataclass(frozen=True)
class SliceColumn:
    """One fact of the images.

    Attributes:
        name: in words.
        level: int64 (n,), place of each image's level in `levels`; -1 where it is not known.
        levels: in words.
    """

    name: str
    level: NDArray[np.int64]
    levels: tuple[str, ...]


def columns_of(facts: ImageFacts, ids: Sequence[str]) -> list[SliceColumn]:
    """Every column in which these images differ, in their order.

    Args:
        facts: of the version they are of.
        ids: image ids.
    """
    place = pd.Index(facts.columns.array("image_id").to_pylist()).get_indexer(pd.Index(list(ids)))
    known = place >= 0
    found = []
    for name in CATEGORIES:
        codes, levels = facts.category(name)
        level = np.where(known, codes[place], -1).astype(np.int64)
        level[np.isin(level, [i for i, word in enumerate(levels) if not word])] = -1
        found.append(SliceColumn(_NAMES.get(name, name), level, tuple(levels)))
    for name in (*MEASURES, "agreement", *AFFECT):
        values = np.where(known, facts.measure(name)[place], np.nan)
        found.append(by_quartile(_NAMES.get(name, name), values))
    return [column for column in found if len(np.unique(column.level[column.level >= 0])) > 1]


def by_quartile(name: str, values: NDArray[np.float64]) -> SliceColumn:
    """A measure as a column: between its quartiles, fewer where many images have one value; NaN is not known."""
    told = ~np.isnan(values)
    if not told.any():
        return SliceColumn(name, np.full(len(values), -1, np.int64), ())
    edges = np.unique(np.quantile(values[told], _CUTS, method="inverted_cdf"))  # values that are there
    edges = edges[edges < values[told].max()]
    level = np.where(told, np.searchsorted(edges, values, side="left"), -1).astype(np.int64)
    if not len(edges):
        return SliceColumn(name, level, ("all",))
    words = _numbers(edges)
    between = (f"{a} to {b}" for a, b in pairwise(words))
    return SliceColumn(name, level, (f"≤ {words[0]}", *between, f"> {words[-1]}"))


def _numbers(edges: NDArray[np.float64]) -> list[str]:
    """Edges in words, with so many digits that no two are the same and that large ones stay plain numbers."""
    for digits in range(3, 18):
        words = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(words)) == len(words) and "e+" not in "".join(words):
            break
    return words
