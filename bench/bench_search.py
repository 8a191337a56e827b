"""A search of real trials: killed twice with all it started, it ends as one that was left alone; and what searching costs.

Claims:
- `fer tune` of 20 trials on the sample with two slots, killed with -9 twice together with every worker, ends with the
  same best, the same scores and the same recipe as an uninterrupted one;
- the searcher's own processor time is below 3 % of the time its runs train.

The sample is made once and copied, both searches run with `training.deterministic`. Beside the ratio it prints what a
run costs beside its epochs: the start of a process, reading pixels, evaluation and export at its end, and a slot that
waits. That is the same for a trial of a second and one of an hour, so it also prints from which length of training
between two rungs all of it together is below 3 %.

    python bench/bench_search.py [--trials 20] [--epochs 3] [--filters 8] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.base.jsonl import read_lines, read_object
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.runs.store import list_runs

ROOT = Path(__file__).resolve().parent.parent
SLOTS, NAME, ALLOWED = 2, "bench", 0.03
VARY = ("--vary", "optimizer.learning_rate=1e-4..1e-1", "--vary", "training.batch_size=32,64")


@dataclass(frozen=True)
class Took:
    """What a search took: seconds by the clock, and of the searcher's own processor time."""

    wall: float
    searcher: float


def command(home: Path, trials: int, epochs: int, filters: int) -> list[str]:
    """`fer tune`, or its `--resume` where the search is there."""
    fer = [sys.executable, "-m", "fer_core", "tune"]
    if (home / "models" / "searches" / NAME).exists():
        return [*fer, "--resume", NAME, "--json"]
    blocks = f'[{{kind="conv", filters={filters}, convs=1}}, {{kind="global_average"}}]'
    fixed = (f"training.epochs={epochs}", "training.deterministic=true", f"model.blocks={blocks}")
    settings = [part for each in fixed for part in ("--set", each)]
    return [
        *fer,
        "sample",
        "--recipe",
        "compact",
        *settings,
        *VARY,
        "--trials",
        str(trials),
        "--name",
        NAME,
        "--json",
    ]


def begin(home: Path, words: Sequence[str]) -> subprocess.Popen[str]:
    environment = os.environ | {"FER_HOME": str(home), "PYTHONPATH": str(ROOT), "FER_SLOTS": str(SLOTS)}
    return subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def finish(home: Path, words: Sequence[str]) -> tuple[dict[str, Any], Took]:
    began, busy = time.monotonic(), 0.0
    with tempfile.TemporaryFile("w+") as told:
        environment = os.environ | {"FER_HOME": str(home), "PYTHONPATH": str(ROOT), "FER_SLOTS": str(SLOTS)}
        process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=told, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            with suppress(psutil.Error):
                times = psutil.Process(process.pid).cpu_times()
                busy = times.user + times.system
            time.sleep(0.5)
        told.seek(0)
        text = told.read()
    if process.returncode:
        sys.exit(f"The search ended with {process.returncode}: {text[-500:]}")
    return json.loads(text), Took(time.monotonic() - began, busy)


def epochs_told(home: Path) -> int:
    return sum(len(path.read_bytes().splitlines()) for path in Workspace(home).runs.glob("*/metrics.jsonl"))


def kill_after(home: Path, words: Sequence[str], epochs: int) -> None:
    """Carry the search on until its runs have told so many epochs, then kill it and all workers at once."""
    process = begin(home, words)
    while epochs_told(home) < epochs:
        if process.poll() is not None:
            sys.exit("The search ended before it was to be killed")
        time.sleep(0.05)
    process.kill()
    for run in list_runs(Workspace(home)):
        if run.active and (pid := read_object(run.folder / "process.json").get("pid")):
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    process.communicate()
    print(f"killed after {epochs_told(home)} epochs", flush=True)


def trained_seconds(home: Path) -> float:
    """Of all epochs of all runs, with their validation."""
    files = Workspace(home).runs.glob("*/metrics.jsonl")
    return sum(float(row["seconds"]) for path in files for row in read_lines(path)[0] if "seconds" in row)


def different(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    """What two ended searches differ in."""
    keys = ["phase", "best", "best_score", "fresh_mean", "fresh_sd", "optimism", "importance"]
    found = [f"{key}: {one[key]} / {two[key]}" for key in keys if one[key] != two[key]]
    for a, b in zip(one["trials"] + one["fresh"], two["trials"] + two["fresh"], strict=True):
        for key in ("values", "epochs", "scores"):
            if a[key] != b[key]:
                found.append(f"trial {a['trial']}, {key}: {a[key]} / {b[key]}")
    return found


def tell_cost(home: Path, ended: dict[str, Any], took: Took) -> float:
    trained = trained_seconds(home)
    runs = ended["trials"] + ended["fresh"]
    launches = sum(max(len(run["scores"]), 1) for run in runs)
    beside = (SLOTS * took.wall - trained) / launches
    share = took.searcher / trained
    print(
        f"{len(runs)} runs, {launches} starts, {took.wall:.0f} s by the clock on {SLOTS} slots, {trained:.1f} s of epochs"
    )
    print(f"the searcher's own time: {took.searcher:.1f} s, {share:.2%} of the training")
    minutes = beside / ALLOWED / 60
    print(
        f"beside its epochs a start costs {beside:.1f} s: below 3 % where {minutes:.1f} min are trained between rungs"
    )
    return share


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--trials", type=int, default=20)
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--filters", type=int, default=8)
    options.add_argument("--keep", type=Path, default=None, help="work in this folder, which is to be empty")
    asked = options.parse_args()
    root = asked.keep or Path(tempfile.mkdtemp())
    whole, killed = root / "whole", root / "killed"
    make_sample(Workspace(whole))
    shutil.copytree(whole, killed)
    words = command(whole, asked.trials, asked.epochs, asked.filters)
    straight, took = finish(whole, words)
    share = tell_cost(whole, straight, took)
    for epochs in (3, asked.trials + 4):
        kill_after(killed, command(killed, asked.trials, asked.epochs, asked.filters), epochs)
    again, _ = finish(killed, command(killed, asked.trials, asked.epochs, asked.filters))
    apart = different(straight, again)
    print(
        "\n".join(apart)
        or f"the same best: trial {again['best']}, {again['best_score']:.4f}; every score is the same"
    )
    if asked.keep is None:
        shutil.rmtree(root)
    sys.exit(1 if apart or share > ALLOWED else 0)


if __name__ == "__main__":
    main()
