"""Faces of samples, drawn once for all tests that want the same; also for a command line in a process of its own:

python -m drawn_faces FOLDER sample --json

What is drawn is pinned by the version ids of `tests/data/test_sample.py`.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np

from fer_core.data.sample import make
from fer_core.jobs.reporter import ProgressFn

_draw = make._people


def keep(folder: Path) -> None:
    """From now on this process takes the faces from a folder, and leaves those it draws there."""

    def people(seed: int, emotions: list[str], progress: ProgressFn | None = None) -> np.ndarray:
        path = folder / f"{sha256(repr((seed, emotions)).encode()).hexdigest()}.npy"
        if not path.is_file():
            part = path.with_suffix(f".{os.getpid()}.npy")
            np.save(part, _draw(seed, emotions, progress))
            part.replace(path)
        return np.asarray(np.load(path))

    make._people = people


if __name__ == "__main__":
    from fer_core.cli import main

    keep(Path(sys.argv.pop(1)))
    main()
