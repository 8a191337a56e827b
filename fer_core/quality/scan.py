"""Compare pictures with each other once, and with new ones as they come: the comparisons behind every threshold.

A scan keeps each pair of pictures whose hashes come near each other at some alignment, with its distance and its
correlation, confirmed or not. So another threshold needs no new scan, the share of confirmed pairs at every distance
is known and not guessed, and pictures that come later are compared with those known without comparing these again.

    scan = extended(None, pictures, distance=10, kind="near")
    scan = extended(scan, more_pictures, distance=10, kind="near")   # compares what is new
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_core.errors import FerError
from fer_core.quality.hash_kinds import hashes
from fer_core.quality.hashing import hamming_pairs, phashes
from fer_core.quality.similarity import OFFSETS, correlation

if TYPE_CHECKING:
    from fer_core.jobs import ProgressFn

KINDS: tuple[str, ...] = ("near", "mirrored", "rotated")
_TURNS: dict[str, tuple[int, ...]] = {"near": (0,), "mirrored": (0,), "rotated": (1, 2, 3)}
_BATCH = 8192
_ALIKE = 0.8  # correlation at half the size that a confirmed pair never falls below
MAX_CANDIDATES = 10_000_000
"""Pairs beyond which a distance tells nothing about a set, and comparing them would take hours."""

# A candidate is one number, quick to sort: pair (first position times n plus second), 2 bits of turn, 7 of distance.
_TURN_BITS, _DISTANCE_BITS = 2, 7


@dataclass(frozen=True)
class Pictures:
    """Different pictures, sorted by pixel hash.

    Attributes:
        names: bytes (n,), pixel hashes.
        rows: int64 (n,), rows of the pixel array.
        plain: uint64 (n,), hashes of the original pictures; with another hash than pHash, of the 48x48 ones.
        pixels: uint8 (n, size, size).
    """

    names: NDArray[np.bytes_]
    rows: NDArray[np.int64]
    plain: NDArray[np.uint64]
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Scan:
    """What was compared.

    Attributes:
        distance: hashes up to so many bits apart were compared.
        names, rows: of the known pictures, as in `Pictures`.
        hashes: uint64 (variants, n): the plain hash, that of the 48x48 picture, then those of its moves and turns.
        first, second: int64 (m,), positions of compared pairs, `first` < `second`, each pair once.
        bits: uint8 (m,), distance at the alignment that brings the hashes nearest.
        correlation: float32 (m,), at the best alignment.
    """

    distance: int
    names: NDArray[np.bytes_]
    rows: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    bits: NDArray[np.uint8]
    correlation: NDArray[np.float32]


def extended(
    known: Scan | None,
    pictures: Pictures,
    distance: int,
    kind: str = "near",
    hash: str = "phash",
    progress: ProgressFn | None = None,
) -> Scan:
    """The scan of these pictures, of which those in `known` are not compared with each other again.

    Args:
        known: a scan to go on from; it is begun anew where it did not reach to `distance`.
        pictures: all pictures, the known ones too.
        distance: bits, even for pHash.
        kind: "near" (as they are), "mirrored" (left to right) or "rotated" (by 90, 180 and 270 degrees).
        hash: one of `hash_kinds.HASHES`.
        progress: told (done, total, what).

    Raises:
        FerError: an unknown kind, or a distance at which nearly everything resembles everything.
    """
    if kind not in KINDS:
        raise FerError("The kind of copy must be one of " + ", ".join(KINDS), received=kind)
    count = len(pictures.names)
    old = np.full(count, -1, dtype=np.int64)
    if known is not None and len(known.names) and count:
        at = np.searchsorted(known.names, pictures.names).clip(max=len(known.names) - 1)
        old = np.where(known.names[at] == pictures.names, at, -1)
    variants = _variants(known, pictures, old, kind, hash)
    compared = known if known is not None and known.distance >= distance else None
    fresh = old < 0 if compared else np.ones(count, dtype=bool)
    found = _candidates(variants, fresh, distance if compared is None else compared.distance, kind, progress)
    first, second = np.divmod(found >> (_TURN_BITS + _DISTANCE_BITS), max(count, 1))
    turn = found >> _DISTANCE_BITS & (1 << _TURN_BITS) - 1
    score = _correlations(pictures.pixels, first, second, turn, kind, progress)
    nearest = (found & (1 << _DISTANCE_BITS) - 1).astype(np.uint8)
    first, second, bits, score = _best(first, second, nearest, score)
    if compared is not None:
        place = np.full(len(compared.names), -1, dtype=np.int64)
        place[old[old >= 0]] = np.flatnonzero(old >= 0)
        a, b = place[compared.first], place[compared.second]
        both = (a >= 0) & (b >= 0)
        first, second = np.append(first, a[both]), np.append(second, b[both])
        bits, score = np.append(bits, compared.bits[both]), np.append(score, compared.correlation[both])
        order = np.lexsort((second, first))
        first, second, bits, score = first[order], second[order], bits[order], score[order]
    reached = distance if compared is None else compared.distance
    return Scan(reached, pictures.names, pictures.rows, variants, first, second, bits, score)


def _offsets(kind: str) -> list[tuple[int, int]]:
    """Moves to try. (i moved by o) against j is (j moved by -o) against i: unturned, half of them meet all pairs."""
    return [o for o in OFFSETS if kind != "near" or o >= (0, 0)]


def _variants(
    known: Scan | None, pictures: Pictures, old: NDArray[np.int64], kind: str, hash: str
) -> NDArray[np.uint64]:
    """uint64 (variants, n): see `Scan.hashes`; only those of new pictures are computed."""
    new = np.flatnonzero(old < 0)
    made = [pictures.plain[new][None], _moved(pictures.pixels[new], 0, False, ((0, 0),), hash)]
    made += [
        _moved(pictures.pixels[new], turn, kind == "mirrored", _offsets(kind), hash) for turn in _TURNS[kind]
    ]
    computed = np.concatenate(made)
    if known is None:
        return computed
    result = np.empty((len(computed), len(old)), dtype=np.uint64)
    result[:, new] = computed
    result[:, old >= 0] = known.hashes[:, old[old >= 0]]
    return result


def _moved(
    pixels: NDArray[np.uint8], turn: int, mirror: bool, offsets: Sequence[tuple[int, int]], hash: str
) -> NDArray[np.uint64]:
    """uint64 (offsets, n): hashes of pictures turned or mirrored, then moved, their border repeated."""
    turned = np.rot90(pixels, turn, axes=(1, 2)) if turn else pixels
    if hash == "phash":
        return phashes(turned, offsets, mirror=mirror)
    turned = turned[:, :, ::-1] if mirror else turned
    size = np.arange(pixels.shape[1])
    last = pixels.shape[1] - 1
    return np.stack(
        [
            hashes(turned[:, (size - dy).clip(0, last)][:, :, (size - dx).clip(0, last)], hash)
            for dy, dx in offsets
        ]
    )


def _candidates(
    variants: NDArray[np.uint64],
    fresh: NDArray[np.bool_],
    distance: int,
    kind: str,
    progress: ProgressFn | None,
) -> NDArray[np.int64]:
    """Pairs with at least one fresh picture, at most `distance` bits apart at some alignment, in order."""
    count = len(fresh)
    found = np.empty(0, dtype=np.int64)
    if not fresh.any():
        return found
    per_turn = len(_offsets(kind))
    for number, moved in enumerate(variants):
        if number == 1 or (number == 0 and kind != "near"):
            continue  # the 48x48 picture as it is comes again among its moves
        still = variants[0 if number == 0 else 1]
        turn = 0 if number == 0 else _TURNS[kind][(number - 2) // per_turn]
        parts = [found]
        for i, j, bits in _meetings(moved, still, fresh, distance):
            apart = i < j if number == 0 else i != j
            i, j, bits = i[apart], j[apart], bits[apart]
            # Of a pair always the first is turned: backwards where it was the second that met it turned.
            turned = np.where(i > j, (4 - turn) % 4, turn)
            pair = np.minimum(i, j) * count + np.maximum(i, j)
            parts.append(((pair << _TURN_BITS | turned) << _DISTANCE_BITS) | bits)
            if sum(map(len, parts)) > MAX_CANDIDATES:
                raise FerError(
                    f"Too many pictures look alike at {distance} bits to compare them all",
                    received=f"more than {MAX_CANDIDATES:,} pairs",
                    hint="Choose a smaller distance",
                )
        found = _nearest(np.concatenate(parts))
        if progress:
            progress(number, len(variants) - 1, "alignments compared")
    return found


def _meetings(
    moved: NDArray[np.uint64], still: NDArray[np.uint64], fresh: NDArray[np.bool_], distance: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]]:
    """Pairs of which at least one is fresh: all moved against fresh ones, and fresh moved against the others."""
    if fresh.all():
        yield from hamming_pairs(moved, still, distance)
        return
    new, rest = np.flatnonzero(fresh), np.flatnonzero(~fresh)
    for i, j, bits in hamming_pairs(moved, still[new], distance):
        yield i, new[j], bits
    for i, j, bits in hamming_pairs(moved[new], still[rest], distance):
        yield new[i], rest[j], bits


def _nearest(found: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each pair once per turn, with its smallest distance, in order."""
    found = np.sort(found)
    return found[np.append(True, np.diff(found >> _DISTANCE_BITS) != 0)] if len(found) else found


def _correlations(
    pixels: NDArray[np.uint8],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    turn: NDArray[np.int64],
    kind: str,
    progress: ProgressFn | None,
) -> NDArray[np.float32]:
    """float32 (m,): of the first of each pair, turned as the kind says, with the second."""
    score = np.empty(len(first), dtype=np.float32)
    for quarter in _TURNS[kind]:
        turned = np.rot90(pixels, quarter, axes=(1, 2)) if quarter else pixels
        turned = turned[:, :, ::-1] if kind == "mirrored" else turned
        these = np.flatnonzero(turn == quarter)
        score[these] = _from_afar(turned, pixels, first[these], second[these])
        these = these[score[these] > _ALIKE]
        for start in range(0, len(these), _BATCH):
            part = these[start : start + _BATCH]
            score[part] = correlation(turned, pixels, first[part], second[part])
            if progress:
                progress(min(start + _BATCH, len(these)), len(these), "pairs compared pixel by pixel")
    return score


def _from_afar(
    left: NDArray[np.uint8], right: NDArray[np.uint8], i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float32]:
    """float32 (m,): best correlation at half the size, a tenth of the work: most candidates go no further."""
    best = np.full(len(i), -1, dtype=np.float32)
    if not len(i):
        return best
    half = _half(left)
    still = _window(_half(right), 1, 1)
    for down in range(3):
        for across in range(3):
            moved = _window(half, down, across)
            for start in range(0, len(i), _BATCH):
                part = slice(start, start + _BATCH)
                here = np.einsum("np,np->n", moved[i[part]], still[j[part]])
                best[part] = np.maximum(best[part], here)
    return best


def _half(pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Sums of blocks of 2x2, uint16 (n, size / 2, size / 2)."""
    size = pixels.shape[1] // 2 * 2
    corners = [pixels[:, y:size:2, x:size:2].astype(np.uint16) for y in (0, 1) for x in (0, 1)]
    return np.asarray(corners[0] + corners[1] + corners[2] + corners[3])


def _window(half: NDArray[np.uint16], top: int, left: int) -> NDArray[np.float32]:
    """Part of every picture, with mean 0 and length 1; float32 (n, p)."""
    size = half.shape[1] - 2
    flat = half[:, top : top + size, left : left + size].reshape(len(half), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.sqrt(np.einsum("np,np->n", flat, flat)), 1e-6)[:, None]
    return flat


def _best(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    bits: NDArray[np.uint8],
    score: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.float32]]:
    """Each pair once, at the turn that fits best."""
    order = np.lexsort((bits, -score, second, first))
    first, second, bits, score = first[order], second[order], bits[order], score[order]
    new = np.append(True, (np.diff(first) != 0) | (np.diff(second) != 0)) if len(first) else np.empty(0, bool)
    return first[new], second[new], bits[new], score[new]
