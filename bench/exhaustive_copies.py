"""Every pair of pictures that passes the confirmation of copies, found without any hash: the truth of `docs/copies.md`.

Written apart from `fer_core.duplicates`: it reads the pixels and knows the rule (Pearson correlation of the
overlap, at every shift of up to two pixels, at least 0.9; 0.92 with one of the two mirrored; pictures with a
standard deviation below 2 gray levels take no part), and compares all pairs at all 25 shifts.

What lets 400 million pairs times 50 alignments fit into minutes is one inequality. Let x and y be overlaps with
mean 0 and length 1, P the projection on their 8x8 lowest cosines. Then <x, y> = <Px, Py> + <x - Px, y - Py>, and by
Cauchy-Schwarz the second term is at most |x - Px| |y - Py|. So a product of 64 numbers per pair bounds 2,304, and only
pairs whose bound reaches the limit are correlated in full. `--check N` compares N pictures with all others in full,
without the bound, and fails unless both ways find the same pairs.

    python bench/exhaustive_copies.py IMAGES.npy OUT.npz [--check 300]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHIFT, NEAR, MIRRORED, FLAT = 2, 0.9, 0.92, 2.0
FREQUENCIES, ROUNDING = 8, 1e-4
ROWS, COLUMNS = 256, 512
SHIFTS = [(dy, dx) for dy in range(-SHIFT, SHIFT + 1) for dx in range(-SHIFT, SHIFT + 1)]
Floats = NDArray[np.float32]


def cut(pixels: NDArray[np.uint8], dy: int, dx: int) -> NDArray[np.uint8]:
    """The part of pictures that others moved by (dy, dx) over them cover: rows dy.. where dy > 0, to dy where < 0."""
    h, w = pixels.shape[1:]
    return pixels[:, max(dy, 0) : h + min(dy, 0), max(dx, 0) : w + min(dx, 0)]


def standard(pixels: NDArray[np.uint8]) -> Floats:
    """Pictures as float32 (n, h, w) with mean 0 and length 1; 0 where all is one gray."""
    x = pixels.astype(np.float64)
    x -= x.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt((x * x).sum(axis=(1, 2), keepdims=True))
    return np.asarray(np.divide(x, length, out=np.zeros_like(x), where=length > 1e-6), dtype=np.float32)


def cosines(size: int) -> Floats:
    """float32 (size, FREQUENCIES): orthonormal columns of the discrete cosine transform."""
    at = (np.arange(size) + 0.5) * np.pi / size
    basis = np.cos(at[:, None] * np.arange(FREQUENCIES)) * np.sqrt(2 / size)
    basis[:, 0] /= np.sqrt(2)
    return np.asarray(basis, dtype=np.float32)


def short(pixels: NDArray[np.uint8], dy: int, dx: int) -> Floats:
    """float32 (n, 64): 63 low cosines of the standard overlap, and the length of all the rest."""
    parts = []
    for start in range(0, len(pixels), 4096):
        x = standard(cut(pixels[start : start + 4096], dy, dx))
        low = np.einsum("nhw,hu,wv->nuv", x, cosines(x.shape[1]), cosines(x.shape[2]), optimize=True)
        low = low.reshape(len(x), -1)[:, 1:]  # the first is the mean: 0
        rest = np.sqrt(np.maximum(0, (x * x).sum(axis=(1, 2)) - (low * low).sum(axis=1)))
        parts.append(np.column_stack([low, rest]))
    return np.concatenate(parts)


def possible(
    left: Floats, right: Floats, limit: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs i < j whose bound reaches the limit."""
    across = np.ascontiguousarray(right.T)
    for top in range(0, len(left), ROWS):
        for begin in range(top, len(right), COLUMNS):
            bound = left[top : top + ROWS] @ across[:, begin : begin + COLUMNS]
            found = np.flatnonzero(bound >= limit - ROUNDING)
            if len(found):
                i, j = found // bound.shape[1] + top, found % bound.shape[1] + begin
                yield i[i < j], j[i < j]


def exact(
    left: NDArray[np.uint8], right: NDArray[np.uint8], i: NDArray[np.int64], j: NDArray[np.int64]
) -> Floats:
    """Correlation of pairs of overlaps in double precision, as the textbook has it."""
    result = np.empty(len(i), np.float32)
    for start in range(0, len(i), 4096):
        x = left[i[start : start + 4096]].reshape(-1, left[0].size).astype(np.float64)
        y = right[j[start : start + 4096]].reshape(-1, left[0].size).astype(np.float64)
        n = x.shape[1]
        top = n * np.einsum("np,np->n", x, y) - x.sum(axis=1) * y.sum(axis=1)
        below = [n * np.einsum("np,np->n", z, z) - z.sum(axis=1) ** 2 for z in (x, y)]
        scale = np.sqrt(below[0] * below[1])
        result[start : start + 4096] = np.divide(top, scale, out=np.zeros_like(top), where=scale > 0)
    return result


def pairs(pixels: NDArray[np.uint8], mirrored: bool) -> tuple[NDArray[np.int64], Floats, int]:
    """All pairs (i * n + j, i < j) that pass, their best correlation, and how many alignments were correlated."""
    limit = MIRRORED if mirrored else NEAR
    other = pixels[:, :, ::-1] if mirrored else pixels
    best: dict[int, float] = {}
    asked = 0
    for dy, dx in SHIFTS:
        one, two = cut(other, dy, dx), cut(pixels, -dy, -dx)
        for i, j in possible(short(other, dy, dx), short(pixels, -dy, -dx), limit):
            asked += len(i)
            value = exact(one, two, i, j)
            good = value >= limit
            for key, this in zip((i * len(pixels) + j)[good].tolist(), value[good].tolist(), strict=True):
                best[key] = max(best.get(key, -1.0), this)
    keys = np.array(sorted(best), dtype=np.int64)
    return keys, np.array([best[k] for k in keys.tolist()], dtype=np.float32), asked


def in_full(pixels: NDArray[np.uint8], rows: NDArray[np.int64], mirrored: bool) -> set[int]:
    """The pairs of some pictures with all others, without the bound."""
    limit = MIRRORED if mirrored else NEAR
    other = pixels[rows][:, :, ::-1] if mirrored else pixels[rows]
    found: set[int] = set()
    for start in range(0, len(pixels), 4096):
        block = np.arange(start, min(start + 4096, len(pixels)))
        for dy, dx in SHIFTS:
            one, two = standard(cut(other, dy, dx)), standard(cut(pixels[block], -dy, -dx))
            score = one.reshape(len(one), -1) @ two.reshape(len(two), -1).T
            a, b = np.nonzero(score >= limit)
            a, b = rows[a], block[b]
            found |= set((np.minimum(a, b) * len(pixels) + np.maximum(a, b))[a != b].tolist())
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pixels", type=Path, help="uint8 (n, 48, 48), no two equal")
    parser.add_argument("out", type=Path)
    parser.add_argument("--check", type=int, default=300)
    options = parser.parse_args()
    pixels = np.load(options.pixels)
    pixels = pixels[pixels.reshape(len(pixels), -1).std(axis=1) >= FLAT]
    result: dict[str, NDArray[np.generic]] = {}
    for mirrored in (False, True):
        name = "mirrored" if mirrored else "near"
        began = time.process_time()
        keys, value, asked = pairs(pixels, mirrored)
        took = time.process_time() - began
        result |= {f"{name}_first": keys // len(pixels), f"{name}_second": keys % len(pixels), name: value}
        print(
            f"{name}: {len(keys):,} pairs of {len(pixels):,} pictures pass; {asked:,} correlated, {took:.0f} s CPU"
        )
        rows = np.random.default_rng(1).permutation(len(pixels))[: options.check]
        chosen = set(rows.tolist())
        known = {k for k in keys.tolist() if k // len(pixels) in chosen or k % len(pixels) in chosen}
        full = in_full(pixels, rows, mirrored)
        print(f"  {len(rows)} pictures against all in full: {len(full)} pairs, {len(full ^ known)} differ")
        assert full == known, "the bound has lost pairs"
    np.savez(options.out, **result)


if __name__ == "__main__":
    main()
