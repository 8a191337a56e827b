"""The nearest faces of many images at once: one matrix product instead of one pass over all pictures for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Neighbourhood:
    """Vectors of all pictures, and which of them may be shown under which label.

    Attributes:
        vectors: float32 (rows, d), from `neighbours.signatures`, indexed by the manifest's `row`.
        label: int64 (rows,), number of the label in `names`, -1 for rows that no readable image of the version has.
        picture: int64 (rows,), the same number for equal pixels.
        names: the labels.
    """

    vectors: NDArray[np.float32]
    label: NDArray[np.int64]
    picture: NDArray[np.int64]
    names: tuple[str, ...]

    def nearest(
        self, rows: Sequence[int], labels: Sequence[Sequence[str]], count: int
    ) -> list[list[tuple[NDArray[np.int64], NDArray[np.float32]]]]:
        """For each picture and each of its labels the most alike pictures that carry the label, best first.

        Args:
            rows: of the pictures.
            labels: of each, those that are asked for.
            count: how many of each at most.

        Returns:
            Per picture and label: rows, int64 (k,), and cosine similarities, float32 (k,), -1..1. The picture itself and its
            exact copies are left out.
        """
        similar = self.vectors[np.asarray(rows, np.int64)] @ self.vectors.T
        carry = {name: np.flatnonzero(self.label == number) for number, name in enumerate(self.names)}
        found = []
        for row, wanted, alike in zip(rows, labels, similar, strict=True):
            mine = []
            for name in wanted:
                positions = carry.get(name, self.label[:0])
                positions = positions[self.picture[positions] != self.picture[row]]
                values = alike[positions]
                if len(positions) > count:
                    some = np.argpartition(-values, count - 1)[:count]
                    positions, values = positions[some], values[some]
                best = np.lexsort((positions, -values))
                mine.append((positions[best], values[best]))
            found.append(mine)
        return found


def neighbourhood(manifest: pd.DataFrame, vectors: NDArray[np.float32]) -> Neighbourhood:
    """Of the readable images of a manifest, or of a ranking with row, label, pixel_hash and error."""
    good = manifest[(manifest["error"] == "") & (manifest["row"] >= 0)]
    codes, names = pd.factorize(good["label"])
    label = np.full(len(vectors), -1, np.int64)
    picture = np.full(len(vectors), -1, np.int64)
    rows = good["row"].to_numpy(np.int64)
    label[rows] = codes
    picture[rows] = pd.factorize(good["pixel_hash"])[0]
    return Neighbourhood(vectors, label, picture, tuple(str(name) for name in names))
