"""Images that go to no split: over the cap of their class, or copies of a test that is kept as it is.

They stay in the version as "unassigned", so that a later split can take them back.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.errors import SplitError

COPY_OF_TEST = "copy of a test image"
OVER_CAP = "over the cap of its class"


def copies_of(group: NDArray[np.int64], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool (n,): images that share a group with a held one and are not held themselves."""
    return np.isin(group, group[held]) & ~held


def over_cap(
    table: pd.DataFrame, cap: int, held: NDArray[np.bool_], free: NDArray[np.bool_], seed: int
) -> NDArray[np.bool_]:
    """bool (n,): the free images a class has to leave out so that no more than `cap` of it remain.

    Second copies of a picture go first, since they add nothing; then the seed decides, on the content of the
    pictures and not on their names.

    Args:
        table: readable rows of a manifest.
        cap: largest number of images of a class.
        held: images that remain whatever happens; they count.
        free: images that may be left out.

    Raises:
        SplitError: a cap below 1.
    """
    if cap < 1:
        raise SplitError("The cap per class must be at least 1", received=cap)
    rng = np.random.default_rng([seed, 1])
    picture = table["pixel_hash"].where(table["pixel_hash"] != "", table["image_id"])
    number, pictures = pd.factorize(picture, sort=True)
    chance = rng.random(len(pictures))[number]
    result = np.zeros(len(table), dtype=bool)
    for label in table["label"].unique():
        own = np.flatnonzero((table["label"] == label).to_numpy())
        candidates = own[free[own]]
        room = max(cap - int(held[own].sum()), 0)
        again = table.iloc[candidates]["pixel_hash"].duplicated().to_numpy()
        order = np.lexsort((chance[candidates], again))
        result[candidates[order[room:]]] = True
    return result
