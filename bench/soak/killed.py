"""Kill -9 across import, review, apply, stratify, merge, check and refresh; each is then done again."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from bench.soak.figures import Figures
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.review.journal import Journal

ROOT = Path(__file__).parents[2]
_VERBS = (
    ("import", "{pictures}", "--name", "new", "--copy", "--no-compare"),
    ("review", "faces", "apply"),
    ("stratify", "faces"),
    ("merge", "faces", "more", "--fill", "sad=5"),
    ("check", "faces"),
    ("refresh", "faces"),
)


def made(home: Path) -> Workspace:
    workspace = Workspace(home)
    if not (workspace.data / "more" / "dataset.json").is_file():
        faces = make_sample(workspace, "faces", count=120)
        make_sample(workspace, "more", seed=9, count=120)
        rows = faces.manifest()
        image = rows.loc[(rows["error"] == "") & (rows["label"] != "sad"), "image_id"].iloc[0]
        Journal(faces.journal_path).add("relabel", image_id=image, label="sad", who="Ada")
    return workspace


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"FER_HOME": str(home), "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}


def before_each_operation(figures: Figures, folder: Path, until: float) -> None:
    """Verbs in turn, each killed before six of its file operations, which are drawn anew each time."""
    workspace, seed = made(folder / "made"), int(time.time())
    pictures = workspace.data / "more" / "source"
    while figures.goes_on("killed", until):
        for words in _VERBS:
            if not figures.goes_on("killed", until):
                return
            seed += 1
            verb = [each.format(pictures=pictures) for each in words]
            program = [sys.executable, str(ROOT / "tests" / "helpers" / "killed_at.py")]
            done = subprocess.run(
                [*program, str(workspace.root), str(folder), "6", str(seed), *verb],
                env=environment(workspace.root), capture_output=True, text=True, timeout=3600, check=False,
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
    while figures.goes_on("killed while reviewing", until):
        names = [f"{who}-{time.time_ns()}" for who in ("a", "b")]
        begun = [
            subprocess.Popen(
                [sys.executable, "-c", _REVIEW, str(journal), name],
                env=environment(folder),
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
        figures.add("killed while reviewing", kills=len(begun), decisions=len(said), lost=len(lost))
