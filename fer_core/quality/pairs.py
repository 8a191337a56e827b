"""Pairs of pictures confirmed to be the same: candidates by hash, verdict by correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_core.quality.hashing import hamming_pairs, phashes
from fer_core.quality.similarity import OFFSETS, correlation


@dataclass(frozen=True)
class Pairs:
    """Confirmed pairs, each once, `first` < `second`.

    Attributes:
        first, second: int64 (n,) positions in the array of pictures.
        distance: uint8 (n,) bits between the hashes at the alignment that brings them nearest.
        correlation: float32 (n,) at the best alignment.
        mirrored: bool (n,) whether one had to be mirrored.
    """

    first: np.ndarray
    second: np.ndarray
    distance: np.ndarray
    correlation: np.ndarray
    mirrored: np.ndarray

    def position(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Where the pairs of two int64 (m,) arrays stand, in either order; every pair must be a confirmed one."""
        count = int(self.second.max(initial=0)) + 1
        wanted = np.minimum(one, other) * count + np.maximum(one, other)
        return np.searchsorted(self.first * count + self.second, wanted)


def near_pairs(
    pixels: np.ndarray,
    hashes: np.ndarray,
    distance: int,
    mirrored: bool = False,
    min_correlation: float = 0.9,
) -> Pairs:
    """All pairs of different pictures that are the same picture.

    Two pictures are compared when their hashes are at most `distance` bits apart, as they are or with one of them
    moved by up to two pixels (a shift of one pixel alone changes 4 to 8 bits of a 48x48 picture's hash).

    Args:
        pixels: uint8 (n, size, size), no two equal.
        hashes: uint64 (n,), the manifest's `phash`.
        distance, mirrored, min_correlation: see `duplicates.find_near`.
    """
    still = phashes(pixels)[0]
    found = _candidates(hashes, hashes, distance, False, False)
    for mirror in (False, True) if mirrored else (False,):
        # (i moved by o) against j is (j moved by -o) against i: unless mirrored, half of the moves meet all pairs.
        offsets = [o for o in OFFSETS if mirror or o >= (0, 0)]
        for moved in phashes(pixels, offsets, mirror=mirror):
            found = _nearest(np.concatenate([found, _candidates(moved, still, distance, mirror, True)]))
    return _confirm(pixels, found, min_correlation)


_CANDIDATE = np.dtype([("pair", np.int64), ("mirror", bool), ("bits", np.uint8)])


def _candidates(left: np.ndarray, right: np.ndarray, distance: int, mirror: bool, moved: bool) -> np.ndarray:
    """Pairs within `distance`, as records; `pair` is the earlier position times n plus the later."""
    parts, count = [], len(right)
    for i, j, bits in hamming_pairs(left, right, distance):
        apart = i != j if moved else i < j
        part = np.empty(int(apart.sum()), dtype=_CANDIDATE)
        i, j, part["bits"], part["mirror"] = i[apart], j[apart], bits[apart], mirror
        part["pair"] = np.minimum(i, j) * count + np.maximum(i, j)
        parts.append(part)
    return np.concatenate(parts) if parts else np.empty(0, dtype=_CANDIDATE)


def _nearest(found: np.ndarray) -> np.ndarray:
    """Each pair once per way round, with its smallest distance, in order."""
    found = np.sort(found, order=("pair", "mirror", "bits"))
    again = (np.diff(found["pair"]) == 0) & (np.diff(found["mirror"].view(np.int8)) == 0)
    return found[np.append(True, ~again)] if len(found) else found


def _confirm(pixels: np.ndarray, found: np.ndarray, min_correlation: float) -> Pairs:
    """The pairs whose correlation is high enough."""
    count = len(pixels)
    first, second = np.divmod(found["pair"], max(count, 1))
    score = np.empty(len(found), dtype=np.float32)
    for mirror in (False, True):
        some = found["mirror"] == mirror
        left = pixels[:, :, ::-1] if mirror else pixels
        score[some] = correlation(left, pixels, first[some], second[some])
    # A face that is its own mirror image is confirmed both ways: the better one says what it is.
    order = np.lexsort((found["mirror"], -score, found["pair"]))
    order = order[score[order] >= min_correlation]
    order = order[np.append(True, np.diff(found["pair"][order]) != 0)] if len(order) else order
    return Pairs(first[order], second[order], found["bits"][order], score[order], found["mirror"][order])
