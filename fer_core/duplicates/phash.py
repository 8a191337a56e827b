"""Perceptual hashes of a whole pixel array at once, and every pair of hashes within a distance.

The hash is pHash (imagehash's `phash`, 8x8): the signs of the 64 lowest DCT coefficients of the picture at
32x32 against their median. Resize and DCT are both linear, so both are one 8x48 matrix, and the hash of a picture
moved by a few pixels, or mirrored, costs no more than another small product. Not rounding between the two steps
makes a bit differ here and there from the hash in the manifest: compare these hashes with each other only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import scipy.fft
from PIL import Image

HASH_SIDE = 8
_DCT_SIDE = 32
_BLOCK = 2048
_BLOCK_PAIRS = 2_000_000
_CELLS = 1 << 17  # hashes compared at once: what a core's cache holds
_MAX_BANDED, _MIN_BANDED = 6, 1000  # beyond 6 bits the bands are so short that comparing all is quicker

Block = tuple[np.ndarray, np.ndarray, np.ndarray]
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
    return moved.astype(np.float32)


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


def hamming_pairs(left: np.ndarray, right: np.ndarray, distance: int) -> Iterator[Block]:
    """Every pair of hashes at most `distance` bits apart, each once, none missed.

    Small distances use bands: of `distance` + 1 bands of bits at least one is equal in any such pair (the
    pigeonhole principle behind multi-index hashing, Norouzi et al. 2012). Else all hashes are compared.

    Args:
        left, right: uint64 (n,) and (m,).
        distance: bits, 0..64.

    Yields:
        blocks (i, j, bits): int64 rows of `left` and of `right`, uint8 distances.
    """
    if distance <= _MAX_BANDED and len(right) > _MIN_BANDED:
        return _banded(left, right, distance)
    return _compare_all(left, right, distance)


def _compare_all(left: np.ndarray, right: np.ndarray, distance: int) -> Iterator[Block]:
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


def _banded(left: np.ndarray, right: np.ndarray, distance: int) -> Iterator[Block]:
    edges = np.linspace(0, 64, distance + 2).round().astype(int)
    masks = [((1 << int(b)) - (1 << int(a))) & (2**64 - 1) for a, b in pairwise(edges)]
    for band, mask in enumerate(np.array(masks, dtype=np.uint64)):
        rows, columns = np.argsort(left & mask), np.argsort(right & mask)
        keys, others = left[rows], right[columns]
        begin = np.searchsorted(others & mask, keys & mask, side="left")
        count = np.searchsorted(others & mask, keys & mask, side="right") - begin
        for first, last in _runs(count):
            many = count[first:last]
            i = np.repeat(np.arange(first, last), many)
            offset = np.arange(len(i)) - np.repeat(np.cumsum(many) - many, many)
            j = begin[i] + offset
            apart = keys[i] ^ others[j]
            bits = np.bitwise_count(apart)
            near = np.flatnonzero(bits <= distance)
            for earlier in masks[:band]:  # a pair that shares an earlier band was found there
                near = near[apart[near] & np.uint64(earlier) != 0]
            if len(near):
                yield rows[i[near]], columns[j[near]], bits[near]


def _runs(count: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of rows with about `_BLOCK_PAIRS` candidates together."""
    total = np.cumsum(count)
    first = 0
    while first < len(count):
        done = total[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(total, done + _BLOCK_PAIRS, side="right")))
        yield first, last
        first = last
