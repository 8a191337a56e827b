"""Finding copies as the product does, against imagededup and fastdup, and a million pictures.

On the same files in the same run: an import and every near and mirrored copy, confirmed by pixels, at the default reach; bars
10 s on 2 cores for 18,414 images after the import (20 s for FER2013's 28,711 with `--set fer2013`). The peers propose
pairs by hashes or features alone; how many of the confirmed copies imagededup knows is printed beside its time. All pairs
among hashes: at least 100 times faster than imagededup's brute_force_cython, hashing included 25 times. 1,000,000 pictures
at the reach of large sets (`reach.PROPOSED`), every alignment: under 5 minutes and 4 GB, no planted pair missed.

The peers live in an environment of their own (`--peers`, made where it is missing), never in the requirements.
imagededup imports PyTorch for a method that is not used here: that import is stubbed. Without FER_TEST_DATA soft blobs
of the same number stand for the set. One trial each: the ratios are large; the load of the machine is printed.

    python bench/bench_duplicates.py [--set capstone4|fer2013] [--peers FOLDER] [--limit IMAGES]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset
from fer_core.duplicates import reach
from fer_core.duplicates.groups import confirmed_pairs, find_copies
from fer_core.duplicates.hash_kinds import hashes
from fer_core.duplicates.phash import hamming_pairs
from fer_core.duplicates.proposed import proposed_pairs
from fer_core.duplicates.scan import KEPT
from fer_core.duplicates.scan_store import compared_pairs

DISTANCE = 10  # imagededup's default
MILLION, ALIGNMENTS = 1_000_000, 51  # near, 26 with the picture as it is, and mirrored, 25
SETS = {
    "capstone4": ("capstone4/Facial_emotion_images.zip", 18_414, 10),
    "fer2013": ("fer2013/fer2013.zip", 28_711, 20),
}
"""File of FER_TEST_DATA, images where there is none, and the seconds within which all copies are to be found."""
PACKAGES = (
    ["fastdup"],
    ["--no-deps", "imagededup"],
    ["scikit-learn", "scipy", "pywavelets", "tqdm", "pillow", "matplotlib"],
)
IMAGEDEDUP = """
import json, sys, time, types
for name, what in (("methods.cnn", "CNN"), ("utils.models", "CustomModel")):  # they import PyTorch
    stub = sys.modules["imagededup." + name] = types.ModuleType("imagededup." + name)
    setattr(stub, what, None)
from imagededup.methods import PHash
if __name__ == "__main__":
    began = time.perf_counter()
    method = PHash(verbose=False)
    codes = method.encode_images(sys.argv[1])
    hashed = time.perf_counter()
    found = method.find_duplicates(
        encoding_map=codes, max_distance_threshold=int(sys.argv[2]), search_method="brute_force_cython")
    done = time.perf_counter()
    pairs = sorted({tuple(sorted((a, b))) for a, others in found.items() for b in others})
    print("RESULT" + json.dumps({"hash": hashed - began, "search": done - hashed, "pairs": pairs, "hashes": len(codes)}))
"""
FASTDUP = """
import json, sys, time, fastdup
if __name__ == "__main__":
    began = time.perf_counter()
    fastdup.create(work_dir=sys.argv[2], input_dir=sys.argv[1]).run(ccthreshold=0.9, overwrite=True)
    print("RESULT" + json.dumps({"all": time.perf_counter() - began}))
"""


def extracted(folder: Path, archive: Path | None, limit: int) -> Path:
    """A flat folder of files: those of an archive, else drawn ones."""
    folder.mkdir(parents=True)
    if archive and archive.is_file():
        with zipfile.ZipFile(archive) as file:
            names = sorted(n for n in file.namelist() if n.endswith((".jpg", ".png")))[:limit]
            for name in names:
                (folder / name.replace("/", "_")).write_bytes(file.read(name))
        return folder
    random = np.random.default_rng(7)
    for number in range(limit):
        small = Image.fromarray(random.integers(0, 256, (8, 8), dtype=np.uint8))
        small.resize((48, 48), Image.Resampling.BICUBIC).save(folder / f"{number}.jpg")
    return folder


def peer(python: Path, code: str, *arguments: object) -> dict[str, Any] | str:
    """What a peer measured, or why it could not."""
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch) / "peer.py"
        script.write_text(code)
        command = [str(python), str(script), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=scratch, env={**os.environ, "PYTHONPATH": ""}
        )
    if "RESULT" not in done.stdout:
        return (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
    found: dict[str, Any] = json.loads(done.stdout.split("RESULT")[1].splitlines()[0])
    return found


def environment(folder: Path) -> Path:
    """The Python of the peers' environment, made where it is missing."""
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True)
        for packages in PACKAGES:
            subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=False)
    return python


def report(what: str, ours: float, theirs: float, wanted: float) -> bool:
    ratio = theirs / ours
    verdict = "ok" if ratio >= wanted else "BELOW"
    print(
        f"{what:<52} ours {ours:7.3f} s   peer {theirs:7.2f} s   {ratio:7.1f}x (wanted {wanted:g}x) {verdict}"
    )
    return ratio >= wanted


def pair_count(codes: np.ndarray, distance: int) -> int:
    return sum(int((i < j).sum()) for i, j, _ in hamming_pairs(codes, codes, distance))


def bar(what: str, good: bool) -> bool:
    print(what, "ok" if good else "BELOW")
    return good


def million() -> bool:
    """A million small pictures with random hashes and planted copies: time, memory, and whether one was missed."""
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (MILLION, 6, 6), dtype=np.uint8)
    still = random.integers(0, 2**64, MILLION, dtype=np.uint64, endpoint=False)
    planted = random.permutation(MILLION)[:40_000].reshape(-1, 2)
    pixels[planted[:, 1]] = pixels[planted[:, 0]]
    for bits in range(reach.PROPOSED_DISTANCE + 1):
        part = planted[bits :: reach.PROPOSED_DISTANCE + 1]
        flips = np.argsort(random.random((len(part), 64)), axis=1)[:, :bits].astype(np.uint64)
        still[part[:, 1]] = still[part[:, 0]] ^ (np.uint64(1) << flips).sum(axis=1, dtype=np.uint64)
    sides = [(still ^ np.uint64(number * 0x9E3779B97F4A7C15 % 2**64), still) for number in range(ALIGNMENTS)]
    began = time.perf_counter()
    parts = [
        part
        for _, part in proposed_pairs(
            pixels, [pixels], sides, np.arange(MILLION), 0, reach.PROPOSED_DISTANCE, KEPT
        )
    ]
    seconds = time.perf_counter() - began
    found = np.concatenate([i * MILLION + j for i, j, _, _ in parts])
    wanted = planted.min(axis=1) * MILLION + planted.max(axis=1)
    missed = int((~np.isin(wanted, found)).sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return bar(
        f"1,000,000 pictures, {reach.PROPOSED_DISTANCE} bits at {ALIGNMENTS} alignments: {seconds:.0f} s (bar 300), peak "
        f"{peak:.2f} GB (bar 4), {missed} of {len(planted):,} planted missed",
        seconds < 300 and peak < 4 and not missed,
    )


def against_imagededup(
    found: dict[str, Any], manifest: pd.DataFrame, pairs: pd.DataFrame, ours: dict[str, float]
) -> list[bool]:
    """Ratios of time, and how many of the confirmed copies its hashes know."""
    known = manifest.set_index(manifest["path"].str.rpartition("/")[2])["pixel_hash"]
    theirs = {tuple(sorted((known[a], known[b]))) for a, b in found["pairs"]}
    theirs = {pair for pair in theirs if pair[0] != pair[1]}
    good = confirmed_pairs(pairs, reach.DISTANCE)
    copies = set(zip(good["first"], good["second"], strict=True))
    print(
        f"imagededup: {found['hashes']:,} hashes (PyTorch import stubbed), {len(theirs):,} pairs of different pixels within "
        f"{DISTANCE} bits; {len(theirs & copies):,} of them are confirmed, out of {len(copies):,} confirmed copies"
    )
    whole = found["hash"] + found["search"]
    return [
        report("all pairs among the hashes", ours["search"], found["search"], 100),
        report("hashing included", ours["hash"] + ours["search"], whole, 25),
        report("from files, near and mirrored, confirmed", ours["import"] + ours["scan"], whole, 1),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", choices=SETS, default="capstone4")
    parser.add_argument("--peers", type=Path, default=None)
    parser.add_argument("--limit", type=int, default=None)
    options = parser.parse_args()
    home = os.environ.get("FER_TEST_DATA")
    file, count, limit = SETS[options.set]
    good, ours = [million()], {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = extracted(
            Path(scratch) / "images" / "faces", Path(home) / file if home else None, options.limit or count
        )
        began = time.perf_counter()
        dataset = import_dataset(Workspace(Path(scratch) / "home"), folder.parent, "faces")
        ours["import"] = time.perf_counter() - began
        manifest, pixels = dataset.manifest(), dataset.pixels()
        shown = np.array(pixels[manifest["row"].to_numpy()])
        began = time.perf_counter()
        codes = hashes(shown)
        ours["hash"] = time.perf_counter() - began
        began = time.perf_counter()
        within = pair_count(codes, DISTANCE)
        ours["search"] = time.perf_counter() - began
        began, used = time.perf_counter(), time.process_time()
        pairs = compared_pairs(dataset, dataset.head)
        ours["scan"] = time.perf_counter() - began
        used = time.process_time() - used
        groups = find_copies(manifest, pairs).summary()["groups"]
        print(
            f"{len(manifest):,} images imported in {ours['import']:.1f} s; {within:,} pairs within {DISTANCE} bits; "
            f"{groups:,} groups"
        )
        said = f"near and mirrored copies, confirmed: {ours['scan']:.1f} s, {used:.1f} s of CPU time (bar {limit} s)"
        good.append(bar(said, ours["scan"] < limit))
        python = environment(options.peers or Path(scratch) / "peers")
        found = peer(python, IMAGEDEDUP, folder, DISTANCE)
        if isinstance(found, str):
            print(f"imagededup could not be run here: {found}")
        else:
            good += against_imagededup(found, manifest, pairs, ours)
        found = peer(python, FASTDUP, folder, Path(scratch) / "fastdup")
        if isinstance(found, str):
            print(f"fastdup could not be run here: {found}")
        else:
            good.append(report("from files, against fastdup", ours["import"] + ours["scan"], found["all"], 1))
    print(f"load of this machine during the run: {psutil.getloadavg()[0]:.1f}")
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
