"""A restored workspace answers as the one it was made of did, whoever worked on that meanwhile."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pandas as pd
import pytest

from fer_core.base.errors import AlreadyExists, FerError, NotFound
from fer_core.base.workspace import Workspace
from fer_core.cli import run
from fer_core.data.datasets import describe, open_dataset
from fer_core.data.save_version import save_version
from fer_core.evaluation.report import leaderboard
from fer_core.review.apply import preview
from fer_core.review.journal import Journal
from fer_core.runs.store import list_runs
from fer_core.upkeep.backup import backup, restore
from fer_core.upkeep.doctor import examine


def answers(home: Workspace) -> list[object]:
    """What the workspace says of its data, decisions and runs."""
    dataset = open_dataset(home, "faces")
    return [
        describe(dataset),
        [(v, dataset.manifest(v.id).to_json()) for v in dataset.versions()],
        dataset.pixels().tobytes(),
        Journal(dataset.journal_path).decisions(active_only=False).to_json(),
        preview(dataset)["pending"],
        leaderboard(list_runs(home)),
        [found.predictions(split).to_json() for found in list_runs(home) for split in ("val", "test")],
    ]


def test_a_restore_answers_alike(home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = answers(home)
    assert run(["backup", str(tmp_path / "copy")]) == 0
    shutil.rmtree(home.root)
    monkeypatch.setenv("FER_HOME", str(tmp_path / "new"))
    for _ in range(2):  # once more does no harm
        assert run(["restore", str(tmp_path / "copy")]) == 0
    assert answers(Workspace(tmp_path / "new")) == before
    assert examine(Workspace(tmp_path / "new")).findings == []


def test_runs_on_another_disk_are_in_the_backup(home: Workspace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk" / "runs"
    elsewhere.parent.mkdir()
    home.runs.rename(elsewhere)
    home.runs.symlink_to(elsewhere)
    (elsewhere / "again").symlink_to(elsewhere.parent)  # a circle
    found = {run.id for run in list_runs(home)}
    backup(home, tmp_path / "copy")
    restore(Workspace(tmp_path / "new"), tmp_path / "copy")
    assert {run.id for run in list_runs(Workspace(tmp_path / "new"))} == found != set()


def test_a_backup_made_while_others_work_is_whole(home: Workspace, tmp_path: Path) -> None:
    """What was acknowledged before it began is in it, and what it holds fits together."""
    dataset, ended = open_dataset(home, "faces"), threading.Event()
    journal = Journal(dataset.journal_path)
    told: list[int] = []

    def work() -> None:
        while not ended.is_set():
            told.append(journal.add("keep", image_id=f"i{len(told)}", who="Ada"))
            rows = dataset.manifest()
            save_version(dataset, rows.iloc[1:], parent=dataset.head, operation="other")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        while len(told) < 3:
            ended.wait(0.01)
        known = len(told)
        backup(home, tmp_path / "copy")
    finally:
        ended.set()
        worker.join()
    new = Workspace(tmp_path / "new")
    restore(new, tmp_path / "copy")
    assert examine(new).findings == []
    kept = Journal(open_dataset(new, "faces").journal_path).decisions(active_only=False)["image_id"]
    assert {f"i{n}" for n in range(known)} <= set(kept)
    assert isinstance(open_dataset(new, "faces").manifest(), pd.DataFrame)


def test_a_damaged_journal_is_copied_with_what_waits_in_its_log(
    home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = open_dataset(home, "faces").journal_path
    log = path.with_name("journal.sqlite-wal")
    log.write_bytes(b"what the file itself lacks")

    def damaged(*_: object) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    monkeypatch.setattr("fer_core.base.sqlite.snapshot", damaged)
    backup(home, tmp_path / "copy")
    restore(Workspace(tmp_path / "new"), tmp_path / "copy")
    for each in (path, log):
        assert (tmp_path / "new" / each.relative_to(home.root)).read_bytes() == each.read_bytes()


def test_nothing_is_restored_from_a_damaged_backup_or_over_something_else(
    home: Workspace, tmp_path: Path
) -> None:
    backup(home, tmp_path / "copy")
    with pytest.raises(AlreadyExists):
        backup(home, tmp_path / "copy")
    with pytest.raises(FerError, match="inside what it copies"):
        backup(home, home.models / "copy")
    with pytest.raises(NotFound):
        restore(Workspace(tmp_path / "new"), tmp_path)
    Journal(open_dataset(home, "faces").journal_path).add("keep", image_id="more", who="Ada")
    shutil.rmtree(home.runs)
    with pytest.raises(AlreadyExists, match="data/faces"):
        restore(home, tmp_path / "copy")
    assert not home.runs.exists()
    pixels = tmp_path / "copy" / "data" / "faces" / "pixels" / "48x48-gray.npy"
    data = bytearray(pixels.read_bytes())
    data[5000] ^= 1
    pixels.write_bytes(data)
    with pytest.raises(FerError, match=r"48x48-gray\.npy"):
        restore(Workspace(tmp_path / "new"), tmp_path / "copy")
    assert not (tmp_path / "new").exists()


def test_an_interrupted_restore_is_gone_on_with(home: Workspace, tmp_path: Path) -> None:
    before = answers(home)
    backup(home, tmp_path / "copy")

    def stop(done: int, total: int, what: str) -> None:
        if what.endswith("restored") and done == 2:
            raise KeyboardInterrupt

    new = Workspace(tmp_path / "new")
    with pytest.raises(KeyboardInterrupt):
        restore(new, tmp_path / "copy", stop)
    restore(new, tmp_path / "copy")
    assert answers(new) == before
