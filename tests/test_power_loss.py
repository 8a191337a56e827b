"""What a verb says is done is on the disk when it says so: files, and the names that lead to them, in order."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from made_pictures import tree, write_tree
from synced import Disk, watched
from tiny_faces import tiny_dataset, tiny_recipe

from fer_core import cli
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.review.journal import Journal
from fer_core.runs import store
from fer_core.workers import train

UNPROMISED = (".lock", "journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "claims.sqlite")
"""Locks mean nothing; SQLite calls the system itself, which `strace` shows below."""
PASSING = {"progress.json", "log.txt", "stop", "events", ".jobs", "worst.json", ".numbers"}
"""What nobody needs after a crash: what an import had read, and TensorBoard's files repeat metrics.jsonl."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a dataset that has decisions, and one to be merged."""
    home = Workspace(tmp_path_factory.mktemp("made") / "home")
    faces = make_sample(home, "faces", count=120)
    make_sample(home, "more", seed=9, count=120)
    rows = faces.manifest()
    image = rows.loc[(rows["error"] == "") & (rows["label"] != "sad"), "image_id"].iloc[0]
    Journal(faces.journal_path).add("relabel", image_id=image, label="sad", who="Ada")
    return home.root


@pytest.fixture
def home(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "home")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def unsafe(disk: Disk) -> list[str]:
    """What the power cut takes and somebody was promised."""
    kept = [name for name in disk.lost() if not name.endswith(UNPROMISED)]
    return [name for name in kept if not set(Path(name).parts) & PASSING]


def in_order(disk: Disk, first: str, then: str) -> bool:
    """Whether the last move to a path with `first` in it was settled before something took the name `then`."""
    moved = [number for number, (what, path) in enumerate(disk.steps) if what == "moved" and first in path]
    named = [
        number for number, (_, path) in enumerate(disk.steps) if path.endswith(then) and number > moved[0]
    ]
    folder = disk.steps[moved[0]][1].rsplit("/", 1)[0]
    return bool(named) and ("synced", folder) in disk.steps[moved[0] : named[0]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "{pictures}", "--name", "new", "--no-compare"),
        ("import", "{pictures}", "--name", "new", "--copy", "--no-compare"),
        ("review", "faces", "apply"),
        ("stratify", "faces"),
        ("merge", "faces", "more", "--fill", "sad=5"),
    ],
    ids=lambda found: "-".join(found[:1] + found[4:5]),
)
def test_what_a_verb_has_made_outlasts_a_power_cut(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    write_tree(tmp_path / "pictures", tree(6))
    with watched(home, monkeypatch) as disk:
        assert cli.run([each.format(pictures=tmp_path / "pictures") for each in arguments]) == 0
        assert not unsafe(disk), "\n".join(unsafe(disk))
    assert not [name for name in disk.early if not set(Path(name).parts) & PASSING]
    assert any(what == "moved" for what, _ in disk.steps)
    if arguments[0] != "import":  # a version is there before the dataset names it
        assert in_order(disk, "/versions/", "dataset.json")


def test_what_a_run_ends_with_outlasts_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = tiny_dataset(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with watched(tmp_path, monkeypatch) as disk:
        run = store.create_run(dataset.workspace, dataset.name, dataset.head, tiny_recipe(training__epochs=1))
        assert train.main([str(run.folder)]) == 0
        assert not unsafe(disk), "\n".join(unsafe(disk))
    assert not [name for name in disk.early if not set(Path(name).parts) & PASSING]
    assert run.state == "finished"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace shows what SQLite asks of the system")
def test_a_decision_is_on_the_disk_before_it_is_acknowledged(home: Path, tmp_path: Path) -> None:
    dataset = open_dataset(Workspace(home), "faces")
    image = dataset.manifest()["image_id"].iloc[3]
    code = (
        "import sys, pathlib; from fer_core.review.journal import Journal\n"
        f"Journal(pathlib.Path({str(dataset.journal_path)!r})).add('keep', image_id={image!r}); print('recorded')"
    )
    log, calls = tmp_path / "calls", "pwrite64,write,fsync,fdatasync"
    subprocess.run(
        ["strace", "-f", "-y", "-e", f"trace={calls}", "-o", log, sys.executable, "-c", code],
        check=True,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        timeout=60,
    )
    lines = log.read_text(errors="replace").splitlines()
    said = next(number for number, line in enumerate(lines) if '"recorded' in line)
    wal = [line for line in lines[:said] if "journal.sqlite-wal>" in line]
    assert any("pwrite64(" in line for line in wal)
    assert "sync(" in wal[-1]  # nothing was written after the last one
