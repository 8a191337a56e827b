"""From confirmed pairs to groups in which every pair is confirmed."""

from __future__ import annotations

import numpy as np
import scipy  # its parts load when first used

_UNCONFIRMED = 10.0


def complete_link(count: int, first: np.ndarray, second: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """Groups by complete-link clustering: two groups join only if every pair across them is confirmed.

    The most similar join first. The result depends on the numbering of the items only where similarities are
    equal: number them by content and it does not depend on the order of the files.

    Args:
        count: number of items.
        first, second: int64 (n,) confirmed pairs, `first` < `second`.
        similarity: float (n,) in 0..1.

    Returns:
        int64 (count,) group of each item; -1 where it is in none.
    """
    result = np.full(count, -1, dtype=np.int64)
    if len(first) == 0:
        return result
    graph = scipy.sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(count, count))
    component = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    order = np.argsort(component[first], kind="stable")
    bounds = np.flatnonzero(np.diff(component[first][order])) + 1
    groups = 0
    for edges in np.split(order, bounds):
        items, local = np.unique(np.concatenate([first[edges], second[edges]]), return_inverse=True)
        parts = _split(len(items), local[: len(edges)], local[len(edges) :], similarity[edges])
        sizes = np.bincount(parts)
        for part in np.flatnonzero(sizes > 1):
            result[items[parts == part]] = groups
            groups += 1
    return result


def _split(count: int, a: np.ndarray, b: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """Cluster numbers of the items of one connected component."""
    if count == 2:
        return np.ones(2, dtype=np.int64)
    apart = np.full((count, count), _UNCONFIRMED)
    apart[a, b] = apart[b, a] = np.clip(1 - similarity, 0, 1)  # rounding takes some above 1
    np.fill_diagonal(apart, 0)
    tree = scipy.cluster.hierarchy.linkage(
        scipy.spatial.distance.squareform(apart, checks=False), method="complete"
    )
    return np.asarray(scipy.cluster.hierarchy.fcluster(tree, t=_UNCONFIRMED / 2, criterion="distance"))
