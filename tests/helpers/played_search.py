"""`fer tune` with workers that only claim to train: `python played_search.py ARGUMENTS` is the verb, with a folder the worker.

What they reach follows from the recipe's rate and seed and the epoch. They keep to the files of a run as real ones do, and
start at once, for they import nothing.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import sys
import time
import tomllib
from pathlib import Path

EPOCH_SECONDS = 0.02


def reached(rate: float, seed: int, epoch: int) -> float:
    """Validation accuracy: best near a rate of .003, a little luck of the seed, and better with time."""
    luck = (seed * 7919 % 101) / 1000
    return 0.9 - 0.1 * abs(math.log10(rate / 3e-3)) - 0.3 / (epoch + 1) + luck


def worker(folder: Path) -> None:
    recipe = tomllib.loads((folder / "recipe.toml").read_text())
    rate, training = recipe["optimizer"]["learning_rate"], recipe["training"]
    say(folder, state="running")
    told = folder / "metrics.jsonl"
    done = len(told.read_bytes().splitlines()) if told.exists() else 0
    for epoch in range(done + 1, training["epochs"] + 1):
        time.sleep(EPOCH_SECONDS)
        row = {"epoch": epoch, "val_accuracy": reached(rate, training["seed"], epoch), "seconds": 36.0}
        with open(told, "a") as file:
            file.write(json.dumps(row) + "\n")
        after = json.loads((folder / "run.json").read_text()).get("pause_after")
        if epoch < training["epochs"] and ((folder / "pause").exists() or (after and epoch >= after)):
            say(folder, state="paused")
            return
    say(folder, state="finished")


def say(folder: Path, **fields: str) -> None:
    with open(folder / ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = json.loads((folder / "run.json").read_text())
        (folder / "run.json.new").write_text(json.dumps({**found, **fields}))
        os.replace(folder / "run.json.new", folder / "run.json")


def verb(arguments: list[str]) -> int:
    from fer_core.base.workspace import now
    from fer_core.cli import run
    from fer_core.jobs import process
    from fer_core.runs.run import Run
    from fer_core.scheduling import launchers
    from fer_core.scheduling.search import work

    work._EVERY = 0.05  # seconds: an epoch takes less

    class Played:
        name = "played"

        def slots(self) -> int:
            return 2

        def launch(self, run: Run) -> None:
            run.update(state="starting", launched=now())
            process.launch([sys.executable, "-I", __file__, str(run.folder)], run.folder)

    launchers.LAUNCHERS["played"] = Played()
    os.environ["FER_LAUNCHER"] = "played"
    return run(["tune", *arguments])


if __name__ == "__main__":
    if (Path(sys.argv[1]) / "run.json").is_file():
        worker(Path(sys.argv[1]))
    else:
        sys.exit(verb(sys.argv[1:]))
