"""Perceptual hashes of a whole pixel array at once, and every pair of hashes within a distance.

The hash is pHash (imagehash's `phash`, 8x8): the signs of the 64 lowest DCT coefficients of the picture at
32x32 against their median. Resize and DCT are both linear, so both are one 8x48 matrix, and the hash of a picture
moved by a few pixels, or mirrored, costs no more than another small product. Not rounding between the two steps
makes a bit differ here and there from the hash in the manifest: compare these hashes with each other only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

import numpy as np
import scipy  # its parts load when first used
from PIL import Image

HASH_SIDE = 8
_DCT_SIDE = 32
_BLOCK = 2048
_BLOCK_PAIRS = (
    1 << 18
)  # candidates looked at together: what the processor's caches hold; eight times as many take 1.7 times as long
_CELLS = 1 << 17  # hashes compared at once: what a core's cache holds
_BANDS, _BAND = 4, 16  # bands of a hash, and their bits
_MAX_BANDED, _MIN_BANDED = (
    10,
    1000,
)  # beyond 10 bits so many buckets are visited that comparing all is quicker

PairBlock = tuple[np.ndarray, np.ndarray, np.ndarray]
Shift = tuple[int, int]


@cache
def _resize_matrix(size: int) -> np.ndarray:
    """float64 (32, size): Pillow's Lanczos resize of one axis, read off by resizing unit impulses."""
    columns = []
    for i in range(size):
        impulse = np.zeros((size, 1), dtype=np.float32)
        impulse[i] = 1
        column = Image.fromarray(impulse, mode="F").resize((1, _DCT_SIDE), Image.Resampling.LANCZOS)
        columns.append(np.asarray(column)[:, 0])
    return np.stack(columns, axis=1).astype(np.float64)


@cache
def _transform(size: int, shift: int, mirror: bool = False) -> np.ndarray:
    """float32 (8, size): low DCT coefficients of one axis of a picture moved by `shift`, its edge repeated."""
    low = scipy.fft.dct(_resize_matrix(size), axis=0)[:HASH_SIDE]
    source = np.clip(np.arange(size) - shift, 0, size - 1)
    if mirror:
        source = size - 1 - source
    moved = np.zeros_like(low)
    np.add.at(moved.T, source, low.T)
    return np.asarray(moved.astype(np.float32))


def phashes(pixels: np.ndarray, shifts: Sequence[Shift] = ((0, 0),), *, mirror: bool = False) -> np.ndarray:
    """pHash of every picture after each of some moves, and before that mirroring it left to right.

    Args:
        pixels: uint8 (n, size, size) gray.
        shifts: pixels (dy, dx) by which the pictures move down and right; the border is repeated.

    Returns:
        uint64 (len(shifts), n), first coefficient in the most significant bit.
    """
    size = pixels.shape[1]
    across = np.stack([_transform(size, dx, mirror) for _, dx in shifts])
    result = np.empty((len(shifts), len(pixels)), dtype=np.uint64)
    for start in range(0, len(pixels), _BLOCK):
        block = np.asarray(pixels[start : start + _BLOCK], dtype=np.float32)
        for dy in {dy for dy, _ in shifts}:
            rows = _transform(size, dy) @ block
            for k in [k for k, shift in enumerate(shifts) if shift[0] == dy]:
                result[k, start : start + _BLOCK] = _signs(rows @ across[k].T)
    return result


def _signs(low: np.ndarray) -> np.ndarray:
    """uint64 (n,): which of the 64 coefficients of float (n, 8, 8) are above their median."""
    flat = low.reshape(len(low), -1)
    middle = np.partition(flat, (31, 32), axis=1)[:, 31:33].mean(axis=1, keepdims=True)
    return np.packbits(flat > middle, axis=1).view(">u8").ravel().astype(np.uint64)


def hamming_pairs(left: np.ndarray, right: np.ndarray, distance: int) -> Iterator[PairBlock]:
    """Every pair of hashes at most `distance` bits apart, each once, none missed.

    Small distances use four bands of 16 bits: in any such pair one of them differs by few bits (the pigeonhole
    principle behind multi-index hashing, Norouzi et al. 2012), so only the buckets around its own are looked into.
    Else all hashes are compared.

    Args:
        left, right: uint64 (n,) and (m,).
        distance: bits, 0..64.

    Yields:
        blocks (i, j, bits): int64 rows of `left` and of `right`, uint8 distances.
    """
    if distance <= _MAX_BANDED and len(right) > _MIN_BANDED:
        return _banded(left, right, distance)
    return _compare_all(left, right, distance)


def _compare_all(left: np.ndarray, right: np.ndarray, distance: int) -> Iterator[PairBlock]:
    step = max(1, _CELLS // max(1, len(right)))
    # Working memory is taken once: fresh pages for every block would cost more than the comparison itself.
    apart = np.empty((step, len(right)), dtype=np.uint64)
    bits = np.empty(apart.shape, dtype=np.uint8)
    near = np.empty(apart.shape, dtype=bool)
    for start in range(0, len(left), step):
        rows = min(step, len(left) - start)
        np.bitwise_xor(left[start : start + rows, None], right, out=apart[:rows])
        np.bitwise_count(apart[:rows], out=bits[:rows])
        np.less_equal(bits[:rows], distance, out=near[:rows])
        found = np.flatnonzero(near[:rows])  # much quicker than looking for rows and columns
        if len(found):
            i, j = np.divmod(found, len(right))
            yield i + start, j, bits[i, j]


def _banded(left: np.ndarray, right: np.ndarray, distance: int) -> Iterator[PairBlock]:
    # Bands that differ by more than their radius differ by radius + 1 at least; these sum to distance + 1.
    radii = [(distance + 1 + _BANDS - 1 - band) // _BANDS - 1 for band in range(_BANDS)]
    masks = [np.uint64(((1 << _BAND) - 1) << (_BAND * band)) for band in range(_BANDS)]
    for band, radius in enumerate(radii):
        own, other = (_band(codes, band) for codes in (left, right))
        rows, columns = np.argsort(own, kind="stable"), np.argsort(other, kind="stable")
        keys, others, own = left[rows], right[columns], own[rows]
        bucket = np.searchsorted(other[columns], np.arange((1 << _BAND) + 1))
        for flip in _flips(radius):
            begin = bucket[own ^ flip]
            count = bucket[(own ^ flip) + 1] - begin
            for first, last in _runs(count):
                many = count[first:last]
                i = np.repeat(np.arange(first, last), many)
                j = np.arange(len(i)) + np.repeat(begin[first:last] - np.cumsum(many) + many, many)
                apart = keys[i] ^ others[j]
                near = np.flatnonzero(np.bitwise_count(apart) <= distance)
                for earlier in range(band):  # a pair that is near in an earlier band was found there
                    near = near[np.bitwise_count(apart[near] & masks[earlier]) > radii[earlier]]
                if len(near):
                    yield rows[i[near]], columns[j[near]], np.bitwise_count(apart[near])


def _band(codes: np.ndarray, band: int) -> np.ndarray:
    """int64 (n,): one band of every hash."""
    return ((codes >> np.uint64(_BAND * band)) & np.uint64((1 << _BAND) - 1)).astype(np.int64)


def _flips(radius: int) -> list[int]:
    """The bits in which a band may differ: all with at most `radius` bits set; none where that is negative."""
    return [
        sum(1 << bit for bit in bits) for r in range(radius + 1) for bits in combinations(range(_BAND), r)
    ]


def _runs(count: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of rows with about `_BLOCK_PAIRS` candidates together."""
    total = np.cumsum(count)
    first = 0
    while first < len(count):
        done = total[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(total, done + _BLOCK_PAIRS, side="right")))
        yield first, last
        first = last
