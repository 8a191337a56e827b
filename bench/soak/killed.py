"""Kill -9 across import, review, apply, stratify, merge, train and a search; each is then done again."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.soak.figures import Figures
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.review.journal import Journal
from fer_core.runs import store

ROOT = Path(__file__).parents[2]
_VERBS = (
    ("import", "{pictures}", "--name", "new", "--copy", "--no-compare"),
    ("review", "faces", "apply"),
    ("stratify", "faces"),
    ("merge", "faces", "more", "--fill", "sad=5"),
    ("check", "faces"),
    ("refresh", "faces"),
)


def _made(home: Path) -> Workspace:
    workspace = Workspace(home)
    if not (workspace.data / "more" / "dataset.json").is_file():
        faces = make_sample(workspace, "faces", count=120)
        make_sample(workspace, "more", seed=9, count=120)
        rows = faces.manifest()
        image = rows.loc[(rows["error"] == "") & (rows["label"] != "sad"), "image_id"].iloc[0]
        Journal(faces.journal_path).add("relabel", image_id=image, label="sad", who="Ada")
    return workspace


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"FER_HOME": str(home), "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}


def before_each_operation(figures: Figures, folder: Path, until: float) -> None:
    """Verbs in turn, each killed before six of its file operations, which are drawn anew each time."""
    workspace, seed = _made(folder / "made"), int(time.time())
    pictures = workspace.data / "more" / "source"
    while time.monotonic() < until:
        for words in _VERBS:
            if time.monotonic() > until:
                return
            seed += 1
            verb = [each.format(pictures=pictures) for each in words]
            program = [sys.executable, str(ROOT / "tests" / "helpers" / "killed_at.py")]
            done = subprocess.run(
                [*program, str(workspace.root), str(folder), "6", str(seed), *verb],
                env=_environment(workspace.root), capture_output=True, text=True, timeout=600, check=False,
            )  # fmt: skip
            if done.returncode:
                figures.broke("killed", done.stderr[-800:])
                continue
            told = json.loads(done.stdout)
            wrong = told["wrong"]
            for each in wrong:
                figures.broke("killed", f"{' '.join(words)}, before operation {each}")
            lost = sum("lost" in each for each in wrong)
            half = sum("half visible" in each for each in wrong)
            figures.add(
                "killed", kills=told["killed"], lost=lost, half=half, not_repeatable=len(wrong) - lost - half
            )


_REVIEW = """
import sys, pathlib
from fer_core.review.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]))
for number in range(10**6):
    journal.add("keep", image_id=f"{sys.argv[2]}-{number}", who="Ada")
    print(f"{sys.argv[2]}-{number}", flush=True)
"""


def reviewing(figures: Figures, folder: Path, until: float) -> None:
    """Two reviewers at once, killed at any moment: what was acknowledged is there."""
    chance, journal = random.Random(int(time.time())), folder / "journal.sqlite"
    folder.mkdir(parents=True, exist_ok=True)
    while time.monotonic() < until:
        names = [f"{who}-{time.time_ns()}" for who in ("a", "b")]
        begun = [
            subprocess.Popen(
                [sys.executable, "-c", _REVIEW, str(journal), name],
                env=_environment(folder),
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        ]
        for process in begun:
            assert process.stdout is not None
            process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.5))
        for process in begun:
            process.kill()
        said = {line for process in begun for line in process.communicate()[0].splitlines()}
        lost = said - set(Journal(journal).decisions(active_only=False)["image_id"])
        if lost:
            figures.broke(
                "killed while reviewing", f"{len(lost)} of {len(said)} acknowledged decisions are lost"
            )
        figures.add("killed while reviewing", kills=len(begun), lost=len(lost))


_SETTINGS = ("training.epochs=4", "training.batch_size=16", "model.input_size=16", "training.seed=7")


def training(figures: Figures, folder: Path, until: float) -> None:
    """A run killed with its whole group at any moment and resumed, until it ends: its curve is that of one left in peace."""
    workspace, chance = _made(folder / "home"), random.Random(int(time.time()))
    fer = [sys.executable, "-m", "fer_core"]
    words = [*fer, "train", "--dataset", "faces", "--recipe", "compact"]
    words += [part for setting in _SETTINGS for part in ("--set", setting)]
    peace = folder / "peace.json"
    if not peace.is_file():
        subprocess.run(words, env=_environment(workspace.root), capture_output=True, timeout=1200, check=True)
        peace.write_text(json.dumps(_curve(workspace)))
    while time.monotonic() < until:
        left = len(store.list_runs(workspace))
        begun = _begin(words, workspace)
        while len(store.list_runs(workspace)) == left:  # a run that was never made cannot be gone on with
            time.sleep(0.1)
        for _ in range(3):
            time.sleep(chance.uniform(0, 25))
            _kill(begun, workspace)
            figures.add("killed while training", kills=1)
            begun = _resumed([*fer, "train", "--resume", store.list_runs(workspace)[0].id], workspace)
            if time.monotonic() > until:
                break
        begun.wait(1200)
        run = store.list_runs(workspace)[0]
        same = run.state == "finished" and _curve(workspace) == json.loads(peace.read_text())
        if not same:
            figures.broke("killed while training", f"run {run.id} is {run.state}: {_curve(workspace)}")
        figures.add("killed while training", not_repeatable=int(not same))
        shutil.rmtree(run.folder)


def _begin(words: list[str], workspace: Workspace) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        words, env=_environment(workspace.root), stdout=quiet, stderr=quiet, start_new_session=True
    )


def _resumed(words: list[str], workspace: Workspace) -> subprocess.Popen[bytes]:
    """Ask until it goes on: a worker that was killed before its first file is missed half a minute later."""
    for _ in range(30):
        begun = _begin(words, workspace)
        try:
            if begun.wait(10) == 0:
                return begun
        except subprocess.TimeoutExpired:
            return begun
        time.sleep(3)
    return begun


def _kill(begun: subprocess.Popen[bytes], workspace: Workspace) -> None:
    """The verb, and the worker of the newest run, which has a group of its own."""
    record = store.list_runs(workspace)[0].folder / "process.json"
    worker = json.loads(record.read_text()).get("pid") if record.is_file() else None
    for group in (begun.pid, worker):
        try:
            if group:
                os.killpg(int(group), signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    begun.wait()


def _curve(workspace: Workspace) -> list[list[float]]:
    rows = store.list_runs(workspace)[0].epochs_since()[0]
    return [[float(row["loss"]), float(row["val_loss"]), float(row["val_accuracy"])] for row in rows]
