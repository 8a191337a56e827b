"""A search that is killed twice, with everything it started, ends as one that was left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from calling import ROOT
from played_search import reached
from tiny_faces import tiny_dataset

from fer_core.base.jsonl import read_object
from fer_core.base.workspace import Workspace
from fer_core.recipes.recipe import load
from fer_core.runs.store import list_runs

TRIALS, EPOCHS = 12, 9
VARY = ("--vary", "optimizer.learning_rate=1e-4..1e-1", "--vary", "training.batch_size=16,32")
BEGIN = (
    "tiny",
    "--recipe",
    "compact",
    "--set",
    f"epochs={EPOCHS}",
    *VARY,
    "--trials",
    str(TRIALS),
    "--name",
    "s",
)


def search(home: Path) -> subprocess.Popen[str]:
    """`fer tune`, or its `--resume` where the search is there."""
    known = (home / "models" / "searches" / "s").exists()
    return subprocess.Popen(
        [sys.executable, str(ROOT / "tests/helpers/played_search.py"), *(("--resume", "s") if known else BEGIN), "--json"],
        cwd=ROOT, env=os.environ | {"FER_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(home: Path) -> dict[str, Any]:
    out, err = (process := search(home)).communicate(timeout=300)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def kill_after(home: Path, epochs: int) -> None:
    """Carry the search on until its runs have told so many epochs, then kill it and all workers at once."""
    process = search(home)
    runs = Workspace(home).runs
    while sum(len(path.read_bytes().splitlines()) for path in runs.glob("*/metrics.jsonl")) < epochs:
        assert process.poll() is None, "it ended before it was to be killed"
        time.sleep(0.005)
    process.kill()
    process.communicate()
    for run in list_runs(Workspace(home)):
        if run.active and (pid := read_object(run.folder / "process.json").get("pid")):
            os.kill(int(pid), signal.SIGKILL)


@pytest.mark.slow
def test_killed_twice_it_ends_with_the_same_best(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    tiny_dataset(whole)
    shutil.copytree(whole, killed)
    straight = finish(whole)
    kill_after(killed, 3)
    with open(killed / "models" / "searches" / "s" / "journal.jsonl", "ab") as journal:
        journal.write(b'{"op_code":5,"wor')  # a line the killed writer did not finish
    kill_after(killed, TRIALS + 5)
    again = finish(killed)

    for key in ("phase", "best", "best_score", "fresh_mean", "fresh_sd", "optimism", "importance"):
        assert again[key] == straight[key], key
    assert straight["phase"] == "ended"
    for one, two in zip(
        straight["trials"] + straight["fresh"], again["trials"] + again["fresh"], strict=True
    ):
        assert (one["values"], one["epochs"], one["scores"]) == (two["values"], two["epochs"], two["scores"])
    # Twelve train one epoch, the best four go on to three, the best of these to nine: where they were, none anew.
    trials = straight["trials"]
    by_hand = [
        reached(trial["values"]["optimizer.learning_rate"], 42 + n, 1) for n, trial in enumerate(trials)
    ]
    assert [trial["scores"][0] for trial in trials] == by_hand
    order = sorted(range(TRIALS), key=lambda n: -by_hand[n])
    assert {n for n in range(TRIALS) if trials[n]["epochs"] >= 3} == set(order[:4])
    assert sorted(trial["epochs"] for trial in trials) == [1] * 8 + [3] * 3 + [EPOCHS]
    assert len(list_runs(Workspace(killed))) == TRIALS + len(again["fresh"])
    # The winner is judged by fresh seeds; test is not looked at; its recipe loads.
    rate = trials[straight["best"]]["values"]["optimizer.learning_rate"]
    fresh = [reached(rate, 42 + 500 + n, EPOCHS) for n in range(3)]
    assert straight["fresh_mean"] == pytest.approx(sum(fresh) / 3)
    assert straight["optimism"] == pytest.approx(straight["best_score"] - sum(fresh) / 3)
    assert not (whole / "models" / "test-reads.jsonl").exists()
    text = Path(straight["recipe"]).read_text()
    assert load(straight["recipe"]).optimizer.learning_rate == rate
    assert trials[straight["best"]]["run"] in text
    assert f"Optimism of the best of {TRIALS}: {straight['optimism']:+.4f}" in text
