"""Makes `frames.npz`, the principal components of faces that copies in another frame are searched with.

    python models/shipped/frames.py FOLDER

FOLDER holds FER2013's `Training` pictures, as `fer2013.zip` has them; the file holds their means and directions, no picture.
Mirrored pictures count as much, so that a picture is as like a mirrored one as the mirrored picture is like it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fer_core.base.arrays import Float32s
from fer_core.duplicates.frame_vectors import described

PICTURES = 10_000
COMPONENTS = (96, 64)  # of the gradients, and of the Fourier amplitudes


def principal(values: Float32s, components: int) -> tuple[Float32s, Float32s]:
    """The mean float32 (d,) and directions float32 (d, components) that make values (n, d) of variance about 1 each."""
    mean = values.mean(axis=0)
    spread, found = np.linalg.eigh(np.cov((values - mean).T))
    spread, found = spread[::-1][:components], found[:, ::-1][:, :components]
    return mean, np.asarray(found / np.sqrt(spread + 1e-3 * spread[0]), np.float32)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = sorted(Path(sys.argv[1]).rglob("*.png"))
    chosen = np.random.default_rng(0).permutation(len(files))[:PICTURES]
    pixels = np.stack([np.asarray(Image.open(files[at]).convert("L")) for at in np.sort(chosen)])
    pixels = np.concatenate([pixels, pixels[:, :, ::-1]])
    made = {}
    for name, values, components in zip(
        ("gradients", "amplitudes"), described(pixels), COMPONENTS, strict=True
    ):
        made[f"mean_{name}"], made[f"directions_{name}"] = principal(values, components)
    target = Path(__file__).with_name("frames.npz")
    np.savez_compressed(target, **{name: values.astype(np.float16) for name, values in made.items()})
    print(f"{len(pixels):,} pictures, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
