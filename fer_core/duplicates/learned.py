"""Which pictures a model has learned, told from hashes that are kept beside it: `learned.npz` beside `model.onnx`.

Two perceptual hashes per picture, pHash of its coarse shape and dHash of its gradients (64 bits each), from which no
picture can be made. A picture counts as learned when, as it is or mirrored, both together differ from those of one
learned picture in at most `REACH` bits: equal pixels differ in none, the same picture compressed again in few.

REACH was chosen on FER2013 and its re-compressed four-class set, where the rows that were learned are known (none of
35,116 is missed), by which mistake is worse: a learned picture taken for a new one is judged from memory; a new one taken
for a learned one is judged by the other methods. The guide to labels tells the figures.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_core.base.atomic import write_atomic
from fer_core.base.errors import ModelFileError
from fer_core.duplicates.hash_kinds import hashes
from fer_core.duplicates.phash import hamming_pairs, phashes

FILE = "learned.npz"
REACH = 16
"""Bits of 128."""


@dataclass(frozen=True)
class LearnedPictures:
    """Hashes of the pictures a model was trained on: uint64 (n,) each."""

    phash: NDArray[np.uint64]
    dhash: NDArray[np.uint64]

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> LearnedPictures:
        """Of uint8 (n, size, size) gray pictures."""
        return cls(phashes(pixels)[0], hashes(pixels, "dhash"))

    @classmethod
    def beside(cls, model: Path) -> LearnedPictures:
        """What is kept beside a model.

        Raises:
            ModelFileError: nothing, a damaged file, or one of another model.
        """
        path = model.with_name(FILE)
        try:
            with np.load(path, allow_pickle=False) as found:
                kept = cls(found["phash"], found["dhash"])
                own = found["model"].tobytes()
        except (OSError, ValueError, KeyError) as error:
            raise ModelFileError(
                "Nobody can say which pictures this model has learned, so it may judge none",
                received=path,
                hint="Use the method quick, or build the model again: it writes the file",
            ) from error
        if own != _digest(model):
            raise ModelFileError(
                f"{path.name} is of another model than {model.name} beside it", received=path
            )
        return kept

    def save(self, model: Path) -> Path:
        """Keep it beside a model, which must be there already."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, phash=self.phash, dhash=self.dhash, model=np.frombuffer(_digest(model), np.uint8)
        )
        write_atomic(model.with_name(FILE), buffer.getvalue())
        return model.with_name(FILE)

    def has(self, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool (n,): which of uint8 (n, size, size) gray pictures were learned, or a copy of them was."""
        result = np.zeros(len(pixels), dtype=bool)
        for seen in (pixels, np.ascontiguousarray(pixels[:, :, ::-1])):
            asked = LearnedPictures.of(seen)
            for i, j, bits in hamming_pairs(asked.phash, self.phash, REACH):
                apart = bits + np.bitwise_count(asked.dhash[i] ^ self.dhash[j])
                result[i[apart <= REACH]] = True
        return result


def digest(model: Path) -> str:
    """Tells one model file from another: the start of the SHA-256 of its bytes, hexadecimal."""
    return _digest(model).hex()[:16]


def _digest(model: Path) -> bytes:
    return hashlib.sha256(model.read_bytes()).digest()
