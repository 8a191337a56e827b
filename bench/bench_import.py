"""Import and re-opening against what people usually write: a thread-pool loader, and a pickle of records.

Claim: importing 18,414 JPEG from a zip takes no longer than a plain loader with 8 threads that decodes,
converts and resizes the same files. Re-opening the dataset (manifest, and every pixel touched) is at least 3
times faster than loading the same records from a pickle; the pixels alone at least 10 times.

Ours and the peer take turns, five times each; the ratio is that of the medians. With FER_TEST_DATA set the
real four-class archive is read, else one of the same size is drawn.

    python bench/bench_import.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import io
import os
import pickle
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, import_dataset, open_dataset

COUNT = 18_414
THREADS = 8
SIZE = 48


@dataclass
class Record:
    """What a notebook keeps of one image."""

    path: str
    split: str
    label: str
    pixel_hash: str
    pixels: np.ndarray


def drawn_archive(target: Path) -> Path:
    """A zip of random soft blobs, as many and as large as the real set."""
    random = np.random.default_rng(7)
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(COUNT):
            small = random.integers(0, 256, (6, 6), dtype=np.uint8)
            file = io.BytesIO()
            Image.fromarray(small).resize((SIZE, SIZE), Image.Resampling.BICUBIC).save(file, "JPEG")
            split = "train" if number % 4 else "validation"
            label = ("happy", "sad", "neutral", "surprise")[number % 5 % 4]
            archive.writestr(f"faces/{split}/{label}/{number}.jpg", file.getvalue())
    return target


def plain_loader(path: Path) -> np.ndarray:
    """The peer: decode, convert, resize, with 8 threads."""
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".jpg")]

        def load(name: str) -> np.ndarray:
            with Image.open(io.BytesIO(archive.read(name))) as image:
                return np.asarray(image.convert("L").resize((SIZE, SIZE), Image.Resampling.LANCZOS))

        with ThreadPoolExecutor(THREADS) as pool:
            return np.stack(list(pool.map(load, names)))


def touch(pixels: np.ndarray) -> int:
    """Look at every pixel."""
    return int(np.bitwise_or.reduce(pixels.reshape(-1).view(np.uint64)))


def open_ours(workspace: Workspace) -> None:
    dataset = open_dataset(workspace, "faces0")
    dataset.manifest()
    touch(dataset.pixels())


def open_pickle(path: Path) -> None:
    with open(path, "rb") as file:
        records: list[Record] = pickle.load(file)  # noqa: S301 (the peer; our own file)
    for record in records:
        touch(record.pixels)


def write_pickle(dataset: Dataset, path: Path) -> None:
    table, pixels = dataset.manifest(), dataset.pixels()
    columns = (table[name] for name in ("path", "split", "label", "pixel_hash", "row"))
    rows = zip(*columns, strict=True)
    records = [Record(p, s, la, h, np.array(pixels[row])) for p, s, la, h, row in rows]
    with open(path, "wb") as file:
        pickle.dump(records, file)


def in_turns(rounds: int, *tasks: Callable[[], object]) -> list[float]:
    """Median seconds of each task; the tasks alternate, so that a busy moment hits all of them."""
    seconds: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for found, task in zip(seconds, tasks, strict=True):
            start = time.perf_counter()
            task()
            found.append(time.perf_counter() - start)
    return [statistics.median(found) for found in seconds]


def report(what: str, ours: float, peer: float, wanted: float) -> bool:
    ratio = peer / ours
    verdict = "ok" if ratio >= wanted else "BELOW"
    print(
        f"{what:<44} ours {ours:7.3f} s   peer {peer:7.3f} s   {ratio:5.2f}x (wanted {wanted:g}x) {verdict}"
    )
    return ratio >= wanted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        home = os.environ.get("FER_TEST_DATA")
        real = Path(home) / "capstone4" / "Facial_emotion_images.zip" if home else None
        archive = real if real and real.is_file() else drawn_archive(folder / "drawn.zip")
        workspace = Workspace(folder)
        turn = iter(range(rounds))
        ours, peer = in_turns(
            rounds,
            lambda: import_dataset(workspace, archive, f"faces{next(turn)}"),
            lambda: plain_loader(archive),
        )
        dataset = open_dataset(workspace, "faces0")
        print(f"{len(dataset.manifest()):,} images from {archive.name}")
        good = [report("import, against 8 threads", ours, peer, 1)]
        write_pickle(dataset, folder / "records.pickle")
        ours, peer, pixels = in_turns(
            2 * rounds,
            lambda: open_ours(workspace),
            lambda: open_pickle(folder / "records.pickle"),
            lambda: touch(dataset.pixels()),
        )
        good.append(report("manifest and every pixel, against a pickle", ours, peer, 3))
        good.append(report("every pixel, against a pickle", pixels, peer, 10))
        print(f"peak memory of this process {psutil.Process().memory_info().rss / 1e6:,.0f} MB")
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
