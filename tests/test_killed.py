"""Each verb that writes, killed before any of its file operations: nothing lost, nothing half visible, and it can be repeated.

`make soak` kills before every one of them; here a few are drawn, others each time the code changes their count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_pictures import tree, write_tree

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.review.journal import Journal

ROOT = Path(__file__).parents[1]
VERBS = {
    "import": ("import", "{pictures}", "--name", "new", "--copy", "--no-compare"),
    "apply": ("review", "faces", "apply"),
    "stratify": ("stratify", "faces"),
    "merge": ("merge", "faces", "more", "--fill", "sad=5"),
    "check": ("check", "faces"),
}
MOST = 5


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = Workspace(tmp_path_factory.mktemp("made") / "home")
    faces = make_sample(home, "faces", count=120)
    make_sample(home, "more", seed=9, count=120)
    rows = faces.manifest()
    image = rows.loc[(rows["error"] == "") & (rows["label"] != "sad"), "image_id"].iloc[0]
    Journal(faces.journal_path).add("relabel", image_id=image, label="sad", who="Ada")
    return home.root, str(rows["image_id"].iloc[7])


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_killed_before_any_file_operation_can_be_repeated(
    made: tuple[Path, str], tmp_path: Path, verb: str
) -> None:
    home, image = made
    write_tree(tmp_path / "pictures", tree(6))
    words = [each.format(pictures=tmp_path / "pictures", image=image) for each in VERBS[verb]]
    program = [sys.executable, str(ROOT / "tests" / "helpers" / "killed_at.py")]
    done = subprocess.run(
        [*program, str(home), str(tmp_path), str(MOST), "1", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["status"] == 0
    assert told["killed"] == min(MOST, told["operations"]) > 0
    assert told["wrong"] == []
