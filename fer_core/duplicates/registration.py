"""Lay one picture onto another: moved, resized and turned until both agree as well as they can.

Inverse compositional image alignment (Baker and Matthews 2004) of a similarity, on sums of 4x4, then of 2x2, then on single
pixels, blind to brightness and contrast. A similarity is two complex numbers: a place z of the first picture, about
its middle, lies at `turn` * z + `shift` in the second.

    found = register(pixels, pixels, i, j, starts)
    found.correlation, found.shared
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_core.base.arrays import Float32s, Ints, Pixels

Complexes = NDArray[np.complex64]

MAX_SCALE, MAX_TURN, MAX_SHIFT = 1.6, 0.35, 0.3
"""How far a registration may go: times larger or smaller, radians, share of the side."""
MIN_SHARED = 0.4
"""Share of the first picture that the second one must show for the two to be compared."""
_STEPS = (4, 4, 2)  # of every level, the coarsest first
_ENOUGH = (0.8, 0.9)  # correlation at a level below which the next one is not tried
_BATCH = 512


@dataclass(frozen=True)
class Registration:
    """How pairs of pictures lie on each other.

    Attributes:
        turn, shift: complex64 (p,), the similarity; `shift` in pixels.
        correlation: float32 (p,), over what both show; -1 where that is too little, or where a coarser level showed
            that they do not agree.
        shared: float32 (p,), share of the first picture that the second one shows.
    """

    turn: Complexes
    shift: Complexes
    correlation: Float32s
    shared: Float32s


@dataclass(frozen=True)
class Level:
    """Pictures at one resolution, as flat rows."""

    rows: NDArray[np.uint8] | NDArray[np.uint16]
    side: int

    @classmethod
    def pyramid(cls, pixels: Pixels) -> tuple[Level, ...]:
        """Sums of 4x4 and of 2x2 pixels, and the pixels, of uint8 (n, side, side) with a side that 4 divides."""
        count, side = pixels.shape[:2]
        sums = pixels.reshape(count, side // 2, 2, side // 2, 2).sum((2, 4), dtype=np.uint16)
        coarse = sums.reshape(count, side // 4, 2, side // 4, 2).sum((2, 4), dtype=np.uint16)
        levels = (coarse, sums, pixels)
        return tuple(cls(np.ascontiguousarray(one.reshape(count, -1)), one.shape[1]) for one in levels)

    @property
    def places(self) -> Complexes:
        """Where the pixels lie about the middle, x + iy; complex64 (side * side,)."""
        axis = np.arange(self.side, dtype=np.float32) - (self.side - 1) / 2
        return np.asarray((axis[None, :] + 1j * axis[:, None]).astype(np.complex64).ravel())

    def sampled(self, rows: Ints, at: Complexes) -> tuple[Float32s, NDArray[np.bool_]]:
        """Values at some places of some pictures, float32 (p, q), between pixels by their distance; and which lie inside."""
        last, middle = self.side - 1, np.float32((self.side - 1) / 2)
        x, y = at.real + middle, at.imag + middle
        inside = (x > -0.02) & (x < last + 0.02) & (y > -0.02) & (y < last + 0.02)
        np.clip(x, 0, last - 1e-3, out=x)
        np.clip(y, 0, last - 1e-3, out=y)
        left, top = x.astype(np.int32), y.astype(np.int32)
        x -= left
        y -= top
        place = top * self.side + left + (rows * (self.side * self.side))[:, None]
        flat = self.rows.reshape(-1)
        a, b, c, d = (flat.take(place + step).astype(np.float32) for step in (0, 1, self.side, self.side + 1))
        upper, lower = a + (b - a) * x, c + (d - c) * x
        return upper + (lower - upper) * y, inside


def register(
    left: tuple[Level, ...], right: tuple[Level, ...], i: Ints, j: Ints, starts: Sequence[float]
) -> Registration:
    """Lay pictures of `left` onto pictures of `right`.

    Args:
        left, right: from `Level.pyramid`.
        i, j: int64 (p,), rows that make a pair.
        starts: sizes of the first in the second to begin with, 1 for the same; the best of what they come to goes on.

    Returns:
        The similarity of each pair on the pixels themselves.
    """
    count = len(i)
    best = Registration(
        np.ones(count, np.complex64), np.zeros(count, np.complex64), np.full(count, -1, np.float32),
        np.zeros(count, np.float32),
    )  # fmt: skip
    every = np.arange(count)
    for start in starts:
        begin = np.full(count, start, np.complex64), np.zeros(count, np.complex64)
        coarse = _registered_at(left[0], right[0], i, j, *begin, _STEPS[0])
        on = every[coarse.correlation >= _ENOUGH[0]]
        finer = _finer(left[1], right[1], i, j, coarse, on, _STEPS[1])
        better = finer.correlation > best.correlation[on]
        _put(best, on[better], finer, better)
    on = every[best.correlation >= _ENOUGH[1]]
    best.correlation[best.correlation < _ENOUGH[1]] = -1
    _put(best, on, _finer(left[2], right[2], i, j, best, on, _STEPS[2]), np.ones(len(on), bool))
    return best


def _finer(
    left: Level, right: Level, i: Ints, j: Ints, found: Registration, on: Ints, steps: int
) -> Registration:
    """What some pairs come to at the next level."""
    return _registered_at(left, right, i[on], j[on], found.turn[on], found.shift[on] * 2, steps)


def _put(found: Registration, at: Ints, other: Registration, which: NDArray[np.bool_]) -> None:
    for name in ("turn", "shift", "correlation", "shared"):
        getattr(found, name)[at] = getattr(other, name)[which]


def warp_onto(own: Pixels, other: Level, rows: Ints, turn: Complexes, shift: Complexes) -> Pixels:
    """uint8 (p, q): pictures of `other` as `own` frames them, in its brightness and contrast; `own` where they show nothing."""
    result = own.copy()
    for start in range(0, len(rows), _BATCH):
        some = slice(start, start + _BATCH)
        moved, inside = other.sampled(rows[some], turn[some, None] * other.places + shift[some, None])
        first, second, weight = _centred(own[some].astype(np.float32), moved, inside)
        gain = np.linalg.norm(first, axis=1) / np.maximum(np.linalg.norm(second, axis=1), 1e-3)
        change = (second * gain[:, None] - first) * weight
        result[some] = np.clip(np.rint(own[some] + change), 0, 255)
    return result


def _registered_at(
    left: Level, right: Level, i: Ints, j: Ints, turn: Complexes, shift: Complexes, steps: int
) -> Registration:
    """Some steps at one level, from a similarity in its pixels."""
    found = Registration(
        turn.copy(), shift.copy(), np.empty(len(i), np.float32), np.empty(len(i), np.float32)
    )
    for start in range(0, len(i), _BATCH):
        some = slice(start, start + _BATCH)
        batch = _batch(left, right, i[some], j[some], turn[some], shift[some], steps)
        found.turn[some], found.shift[some], found.correlation[some], found.shared[some] = batch
    return found


def _batch(
    left: Level, right: Level, i: Ints, j: Ints, turn: Complexes, shift: Complexes, steps: int
) -> tuple[Complexes, Complexes, Float32s, Float32s]:
    places = left.places
    template = left.rows[i].astype(np.float32)
    slopes = _slopes(template, left.side, places)
    for _ in range(steps):
        moved, inside = right.sampled(j, turn[:, None] * places + shift[:, None])
        own, other, weight = _centred(template, moved, inside)
        energy: Float32s = np.einsum("np,np->n", own, own)[:, None] + 1e-3
        agreement = np.einsum("np,np->n", own, other)[:, None]
        apart = other * (energy / np.maximum(agreement, energy / 10)) - own
        change = _change(slopes, weight, own, energy, apart)
        turn, shift = _composed(turn, shift, change, left.side)
    moved, inside = right.sampled(j, turn[:, None] * places + shift[:, None])
    own, other, weight = _centred(template, moved, inside)
    energy = np.einsum("np,np->n", own, own) * np.einsum("np,np->n", other, other)
    shared = weight.mean(axis=1)
    score = np.einsum("np,np->n", own, other) / np.sqrt(energy + 1e-3)
    return turn, shift, np.where(shared >= MIN_SHARED, score, np.float32(-1)), shared


def _slopes(template: Float32s, side: int, places: Complexes) -> Float32s:
    """float32 (p, 4, q): how each pixel changes as the picture grows, turns, and moves right and down."""
    shown = template.reshape(-1, side, side)
    down, right = (np.asarray(np.gradient(shown, axis=axis)).reshape(template.shape) for axis in (1, 2))
    x, y = places.real, places.imag
    return np.stack([right * x + down * y, down * x - right * y, right, down], axis=1)


def _centred(
    template: Float32s, moved: Float32s, inside: NDArray[np.bool_]
) -> tuple[Float32s, Float32s, Float32s]:
    """Both pictures with mean 0 where both show something, 0 elsewhere; and where that is, as 0 and 1."""
    weight = inside.astype(np.float32)
    count = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    own, other = (
        (values - np.einsum("np,np->n", values, weight)[:, None] / count) * weight
        for values in (template, moved)
    )
    return own, other, weight


def _change(slopes: Float32s, weight: Float32s, own: Float32s, energy: Float32s, apart: Float32s) -> Float32s:
    """float32 (p, 4): the change of the first picture that explains best what sets the second apart (Gauss-Newton);
    what brightness and contrast explain is left out."""
    count = np.maximum(weight.sum(axis=1), 1)[:, None, None]
    seen = slopes * weight[:, None]
    seen -= seen.sum(axis=2, keepdims=True) / count * weight[:, None]
    seen -= (seen @ own[:, :, None]) / energy[:, :, None] * own[:, None]
    square = seen @ seen.transpose(0, 2, 1)
    damping = 1e-3 * np.trace(square, axis1=1, axis2=2) / 4 + 1e-3
    square += damping[:, None, None] * np.eye(4, dtype=np.float32)
    return np.asarray(np.linalg.solve(square, seen @ apart[:, :, None])[:, :, 0])


def _composed(turn: Complexes, shift: Complexes, change: Float32s, side: int) -> tuple[Complexes, Complexes]:
    """A similarity after the inverse of a small change; unchanged where that would go too far."""
    by = 1 + change[:, 0] + 1j * change[:, 1]
    by = np.where(np.abs(by) > 0.3, by, 1)
    new_turn = turn / by
    new_shift = shift - new_turn * (change[:, 2] + 1j * change[:, 3])
    fine = np.abs(np.log(np.abs(new_turn))) < np.log(MAX_SCALE)
    fine &= (np.abs(np.angle(new_turn)) < MAX_TURN) & (np.abs(new_shift) < MAX_SHIFT * side)
    return np.where(fine, new_turn, turn).astype(np.complex64), np.where(fine, new_shift, shift).astype(
        np.complex64
    )
