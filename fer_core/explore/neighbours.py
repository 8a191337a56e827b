"""Faces that look alike: cosine similarity of small, standardised pictures.

Good enough to put "the nearest faces that carry this label" beside a doubtful one; no model needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SIDE = 24


def signatures(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """One vector per face: means of 2x2 blocks, brightness and contrast taken out, length 1.

    Args:
        pixels: uint8 (n, 48, 48).

    Returns:
        float32 (n, 576); zeros for a blank picture.
    """
    step = pixels.shape[1] // _SIDE
    result = np.empty((len(pixels), _SIDE * _SIDE), np.float32)
    for start in range(0, len(pixels), 4096):  # bounds memory: uint8 becomes float here
        part = np.asarray(pixels[start : start + 4096], np.float32)
        small = part.reshape(len(part), _SIDE, step, _SIDE, step).mean(axis=(2, 4)).reshape(len(part), -1)
        small -= small.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(small, axis=1, keepdims=True)
        result[start : start + len(part)] = np.divide(
            small, norm, out=np.zeros_like(small), where=norm > 1e-3
        )
    return result


def nearest_by_hash(
    pixels: NDArray[np.uint8],
    rows: NDArray[np.int64],
    phashes: NDArray[np.uint64],
    own: int,
    candidates: int = 4000,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The pictures most like one among very many, without a vector for each: those with the nearest perceptual
    hashes are compared pixel by pixel.

    Args:
        pixels: uint8 (m, 48, 48), all pictures of a dataset.
        rows: int64 (n,), which of them are looked at.
        phashes: uint64 (n,), of the same.
        own: place in `rows` of the picture itself; it is left out.
        candidates: pictures that are compared.

    Returns:
        Places in `rows`, best first, int64 (k,), and their similarities, float32 (k,), -1..1.
    """
    bits = np.bitwise_count(phashes ^ phashes[own]).astype(np.int16)
    bits[own] = 65
    count = min(candidates, len(rows) - 1)
    if count < 1:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    near = np.sort(np.argpartition(bits, count - 1)[:count])
    vectors = signatures(np.asarray(pixels[rows[near]]))
    similarity = vectors @ signatures(np.asarray(pixels[rows[own : own + 1]]))[0]
    best = np.argsort(-similarity, kind="stable")
    return near[best], similarity[best]


@dataclass(frozen=True)
class Neighbourhood:
    """Vectors of all pictures, and which of them may be shown under which label.

    Attributes:
        vectors: float32 (rows, d), from `signatures`, indexed by the manifest's `row`.
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
