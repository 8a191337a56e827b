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


def _candidates(left: np.ndarray, right: np.ndarray, distance: int, mirror: bool, moved: bool) -> np.ndarray:
    """Pairs within `distance` as whole numbers: earlier position * n + later one, mirrored (1 bit), bits (7 bits)."""
    parts = [np.empty(0, dtype=np.int64)]
    for i, j, bits in hamming_pairs(left, right, distance):
        apart = i != j if moved else i < j
        i, j, bits = i[apart], j[apart], bits[apart]
        pair = np.minimum(i, j) * len(right) + np.maximum(i, j)
        parts.append(((pair << 1) + mirror << 7) + bits)
    return np.concatenate(parts)


def _nearest(found: np.ndarray) -> np.ndarray:
    """Each pair once per way round, with its smallest distance, in order."""
    found = np.sort(found)
    return found[np.diff(found >> 7, prepend=-1) != 0]


def _confirm(pixels: np.ndarray, found: np.ndarray, min_correlation: float) -> Pairs:
    """The pairs whose correlation is high enough."""
    pair, mirrored, bits = found >> 8, (found >> 7 & 1).astype(bool), (found & 127).astype(np.uint8)
    first, second = np.divmod(pair, max(len(pixels), 1))
    score = np.empty(len(found), dtype=np.float32)
    for mirror in (False, True):
        some = mirrored == mirror
        left = pixels[:, :, ::-1] if mirror else pixels
        score[some] = correlation(left, pixels, first[some], second[some])
    # A face that is its own mirror image is confirmed both ways: the better one says what it is.
    order = np.lexsort((mirrored, -score, pair))
    order = order[score[order] >= min_correlation]
    order = order[np.diff(pair[order], prepend=-1) != 0]
    return Pairs(first[order], second[order], bits[order], score[order], mirrored[order])
