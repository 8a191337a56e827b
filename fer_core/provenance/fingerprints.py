"""Which pictures belong to a public set, without holding any of them.

`known_sets.npz` holds Bloom filters (Bloom, 1970) of hashes: one of the pixel hashes and one of the perceptual
hashes of each set. A filter answers "is this hash one of them" and nothing else; neither a hash nor a picture can
be had back from it. An answer of "yes" is wrong for about one picture in 300, "no" never is.

    python -m fer_core.provenance.fingerprints fer2013=DATASET capstone4=DATASET    # writes the file from imported sets
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.atomic import write_atomic
from fer_core.base.workspace import current
from fer_core.data.manifest import readable

FILE = Path(__file__).with_name("known_sets.npz")
_BITS_PER_KEY = 12
_PROBES = 8
_FEWEST = 64  # keys a filter is made for at least: the share of false answers holds for many only
FALSE_SHARE = 0.0032
"""Share of foreign hashes a filter takes for its own: (1 - exp(-probes / bits per key)) ** probes."""
_ODD = np.uint64(
    0x9E3779B97F4A7C15
)  # splitmix64 (Steele et al., 2014): spreads hashes whose bits are not even


@dataclass(frozen=True)
class BloomFilter:
    """A set of 64-bit hashes that can only be asked.

    Attributes:
        bits: uint8 (size // 8,).
        keys: different hashes that were put in.
    """

    bits: NDArray[np.uint8]
    keys: int

    @classmethod
    def of(cls, hashes: NDArray[np.uint64]) -> BloomFilter:
        """A filter of these hashes, uint64 (n,)."""
        distinct = np.unique(hashes)
        flags = np.zeros(-(-max(len(distinct), _FEWEST) * _BITS_PER_KEY // 8) * 8, bool)
        flags[_places(distinct, len(flags))] = True
        return cls(np.packbits(flags), len(distinct))

    def holds(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each hash is one of them: bool (n,)."""
        flags = np.unpackbits(self.bits).astype(bool)
        return np.asarray(flags[_places(hashes, len(flags))].all(axis=1))


@dataclass(frozen=True)
class Fingerprint:
    """What of a public set is known.

    Attributes:
        images: of the set went in, copies counted; a set may have more.
        pixels: hashes of decoded pixels: the very same picture, in whatever lossless format.
        looks: perceptual hashes: the same picture, also when encoded again.
    """

    images: int
    pixels: BloomFilter
    looks: BloomFilter


def pixel_keys(manifest: pd.DataFrame) -> NDArray[np.uint64]:
    """The first 64 bits of each row's pixel hash, uint64 (n,)."""
    digits = "".join(manifest["pixel_hash"].str[:16].to_list())
    return np.frombuffer(bytes.fromhex(digits), ">u8").astype(np.uint64)


def fingerprint_of(manifest: pd.DataFrame) -> Fingerprint:
    """The fingerprint of a version's readable images."""
    rows = readable(manifest)
    return Fingerprint(
        len(rows), BloomFilter.of(pixel_keys(rows)), BloomFilter.of(rows["phash"].to_numpy(np.uint64))
    )


def pack(prints: dict[str, Fingerprint]) -> bytes:
    """Fingerprints as the bytes of an `.npz` file."""
    arrays: dict[str, Any] = {}
    for key, found in prints.items():
        arrays[f"{key}.pixels"], arrays[f"{key}.looks"] = found.pixels.bits, found.looks.bits
        arrays[f"{key}.sizes"] = np.array([found.images, found.pixels.keys, found.looks.keys], np.int64)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, Fingerprint]:
    """Undo `pack`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        keys = [name.removesuffix(".sizes") for name in found.files if name.endswith(".sizes")]
        result = {}
        for key in keys:
            images, pixels, looks = map(int, found[f"{key}.sizes"])
            result[key] = Fingerprint(
                images, BloomFilter(found[f"{key}.pixels"], pixels), BloomFilter(found[f"{key}.looks"], looks)
            )
        return result


@lru_cache(maxsize=1)
def shipped() -> dict[str, Fingerprint]:
    """The fingerprints that come with the program, by key of `known_sets`."""
    return unpack(FILE.read_bytes())


def _places(hashes: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """The bits that stand for each hash, int64 (n, probes): double hashing (Kirsch and Mitzenmacher, 2006)."""
    mixed = _mix(hashes)
    first, second = mixed % np.uint64(size), (_mix(mixed + _ODD) | np.uint64(1)) % np.uint64(size)
    steps = np.arange(_PROBES, dtype=np.uint64)
    return ((first[:, None] + steps * second[:, None]) % np.uint64(size)).astype(np.int64)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = values.astype(np.uint64) + _ODD
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _write(words: list[str]) -> None:
    from fer_core.data.datasets import open_dataset

    named = dict(word.split("=", 1) for word in words)
    prints = {
        key: fingerprint_of(open_dataset(current(), name).manifest("v1"))
        for key, name in sorted(named.items())
    }
    write_atomic(FILE, pack(prints))


if __name__ == "__main__":
    _write(sys.argv[1:])
