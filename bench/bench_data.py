"""Data in: quality checks and hashes against cleanvision, opening a large manifest, memory of an import.

Claim: all quality checks and hashes of 18,414 JPEG files, from the files on, take a tenth of the time of cleanvision's
find_issues for the same checks. Opening a manifest of 100,000 rows and counting it takes under 1 s. Importing 28,711
images stays under 1.5 GB of memory.

Ours is an import (decoding, exact and perceptual hashes, and a manifest besides) and `run_checks`; each round makes a new
dataset. The peer runs as a process of its own with as many workers as there are processors, the time is that of
find_issues alone, once. It runs under the Python that FER_PEER_PYTHON names, else this one, and is left out, saying so,
where that has no cleanvision (python -m venv peer && peer/bin/pip install cleanvision==0.3.7). Per check it is told how many
images each flags and how far the scores are apart. With FER_TEST_DATA set the real sets are read, else as many images are drawn.

    python bench/bench_data.py [--rounds 3] [--rows 100000]
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.workspace import Workspace
from fer_core.checks.checks import CHECKS, run_checks, summary
from fer_core.data.datasets import Dataset, describe, import_dataset, open_dataset
from fer_core.data.manifest import image_id
from fer_core.data.save_version import save_version

ROOT = Path(__file__).resolve().parent.parent
CHECKED, IMPORTED = 18_414, 28_711
PEER = """
import os, sys, time
from cleanvision import Imagelab
lab = Imagelab(data_path=sys.argv[1])
start, before = time.perf_counter(), sum(os.times()[:4])
lab.find_issues(verbose=False)
print("seconds", time.perf_counter() - start, sum(os.times()[:4]) - before)
lab.issues.rename_axis("path").to_csv(sys.argv[2])
"""
IMPORT = """
import resource, sys
from pathlib import Path
from fer_core.data.datasets import import_dataset
from fer_core.base.workspace import Workspace
found = import_dataset(Workspace(Path(sys.argv[1])), Path(sys.argv[2]), "memory")
print(len(found.manifest()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def archive(name: str, folder: Path, count: int, form: str) -> Path:
    """The real archive of that name, or one of as many drawn images."""
    home = os.environ.get("FER_TEST_DATA")
    if home and (Path(home) / name).is_file():
        return Path(home) / name
    random, target = np.random.default_rng(7), folder / Path(name).name
    with zipfile.ZipFile(target, "w") as packed:
        for number in range(count):
            file = io.BytesIO()
            small = Image.fromarray(random.integers(0, 256, (6, 6), dtype=np.uint8))
            small.resize((48, 48), Image.Resampling.BICUBIC).save(file, form)
            label = ("happy", "sad", "neutral", "surprise")[number % 4]
            packed.writestr(f"train/{label}/{number}.{'jpg' if form == 'JPEG' else 'png'}", file.getvalue())
    return target


def told(what: str, value: str, wanted: str, good: bool) -> bool:
    print(f"{what:<58} {value:>18}   (wanted {wanted}) {'ok' if good else 'MISSED'}", flush=True)
    return good


def peer_seconds(files: Path, table: Path) -> tuple[float, float] | None:
    """Seconds and processor seconds of cleanvision's find_issues, which leaves its table; None where it is not installed."""
    python = os.environ.get("FER_PEER_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import cleanvision"], capture_output=True).returncode:
        print("cleanvision is not installed: no ratio. Name a Python that has it in FER_PEER_PYTHON.")
        return None
    done = subprocess.run(
        [python, "-c", PEER, str(files), str(table)], capture_output=True, text=True, check=True
    )
    words = next(line for line in done.stdout.splitlines() if line.startswith("seconds")).split()
    return float(words[1]), float(words[2])


def agreement(ours: pd.DataFrame, manifest: pd.DataFrame, files: Path, theirs: pd.DataFrame) -> None:
    """Which images each flags, check by check, and how far the scores are apart."""
    paths = manifest.set_index("image_id")["path"]
    own = ours.set_axis([str((files / paths[i]).resolve()) for i in ours.index])
    theirs = theirs.set_axis([str(Path(p).resolve()) for p in theirs["path"]]).reindex(own.index)
    print(f"{'check':<18} {'ours':>7} {'theirs':>7} {'both':>7}  agree   largest difference of scores")
    for check in CHECKS:
        flag, score = f"is_{check.name}_issue", f"{check.name}_score"
        if flag not in theirs:
            print(f"{check.name:<18} cleanvision has no such column")
            continue
        a, b = own[flag].to_numpy(bool), theirs[flag].to_numpy(bool)
        apart = float(np.nanmax(np.abs(own[score].to_numpy() - theirs[score].to_numpy(float))))
        print(
            f"{check.name:<18} {a.sum():>7,} {b.sum():>7,} {(a & b).sum():>7,}  {(a == b).mean():6.2%}  {apart:.1e}"
        )
    print(
        "grayscale differs on purpose: theirs flags every gray image, ours gray among colour; in a gray set that is none."
    )


def checks(folder: Path, rounds: int) -> bool:
    """Ours from the files on, against the peer."""
    files = folder / "files"
    with zipfile.ZipFile(archive("capstone4/Facial_emotion_images.zip", folder, CHECKED, "JPEG")) as packed:
        packed.extractall(files)
    seconds, alone, work = [], [], []
    for number in range(rounds):
        start, before = time.perf_counter(), time.process_time()
        dataset = import_dataset(Workspace(folder / "home"), files, f"faces{number}")
        middle = time.perf_counter()
        table = run_checks(dataset)
        seconds.append(time.perf_counter() - start)
        alone.append(time.perf_counter() - middle)
        work.append(time.process_time() - before)
    print(
        f"{len(table):,} images; flagged: "
        + ", ".join(f"{k} {v['flagged']:,}" for k, v in summary(table).items())
    )
    ours = statistics.median(seconds)
    print(
        f"ours {ours:.2f} s, of which the checks alone {statistics.median(alone):.2f} s; {statistics.median(work):.2f} s of "
        f"processor time (median of {rounds})"
    )
    found = peer_seconds(files, folder / "peer.csv")
    if found is None:
        return True
    peer, peer_work = found
    agreement(table, dataset.manifest(), files, pd.read_csv(folder / "peer.csv"))
    print(f"processor time: peer {peer_work:.1f} s, {peer_work / statistics.median(work):.1f}x ours")
    what = f"checks and hashes from the files on, peer {peer:.1f} s"
    return told(what, f"{peer / ours:.1f}x", "10x", peer >= 10 * ours)


def large(dataset: Dataset, rows: int) -> Dataset:
    """The dataset with a version of so many rows, its images over and over under new names."""
    table = dataset.manifest()
    times = -(-rows // len(table))
    many = pd.concat([table] * times, ignore_index=True).head(rows)
    many["path"] = [f"{i}/{path}" for i, path in enumerate(many["path"])]
    many["image_id"] = [image_id("main", path) for path in many["path"]]
    save_version(dataset, many, parent=dataset.head, operation="bench")
    return dataset


def opening(folder: Path, rows: int) -> bool:
    """A warm open: the dataset, its manifest, its counts."""
    workspace = Workspace(folder / "home")
    large(open_dataset(workspace, "faces0"), rows)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        dataset = open_dataset(workspace, "faces0")
        found = describe(dataset)
        seconds.append(time.perf_counter() - start)
    assert found["images"] == rows
    best = statistics.median(seconds)
    limit = 1.0 if rows <= 100_000 else 2.0 * rows / 100_000
    return told(
        f"open and count a manifest of {rows:,} rows", f"{best:.2f} s", f"under {limit:g} s", best < limit
    )


def memory(folder: Path) -> bool:
    """Peak memory of an import in a process of its own."""
    source = archive("fer2013/fer2013.zip", folder, IMPORTED, "PNG")
    command = [sys.executable, "-c", IMPORT, str(folder / "other"), str(source)]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    images, peak = int(out[0]), float(out[1])
    return told(
        f"peak memory of importing {images:,} images", f"{peak:,.0f} MB", "under 1,500 MB", peak < 1500
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = [checks(folder, options.rounds), opening(folder, options.rows), memory(folder)]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
