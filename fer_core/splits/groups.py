"""Which images have to stay on one side of every split: equal pictures, and whatever else is named.

Each source of groups gives a table of group ids by image; `joined_groups` follows all of them at once, so that a
copy of a picture of a subject drags the whole subject along.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy  # its parts load when first used
from numpy.typing import NDArray

from fer_core.base.errors import SplitError

EXACT = "exact"
"""The groups that always hold: images with equal pixels."""

GroupSource = str | pd.Series
"""A manifest column, or a Series of group ids indexed by image_id whose name says what it is."""


def given_groups(table: pd.DataFrame, groups: GroupSource | Sequence[GroupSource]) -> list[pd.Series]:
    """The groups asked for besides `EXACT`, as ids indexed by image_id, without missing and empty ids.

    Args:
        table: readable rows of a manifest.
        groups: one kind of groups or several; `EXACT` adds nothing.

    Raises:
        SplitError: no such column, ids that match no image, or an image in two groups of one kind.
    """
    wanted = [groups] if isinstance(groups, str | pd.Series) else list(groups)
    return [_ids(table, one) for one in wanted if not (isinstance(one, str) and one == EXACT)]


def group_names(groups: Sequence[pd.Series]) -> str:
    """What is kept together, in words: "exact, near copies within 4 bits, subject"."""
    return ", ".join([EXACT, *(str(ids.name) for ids in groups)])


def joined_groups(table: pd.DataFrame, groups: Sequence[pd.Series]) -> NDArray[np.int64]:
    """int64 (n,): group of each row, where equal pixels or any equal id join; numbered by content."""
    own = table["pixel_hash"].where(table["pixel_hash"] != "", table["image_id"])
    number, hashes = pd.factorize(own, sort=True)
    if not groups:
        return np.asarray(number, dtype=np.int64)
    left, right, nodes = [], [], len(hashes)
    for ids in groups:
        code, _ = pd.factorize(table["image_id"].map(ids))
        known = code >= 0
        left.append(number[known])
        right.append(code[known] + nodes)
        nodes += int(code.max(initial=-1)) + 1
    edges = (np.concatenate(left), np.concatenate(right))
    graph = scipy.sparse.coo_matrix((np.ones(len(edges[0]), dtype=np.int8), edges), shape=(nodes, nodes))
    component = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    return np.asarray(pd.factorize(component[: len(hashes)])[0].astype(np.int64)[number])


def _ids(table: pd.DataFrame, groups: GroupSource) -> pd.Series:
    if isinstance(groups, str):
        if groups not in table:
            known = [name for name in ("subject", "group", "source") if name in table]
            raise SplitError(
                "There is no such column to keep together",
                received=groups,
                hint=f"Use one of: {', '.join([EXACT, *known])}",
            )
        ids = table.set_index("image_id")[groups]
    else:
        ids = groups if groups.name else groups.rename("given groups")
        if ids.empty:  # a clean set has no near copies: nothing more to keep together
            return ids
    if ids.index.has_duplicates:
        raise SplitError("An image is in more than one group", received=ids.index[ids.index.duplicated()][0])
    ids = ids[ids.notna() & (ids.astype("str") != "")]
    if len(table) and not table["image_id"].isin(ids.index).any():
        raise SplitError("The groups match no image of this version", received=ids.name)
    return ids
