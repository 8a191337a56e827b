"""Compare pictures with each other once, and with new ones as they come: the comparisons behind every threshold.

A scan holds every pair of pictures that correlate at some alignment, with the distance of their hashes there: all
pairs are compared (`all_pairs`), so no hash has to propose them and every reach reads the same scan. Only beyond
`reach.ALL_PAIRS_UP_TO` pictures hashes propose the pairs that are compared (`proposed_pairs`), and the scan says so. Pictures
that come later are compared with those known without comparing these again.

    scan = extend_scan(None, pictures, kind="near")
    scan = extend_scan(scan, more_pictures, kind="near")   # compares what is new
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.duplicates import reach
from fer_core.duplicates.all_pairs import SAME_FRAME, Side, correlated_pairs
from fer_core.duplicates.correlation import MIN_CORRELATION, MIN_TURNED, OFFSETS
from fer_core.duplicates.hash_kinds import hashes
from fer_core.duplicates.overlaps import Overlaps
from fer_core.duplicates.phash import phashes
from fer_core.duplicates.proposed import proposed_pairs
from fer_core.duplicates.reframed import Found, Frames

if TYPE_CHECKING:
    from fer_core.jobs.reporter import ProgressFn

KINDS: tuple[str, ...] = ("near", "mirrored", "rotated")
_TURNS: dict[str, tuple[int, ...]] = {"near": (0,), "mirrored": (0,), "rotated": (1, 2, 3)}
KEPT = 0.88
"""Smallest correlation of the pairs that a scan keeps: what is confirmed, and what just fails to be."""
MAX_PAIRS = 20_000_000
"""Pairs beyond which a set holds more copies than groups could be made of."""
_KEEP_EVERY = 5.0  # seconds of work that may be lost
_CHUNK = 1 << 18


@dataclass(frozen=True)
class DistinctPictures:
    """Different pictures, sorted by pixel hash.

    Attributes:
        names: bytes (n,), pixel hashes.
        rows: int64 (n,), rows of the pixel array.
        plain: uint64 (n,), pHashes of the original pictures.
        pixels: uint8 (n, size, size).
    """

    names: NDArray[np.bytes_]
    rows: NDArray[np.int64]
    plain: NDArray[np.uint64]
    pixels: NDArray[np.uint8]

    @cached_property
    def overlaps(self) -> Overlaps:
        """What bounds their correlation; made once for all kinds of copies."""
        return Overlaps.of(self.pixels)

    @cached_property
    def frames(self) -> Frames:
        """What finds copies of them in another frame; made once for all kinds of copies."""
        return Frames.of(self.pixels)

    def some(self, which: NDArray[np.int64]) -> DistinctPictures:
        """Those of them at some places."""
        return DistinctPictures(self.names[which], self.rows[which], self.plain[which], self.pixels[which])


@dataclass(frozen=True)
class Scan:
    """What was compared: every pair of these pictures, or those that hashes proposed.

    Attributes:
        names, rows, plain: of the known pictures, as in `DistinctPictures`.
        first, second: int64 (m,), positions of pairs that correlate to `KEPT` at least, `first` < `second`, in order.
        bits: uint8 (m,), smallest distance of their pHashes: as they are, or with either of them moved; of a pair in
            different frames, once laid onto each other.
        correlation: float32 (m,), at the best alignment.
        framed: bool (m,), which pairs are copies in another frame.
        reach: bits up to which hashes proposed the pairs that were compared; `reach.EVERY` where all were.
    """

    names: NDArray[np.bytes_]
    rows: NDArray[np.int64]
    plain: NDArray[np.uint64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    bits: NDArray[np.uint8]
    correlation: NDArray[np.float32]
    framed: NDArray[np.bool_]
    reach: int = reach.ALL_PAIRS


def extend_scan(
    known: Scan | None,
    pictures: DistinctPictures,
    kind: str = "near",
    progress: ProgressFn | None = None,
    keep: Callable[[Scan], None] | None = None,
    beside: Scan | None = None,
) -> Scan:
    """The scan of these pictures, of which those in `known` are not compared with each other again.

    Args:
        known: a scan to go on from.
        pictures: all pictures, the known ones too.
        kind: "near" (as they are), "mirrored" (left to right) or "rotated" (by 90, 180 and 270 degrees).
        progress: told (done, total, what).
        beside: a scan that holds all others: they are not compared with each other again either.
        keep: given, every few seconds, the scan of the pictures that are through; to go on from after an end by force.

    Raises:
        FerError: an unknown kind, or a set in which nearly everything resembles everything.
    """
    if kind not in KINDS:
        raise FerError("The kind of copy must be one of " + ", ".join(KINDS), received=kind)
    known = known or _EMPTY
    old = np.isin(pictures.names, known.names)
    order = np.append(np.flatnonzero(old), np.flatnonzero(~old)).astype(np.int64)
    count, before = len(order), int(old.sum())
    parts = [_carried(known, pictures.names[old])]
    method, upto = _method(known, before, count), count
    if beside is not None and np.isin(pictures.names[~old], beside.names).all():
        i, j, score, bits = _carried(beside, pictures.names[~old])
        parts.append((i + before, j + before, score, bits))
        method, upto = min(method, beside.reach), before
    kept_at = time.monotonic()
    for done, total, compared, found in _found(pictures, order, before, upto, kind):
        parts.append(found)
        if sum(len(part[0]) for part in parts) > MAX_PAIRS:
            raise FerError(
                "Too many pictures look alike to compare them all",
                received=f"more than {MAX_PAIRS:,} pairs of near copies",
                hint="Look for equal pixels alone, or import the set without its repeated pictures",
            )
        if progress:
            progress(done, total, f"pairs compared, {kind}")
        if keep and compared and time.monotonic() - kept_at > _KEEP_EVERY and compared < count:
            keep(_scan(pictures, order, compared, parts, kind, method))
            kept_at = time.monotonic()
    return _scan(pictures, order, count, parts, kind, method)


def _method(known: Scan, before: int, count: int) -> int:
    """The reach of a comparison: that of what is known already, or of what has to be done."""
    own = reach.PROPOSED_DISTANCE if before < count and count > reach.ALL_PAIRS_UP_TO else reach.ALL_PAIRS
    return min(own, known.reach) if before > 1 else own


def _found(
    pictures: DistinctPictures, order: NDArray[np.int64], before: int, upto: int, kind: str
) -> Iterator[tuple[int, int, int, Found]]:
    """What is done, of how much, how many pictures are through (0: not known yet), and the pairs found."""
    count, turns = len(order), _TURNS[kind]
    if before == count or not upto:
        return
    if count > reach.ALL_PAIRS_UP_TO:
        mirror, shown = kind == "mirrored", pictures.pixels
        turned = [shown[:, :, ::-1] if mirror else np.rot90(shown, quarter, axes=(1, 2)) for quarter in turns]
        still = _moved(shown, 0, False, ((0, 0),), "phash")[0]
        sides = [
            (row, still) for quarter in turns for row in _moved(shown, quarter, mirror, OFFSETS, "phash")
        ]
        sides += [(pictures.plain, pictures.plain)] if kind == "near" else []
        for done, found in proposed_pairs(shown, turned, sides, order, before, reach.PROPOSED_DISTANCE, KEPT):
            yield done**2, count**2, done, found
        return
    plain = pictures.overlaps
    still = plain if (np.diff(order) > 0).all() else plain.take(order)
    right = Side(pictures.pixels, still, None if kind == "rotated" else pictures.frames)
    for number, quarter in enumerate(turns):
        left = _turned(right, order, kind, quarter)
        for done, found in correlated_pairs(left, right, order, before, upto, KEPT):
            now, whole = (
                (done**2, count**2) if upto == count else ((done - before) * upto, (count - before) * upto)
            )
            yield number * whole + now, len(turns) * whole, done if len(turns) == 1 else 0, found


def _turned(side: Side, order: NDArray[np.int64], kind: str, quarter: int) -> Side:
    """The pictures as a kind of copy has them."""
    if kind == "mirrored":
        flipped = np.ascontiguousarray(side.pixels[:, :, ::-1])
        return Side(flipped, side.overlaps.mirrored(), Frames.of(flipped))
    if quarter:
        turned = np.rot90(side.pixels, quarter, axes=(1, 2))
        return Side(turned, Overlaps.of(turned, side.overlaps).take(order))
    return side


def _carried(known: Scan, names: NDArray[np.bytes_]) -> Found:
    """The pairs of a scan that lie within some of its pictures, by places in `names`."""
    place = np.full(len(known.names), -1, dtype=np.int64)
    place[np.isin(known.names, names)] = np.arange(len(names))
    a, b = place[known.first], place[known.second]
    both = (a >= 0) & (b >= 0)
    bits = np.where(known.framed, known.bits, SAME_FRAME).astype(np.uint8)
    return a[both], b[both], known.correlation[both], bits[both]


def _scan(
    pictures: DistinctPictures,
    order: NDArray[np.int64],
    done: int,
    parts: Sequence[Found],
    kind: str,
    method: int,
) -> Scan:
    """The scan of the first `done` pictures of an order, from pairs of places in it.

    Of a pair found twice the better one is kept, and one in the same frame before one in another, if it is confirmed."""
    some = np.sort(order[:done])
    place = np.searchsorted(some, order[:done])
    i, j, score, bits = (np.concatenate([part[column] for part in parts]) for column in range(4))
    here = np.maximum(i, j) < done
    i, j, score, bits = i[here], j[here], score[here], bits[here]
    first, second = np.sort([place[i], place[j]], axis=0)
    surely = (bits == SAME_FRAME) & (score >= (MIN_CORRELATION if kind == "near" else MIN_TURNED))
    at = np.lexsort((-score, ~surely, second, first))
    at = at[np.append(True, (np.diff(first[at]) != 0) | (np.diff(second[at]) != 0))[: len(at)]]
    first, second, score, bits = first[at], second[at], score[at], bits[at]
    shown = pictures.some(some) if done < len(pictures.names) else pictures
    framed = bits != SAME_FRAME
    bits[~framed] = hash_distances(shown, first[~framed], second[~framed], kind)
    return Scan(shown.names, shown.rows, shown.plain, first, second, bits, score, framed, method)


def hash_distances(
    pictures: DistinctPictures,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    kind: str,
    hash: str = "phash",
) -> NDArray[np.uint8]:
    """uint8 (m,): bits between the hashes of pairs, at the alignment and turn that bring them nearest.

    Compared are the pictures as they are and, of the pictures at 48x48, either one moved with the other as it is.
    """
    used, ends = np.unique(np.append(first, second), return_inverse=True)
    i, j = ends[: len(first)], ends[len(first) :]
    result = np.full(len(first), 64, dtype=np.uint8)
    shown = pictures.pixels[used]
    still = _moved(shown, 0, False, ((0, 0),), hash)[0]
    if kind == "near" and hash == "phash":
        plain = pictures.plain[used]
        result = np.bitwise_count(plain[i] ^ plain[j])
    for quarter in _TURNS[kind]:
        for moved in _moved(shown, quarter, kind == "mirrored", OFFSETS, hash):
            for start in range(0, len(i), _CHUNK):
                part = slice(start, start + _CHUNK)
                a, b = i[part], j[part]
                apart = np.minimum(
                    np.bitwise_count(moved[a] ^ still[b]), np.bitwise_count(moved[b] ^ still[a])
                )
                result[part] = np.minimum(result[part], apart)
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


_NONE = np.empty(0, dtype=np.int64)
_EMPTY = Scan(
    np.empty(0, "S1"),
    _NONE,
    _NONE.astype(np.uint64),
    _NONE,
    _NONE,
    _NONE.astype(np.uint8),
    _NONE.astype(np.float32),
    _NONE.astype(bool),
)
