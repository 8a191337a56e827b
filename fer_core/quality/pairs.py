"""Pairs of pictures confirmed to be the same: candidates by hash, verdict by correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_core.quality.hashing import hamming_pairs, phashes
from fer_core.quality.similarity import OFFSETS, correlation

_BATCH = 50_000


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

    def lookup(self) -> dict[tuple[int, int], tuple[str, int, float]]:
        """(kind, distance, correlation) by (first, second)."""
        kinds = np.where(self.mirrored, "mirrored", "near").tolist()
        values = zip(kinds, self.distance.tolist(), self.correlation.tolist(), strict=True)
        return dict(zip(zip(self.first.tolist(), self.second.tolist(), strict=True), values, strict=True))


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
    still = phashes(pixels)
    found = []
    for mirror in (False, True) if mirrored else (False,):
        for offset in OFFSETS:
            # (i moved by o) against j is (j moved by -o) against i: half of the moves meet every pair.
            if not mirror and offset < (0, 0):
                continue
            if offset == (0, 0) and not mirror:
                found.append(_candidates(hashes, hashes, distance, offset, mirror, len(pixels)))
            moved = phashes(pixels, offset, mirror=mirror)
            found.append(_candidates(moved, still, distance, offset, mirror, len(pixels)))
    return _confirm(pixels, np.concatenate(found), min_correlation)


_CANDIDATE = np.dtype(
    [
        ("pair", np.int64),
        ("bits", np.uint8),
        ("dy", np.int8),
        ("dx", np.int8),
        ("mirror", bool),
        ("swap", bool),
    ]
)


def _candidates(
    moved: np.ndarray, still: np.ndarray, distance: int, offset: tuple[int, int], mirror: bool, count: int
) -> np.ndarray:
    """Pairs within `distance`, as records; `swap` where the moved one is the later of the two."""
    parts = []
    for i, j, bits in hamming_pairs(moved, still, distance):
        apart = i != j
        i, j, bits = i[apart], j[apart], bits[apart]
        part = np.empty(len(i), dtype=_CANDIDATE)
        part["pair"] = np.minimum(i, j) * count + np.maximum(i, j)
        part["bits"], part["dy"], part["dx"] = bits, *offset
        part["mirror"], part["swap"] = mirror, i > j
        parts.append(part)
    return np.concatenate(parts) if parts else np.empty(0, dtype=_CANDIDATE)


def _confirm(pixels: np.ndarray, found: np.ndarray, min_correlation: float) -> Pairs:
    """The pairs whose correlation is high enough, each with its nearest hashes and best correlation."""
    count = len(pixels)
    order = np.lexsort((found["bits"], found["mirror"], found["pair"]))
    found = found[order]
    # One candidate per pair and mirroring is enough: the correlation tries every alignment by itself.
    key = found["pair"] * 2 + found["mirror"]
    found = found[np.unique(key, return_index=True)[1]] if len(found) else found
    score = np.empty(len(found), dtype=np.float32)
    for start in range(0, len(found), _BATCH):
        part = found[start : start + _BATCH]
        low, high = part["pair"] // count, part["pair"] % count
        a = pixels[np.where(part["swap"], high, low)]
        a[part["mirror"]] = a[part["mirror"]][:, :, ::-1]
        score[start : start + _BATCH] = correlation(a, pixels[np.where(part["swap"], low, high)])
    found, score = found[score >= min_correlation], score[score >= min_correlation]
    # A face that is its own mirror image is confirmed both ways: the better one says what it is.
    best = np.lexsort((found["mirror"], -score, found["pair"]))
    found, score = found[best], score[best]
    unique = np.unique(found["pair"], return_index=True)[1]
    found, score = found[unique], score[unique]
    return Pairs(found["pair"] // count, found["pair"] % count, found["bits"], score, found["mirror"])
