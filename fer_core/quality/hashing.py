"""Perceptual hashes of a whole pixel array at once, and every pair of hashes within a distance.

The hash is pHash (imagehash's `phash`, 8x8): the signs of the 64 lowest DCT coefficients of the picture at
32x32 against their median. Resize and DCT are both linear, so both are one 8x48 matrix, and the hash of a picture
moved by a few pixels, or mirrored, costs no more than another small product. Not rounding between the two steps
makes a bit differ here and there from the hash in the manifest: compare these hashes with each other only.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import scipy.fft
from PIL import Image

HASH_SIDE = 8
_DCT_SIDE = 32
_BLOCK = 2048
_BLOCK_PAIRS = 2_000_000
_MAX_BANDED, _MIN_BANDED = 8, 1000

Block = tuple[np.ndarray, np.ndarray, np.ndarray]


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


def phashes(pixels: np.ndarray, shift: tuple[int, int] = (0, 0), *, mirror: bool = False) -> np.ndarray:
    """pHash of every picture after moving it, and before that mirroring it left to right.

    Args:
        pixels: uint8 (n, size, size) gray.
        shift: pixels (dy, dx) by which the picture moves down and right; its border is repeated.

    Returns:
        uint64 (n,), first coefficient in the most significant bit.
    """
    size = pixels.shape[1]
    down, across = _transform(size, shift[0]), _transform(size, shift[1], mirror)
    weights = np.uint64(1) << np.arange(63, -1, -1, dtype=np.uint64)
    result = np.empty(len(pixels), dtype=np.uint64)
    for start in range(0, len(pixels), _BLOCK):
        block = np.asarray(pixels[start : start + _BLOCK], dtype=np.float32)
        low = (down @ block @ across.T).reshape(len(block), -1)
        bits = low > np.median(low, axis=1, keepdims=True)
        result[start : start + _BLOCK] = (bits * weights).sum(axis=1, dtype=np.uint64)
    return result


def hamming_pairs(left: np.ndarray, right: np.ndarray, distance: int) -> Iterator[Block]:
    """Every pair of hashes at most `distance` bits apart, each pair once, none missed.

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
    step = max(1, _BLOCK_PAIRS // max(1, len(right)))
    for start in range(0, len(left), step):
        bits = np.bitwise_count(left[start : start + step, None] ^ right[None, :])
        i, j = np.nonzero(bits <= distance)
        if len(i):
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
