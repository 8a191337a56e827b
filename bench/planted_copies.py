"""How many planted copies of each kind are found, and how many pairs of strangers pass.

    python bench/planted_copies.py --home FOLDER --dataset faces [--faces 2000]

Draws faces of a dataset that no other picture of it resembles, plants one changed copy of each, compares originals and
copies as the product does, and prints a row per kind: the share that is found at all, and up to the reach at which
copies are dropped. Pairs of different originals that pass are counted as false, per million pairs.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.duplicates import scan
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.phash import phashes
from fer_core.duplicates.reach import DISTANCE, SURE_DISTANCE
from fer_core.duplicates.scan import DistinctPictures
from fer_core.duplicates.scan_store import pair_table, pictures_of

Change = Callable[[Image.Image], Image.Image]
SIDE = 48


def affine(scale: float = 1.0, degrees: float = 0.0, dx: float = 0.0, dy: float = 0.0) -> Change:
    """Scaled and turned about the middle, then moved; shares of the width. What is not there repeats the border."""

    def change(face: Image.Image) -> Image.Image:
        margin = SIDE // 2
        wide = Image.fromarray(np.pad(np.asarray(face), margin, mode="edge"))
        c, s = np.cos(np.radians(degrees)) / scale, np.sin(np.radians(degrees)) / scale
        middle = wide.width / 2
        x0 = middle - c * (middle + dx * SIDE) - s * (middle + dy * SIDE)
        y0 = middle + s * (middle + dx * SIDE) - c * (middle + dy * SIDE)
        turned = wide.transform(
            wide.size, Image.Transform.AFFINE, (c, s, x0, -s, c, y0), Image.Resampling.BICUBIC
        )
        return turned.crop((margin, margin, margin + SIDE, margin + SIDE))

    return change


def crop(share: float) -> Change:
    """A share is cut off each side, and the rest blown up."""

    def change(face: Image.Image) -> Image.Image:
        cut = share * SIDE
        return face.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(cut, cut, SIDE - cut, SIDE - cut))

    return change


def jpeg(face: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    face.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("L")


def text(face: Image.Image) -> Image.Image:
    drawn = face.copy()
    ImageDraw.Draw(drawn).text((3, 30), "photos", fill=255)
    return drawn


def border(face: Image.Image) -> Image.Image:
    drawn = face.copy()
    ImageDraw.Draw(drawn).rectangle((0, 0, SIDE - 1, SIDE - 1), outline=0, width=2)
    return drawn


def mirrored(face: Image.Image) -> Image.Image:
    return face.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


KINDS: dict[str, Change] = {
    "JPEG, quality 30": jpeg,
    "brightness +30 %": lambda face: ImageEnhance.Brightness(face).enhance(1.3),
    "brightness -40 %": lambda face: ImageEnhance.Brightness(face).enhance(0.6),
    "contrast -50 %": lambda face: ImageEnhance.Contrast(face).enhance(0.5),
    "contrast +50 %": lambda face: ImageEnhance.Contrast(face).enhance(1.5),
    "mirrored": mirrored,
    "mirrored, JPEG 30": lambda face: jpeg(mirrored(face)),
    "moved by 2 % (1 pixel)": affine(dx=1 / SIDE, dy=1 / SIDE),
    "moved by 4 % (2 pixels)": affine(dx=2 / SIDE, dy=-2 / SIDE),
    "moved by 6 % (3 pixels)": affine(dx=3 / SIDE),
    "moved by 8 % (4 pixels)": affine(dx=4 / SIDE),
    "moved by 12 % (6 pixels)": affine(dx=0.12),
    "larger by 3 %": affine(scale=1.03),
    "larger by 5 %": affine(scale=1.05),
    "larger by 10 %": affine(scale=1.10),
    "larger by 15 %": affine(scale=1.15),
    "smaller by 10 %": affine(scale=0.90),
    "turned by 2 degrees": affine(degrees=2),
    "turned by 5 degrees": affine(degrees=5),
    "turned by 10 degrees": affine(degrees=10),
    "cropped by 2 % a side": crop(0.02),
    "cropped by 5 % a side": crop(0.05),
    "cropped by 10 % a side": crop(0.10),
    "text across": text,
    "black border, 2 pixels": border,
}


def alone(pictures: DistinctPictures, count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Pictures that resemble no other one, uint8 (count, 48, 48)."""
    found = [scan.extend_scan(None, pictures, kind) for kind in ("near", "mirrored")]
    crowd = np.unique(np.concatenate([end for one in found for end in (one.first, one.second)]))
    free = np.setdiff1d(np.arange(len(pictures.names)), crowd)
    chosen = np.random.default_rng(seed).choice(free, min(count, len(free)), replace=False)
    return pictures.pixels[np.sort(chosen)]


def compared(pixels: NDArray[np.uint8]) -> pd.DataFrame:
    """The pairs that pass; `first` and `second` are places in the pixels."""
    names = np.array([f"{number:08d}" for number in range(len(pixels))], "S8")
    pictures = DistinctPictures(names, np.arange(len(pixels)), phashes(pixels)[0], pixels)
    kinds = ("near", "mirrored")
    pairs = confirmed_pairs(
        pair_table({kind: scan.extend_scan(None, pictures, kind) for kind in kinds}), DISTANCE
    )
    return pairs.assign(first=pairs["first"].astype(int), second=pairs["second"].astype(int))


def planted(originals: NDArray[np.uint8], change: Change) -> tuple[float, float, int]:
    """Share found, share found up to `SURE_DISTANCE`, and pairs of different originals that pass."""
    count = len(originals)
    copies = np.stack([np.asarray(change(Image.fromarray(face)), dtype=np.uint8) for face in originals])
    pairs = compared(np.concatenate([originals, copies]))
    own = pairs["second"] - pairs["first"] == count
    sure = own & (pairs["distance"] <= SURE_DISTANCE)
    return float(own.sum() / count), float(sure.sum() / count), int((~own).sum())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--faces", type=int, default=2000)
    options = parser.parse_args()
    dataset = open_dataset(Workspace(options.home), options.dataset)
    originals = alone(pictures_of(dataset.manifest(), dataset.pixels()), options.faces)
    strangers = 2 * len(originals) * (2 * len(originals) - 1) // 2 - len(originals)
    print(
        f"{len(originals):,} faces\n\n| planted | found | up to {SURE_DISTANCE} bits | false pairs per million |"
    )
    print("| --- | --- | --- | --- |")
    for kind, change in KINDS.items():
        share, sure, wrong = planted(originals, change)
        print(f"| {kind} | {share:.1%} | {sure:.1%} | {1e6 * wrong / strangers:.2f} |", flush=True)


if __name__ == "__main__":
    main()
