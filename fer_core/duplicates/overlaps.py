"""Short vectors whose product is never below the correlation of two pictures, at every alignment.

Let x and y be what two pictures share at one alignment, with mean 0 and length 1, and P an orthogonal projection.
Then <x, y> = <Px, Py> + <x - Px, y - Py>, and by Cauchy-Schwarz the last term is at most |x - Px| |y - Py|. So Px with
the length of the rest appended is a vector of a few numbers whose product bounds a correlation of 2,304 from above:
pairs below a limit can be left out without looking at them, and none is missed. The better P keeps what pictures
differ in, the fewer pairs remain; here it is the principal components of their lowest cosines, a few for all pairs,
and more for those that remain. Which P it is changes the time, never the result.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy  # its parts load when first used
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fer_core.base.arrays import Float32s
from fer_core.duplicates.correlation import MAX_SHIFT, OFFSETS, window

ROUNDING = 2e-4
"""What single precision may take from a bound; subtract it from a limit."""
_SIDE = 16  # frequencies along each axis
_SAMPLE = 1024
_BLOCK = 256
_LEVELS = (23, 24, 64)  # components of each bound; with the rest, 24 numbers multiply quickest
_FAINT = 100.0  # sum of squares below which single precision says nothing about a part of a picture
_SLACK = 1e-6
_SHIFTS = range(-MAX_SHIFT, MAX_SHIFT + 1)


@dataclass(frozen=True)
class Overlaps:
    """The vectors of n pictures at every offset of `correlation.OFFSETS`, moved by it.

    Attributes:
        levels: float32 (offsets, n, k + 1) each; the product of two vectors of the first bounds their correlation. Without
            their last number, the length of the rest, and with those of the next level, they bound it more tightly.
        odd: bool (components,), which of them change their sign when pictures are mirrored.
        turn: float32 (offsets, frequencies, components), from the lowest cosines to the components; both sides need the same.
    """

    levels: tuple[Float32s, ...]
    odd: NDArray[np.bool_]
    turn: Float32s

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], other: Overlaps | None = None) -> Overlaps:
        """The vectors of pictures uint8 (n, h, w), to be multiplied with `other`."""
        # One thread a block: OpenBLAS' own threads would only wait for each other over products as small as these.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            turn, odd = (other.turn, other.odd) if other else _components(pixels)
            sizes = np.diff(np.minimum(np.append(0, np.cumsum(_LEVELS)), len(odd)))
            shapes = [(len(OFFSETS), len(pixels), int(size) + 1) for size in sizes]
            vectors = cls(tuple(np.empty(shape, np.float32) for shape in shapes), odd, turn)
            list(pool.map(lambda start: vectors._fill(pixels, start), range(0, len(pixels), _BLOCK)))
        return vectors

    def _fill(self, pixels: NDArray[np.uint8], start: int) -> None:
        """The vectors of one block of pictures."""
        block = pixels[start : start + _BLOCK]
        energy = _energy(block)
        faint = energy < _FAINT
        scale = 1 / np.sqrt(np.where(faint, np.inf, energy))
        whole = np.where(energy > 0, 1e6, 0)
        for number, cosines in enumerate(_cosines(block)):
            low = (cosines @ self.turn[number]) * scale[number].astype(np.float32)[:, None]
            square = np.square(low).cumsum(axis=1)
            begin = 0
            for vectors in self.levels:
                end = begin + vectors.shape[2] - 1
                vectors[number, start : start + len(block), :-1] = low[:, begin:end]
                rest = np.sqrt(np.maximum(0, 1 - square[:, end - 1]) + _SLACK) if end else 1.0
                # Too faint to be bounded: whatever it meets is correlated. Even gray correlates with nothing.
                vectors[number, start : start + len(block), -1] = np.where(faint[number], whole[number], rest)
                begin = end

    def mirrored(self) -> Overlaps:
        """The vectors of the same pictures mirrored left to right, and then moved."""
        at = [OFFSETS.index((dy, -dx)) for dy, dx in OFFSETS]
        signs = np.where(self.odd, -1, 1).astype(np.float32)
        levels = []
        for vectors in self.levels:
            sign, signs = np.split(signs, [vectors.shape[2] - 1])
            levels.append(vectors[at] * np.append(sign, 1).astype(np.float32))
        return Overlaps(tuple(levels), self.odd, self.turn)

    def take(self, order: NDArray[np.int64]) -> Overlaps:
        """The vectors of some of the pictures."""
        return Overlaps(tuple(vectors[:, order] for vectors in self.levels), self.odd, self.turn)


def _energy(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """float64 (offsets, n): sum of squares of each overlap about its mean; sums of whole numbers, so exact."""
    height, width = pixels.shape[1:]
    shown = pixels.astype(np.float64)
    down, across = _covered(height), _covered(width)
    once, twice = (down @ values @ across.T for values in (shown, np.square(shown)))
    area = down.sum(axis=1)[:, None] * across.sum(axis=1)
    places = [(dy + MAX_SHIFT, dx + MAX_SHIFT) for dy, dx in OFFSETS]
    apart = twice - np.square(once) / area
    result = np.stack([apart[:, y, x] for y, x in places])
    result[result < 0.5] = 0  # one pixel of one level is nearly 1
    return np.asarray(result, dtype=np.float64)


@cache
def _covered(size: int) -> NDArray[np.float64]:
    """float64 (shifts, size): 1 where the overlap lies along one axis."""
    result = np.zeros((len(_SHIFTS), size))
    for number, shift in enumerate(_SHIFTS):
        result[number, window(size, size, shift, 0)[0]] = 1
    return result


@cache
def _axis(size: int) -> Float32s:
    """float32 (shifts * frequencies, size): the lowest cosines of the overlap along one axis, 0 around it."""
    result = np.zeros((len(_SHIFTS), min(_SIDE, size - MAX_SHIFT), size), np.float32)
    for number, shift in enumerate(_SHIFTS):
        waves = scipy.fft.dct(np.eye(size - abs(shift)), axis=0, norm="ortho")
        result[number, :, window(size, size, shift, 0)[0]] = waves[: result.shape[1]]
    return result.reshape(-1, size)


def _cosines(pixels: NDArray[np.uint8]) -> Float32s:
    """float32 (offsets, n, frequencies): the lowest cosines of each overlap; the first is their mean."""
    height, width = pixels.shape[1:]
    down, across = _axis(height), _axis(width)
    shown = pixels.astype(np.float32)
    shown -= shown.mean(axis=(1, 2), keepdims=True)
    both = down @ (shown.reshape(-1, width) @ across.T).reshape(len(pixels), height, len(across))
    shifts = len(_SHIFTS)
    each = both.reshape(len(pixels), shifts, len(down) // shifts, shifts, len(across) // shifts)
    parts = [each[:, dy + MAX_SHIFT, :, dx + MAX_SHIFT].reshape(len(pixels), -1) for dy, dx in OFFSETS]
    return np.stack(parts)


def _components(pixels: NDArray[np.uint8]) -> tuple[Float32s, NDArray[np.bool_]]:
    """`Overlaps.turn` and `Overlaps.odd`: the directions in which pictures differ most, those first.

    The same ones for all overlaps of one size, and odd ones at the same numbers: so that pictures moved against each other
    can be multiplied, and mirroring is a change of signs."""
    count = min(_SAMPLE, len(pixels))
    some = pixels[np.linspace(0, len(pixels) - 1, count).astype(np.int64)]
    cosines = dict(zip(OFFSETS, _cosines(some), strict=True))
    wide = min(_SIDE, pixels.shape[2] - MAX_SHIFT)
    is_odd = np.arange(cosines[0, 0].shape[1]) % wide % 2 == 1
    sides = [np.flatnonzero(~is_odd)[1:], np.flatnonzero(is_odd)]  # without the mean
    sizes = {(dy, dx): _directions(cosines[dy, dx], sides) for dy, dx in OFFSETS if dy >= 0 and dx >= 0}
    values = np.concatenate([values for values, _ in sizes[0, 0]])
    parity = np.repeat([False, True], [len(side) for side in sides])
    odd = parity[np.argsort(-values, kind="stable")][: sum(_LEVELS)]
    turn = np.zeros((len(OFFSETS), len(is_odd), len(odd)), np.float32)
    for number, (dy, dx) in enumerate(OFFSETS):
        for side, places, (_, found) in zip(sides, (~odd, odd), sizes[abs(dy), abs(dx)], strict=True):
            turn[number][np.ix_(side, np.flatnonzero(places))] = found[:, : int(places.sum())]
    return turn, odd


def _directions(low: Float32s, sides: list[NDArray[np.int64]]) -> list[tuple[Float32s, Float32s]]:
    """Of even and of odd cosines float32 (n, frequencies): variances and principal components, the largest first."""
    low = low / np.maximum(np.sqrt(np.square(low).sum(axis=1, keepdims=True)), 1)
    found = [np.linalg.eigh(low[:, side].T @ low[:, side]) for side in sides]
    return [(values[::-1], vectors[:, ::-1]) for values, vectors in found]
