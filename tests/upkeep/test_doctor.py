"""Whatever file is harmed, the doctor names it, names nothing else, and mends it or sets it aside; nothing is deleted."""

from __future__ import annotations

import json
import signal
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_core import jobs
from fer_core.base.checksums import checked_file, record_checksum, write_checked
from fer_core.base.errors import DecisionError, FerError
from fer_core.base.workspace import Workspace
from fer_core.cli import run
from fer_core.data.datasets import list_datasets, open_dataset
from fer_core.data.notes import write_note
from fer_core.evaluation.report import leaderboard
from fer_core.jobs.reporter import Stopped
from fer_core.review.journal import Journal
from fer_core.runs.store import list_runs
from fer_core.splits.certificate import certificate_path
from fer_core.upkeep.doctor import examine, interrupted, repair
from fer_core.upkeep.findings import Examination


def garbled(path: Path) -> None:
    """64 bytes in the middle are others: the length stays."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(255 - byte for byte in data[middle : middle + 64])
    path.write_bytes(data)


HARMS: dict[str, Callable[[Path], object]] = {
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "garbled": garbled,
    "gone": Path.unlink,
}
FILES = (
    "data/faces/dataset.json",
    "data/faces/versions/{v1}/manifest.parquet",
    "data/faces/versions/{v1}/version.json",
    "data/faces/journal.sqlite",
    "data/faces/pixels/48x48-gray.npy",
    "models/runs/0001-compact/run.json",
    "models/runs/0001-compact/recipe.toml",
    "models/runs/0001-compact/metrics.jsonl",
    "models/runs/0001-compact/model.onnx",
    "models/runs/0001-compact/best.keras",
    "models/runs/0001-compact/checkpoints/best.npz",
    "models/runs/0001-compact/evaluation.json",
    "models/runs/0001-compact/predictions-val.parquet",
)
MADE_AGAIN = {"data/faces/pixels/48x48-gray.npy", "data/faces/versions/{v1}/version.json",
              "models/runs/0001-compact/evaluation.json", "data/faces/journal.sqlite"}  # fmt: skip
ONLY_A_BACKUP = {"data/faces/dataset.json", "data/faces/versions/{v1}/manifest.parquet",
                 "models/runs/0001-compact/run.json", "models/runs/0001-compact/recipe.toml",
                 "models/runs/0001-compact/metrics.jsonl"}  # fmt: skip


def doctor(capfd: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    capfd.readouterr()
    status = run(["doctor", "--json", *options])
    return status, json.loads(capfd.readouterr().out)


def settled(path: Path) -> None:
    """The journal with all it has in one file."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def files_of(home: Workspace) -> set[bytes]:
    return {p.read_bytes() for p in home.root.rglob("*") if p.is_file() and p.name != "checksums.jsonl"}


def test_a_whole_workspace_has_nothing_to_say(home: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    status, found = doctor(capfd)
    assert (status, found["findings"]) == (0, [])
    assert found["checked"]["version"] == {"whole": 4}
    assert found["checked"]["pixels"] == {"whole": 1}
    assert found["checked"]["run"] == {"whole": 9}


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("file", FILES)
def test_it_is_named_and_mended(
    home: Workspace, capfd: pytest.CaptureFixture[str], file: str, harm: str
) -> None:
    dataset = open_dataset(home, "faces")
    path = home.root / file.format(v1=dataset.version("v1").id)
    settled(dataset.journal_path)
    before = path.read_bytes()
    HARMS[harm](path)
    harmed = files_of(home)
    status, found = doctor(capfd)
    told = {(row["path"], row["state"]) for row in found["findings"]}
    assert (path.relative_to(home.root).as_posix(), "gone" if harm == "gone" else "damaged") in told
    assert status == 1
    assert len(told) == 1 or file.endswith("run.json")  # how the run ended is not known then
    _, after = doctor(capfd, "--repair")
    assert harmed - {b""} <= files_of(home)
    if file in ONLY_A_BACKUP:
        assert "backup" in next(row["remedy"] for row in found["findings"])
        assert after["repaired"] == [] or file.endswith("run.json")
        path.write_bytes(before)  # the advice, followed
        assert doctor(capfd)[0] == 0
    elif file in MADE_AGAIN:
        assert [row["done"] for row in after["repaired"]] == [True]
        assert after["findings"] == []
    if file.endswith(".npy"):
        assert path.read_bytes() == before


def test_what_people_wrote_a_certificate_and_the_chosen_model_are_missed_too(
    home: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    faces = open_dataset(home, "faces")
    write_note(faces, "Lowered corners of the mouth", label="sad")
    certificate = certificate_path(faces, faces.head)
    write_checked(certificate, {"holds": True})
    assert doctor(capfd)[0] == 0
    garbled(faces.folder / "notes.json")
    garbled(certificate)
    (home.models / "default.json").unlink()
    _, found = doctor(capfd, "--repair")
    assert {Path(row["path"]).name for row in found["repaired"] if row["done"]} == {
        "notes.json",
        "certificate.json",
    }
    wrong = {Path(row["path"]).name: row["state"] for row in found["findings"]}
    assert wrong == dict.fromkeys(("notes.json", "certificate.json", "default.json"), "gone")


@pytest.mark.parametrize("file", ["model.onnx", "predictions-val.parquet", "checkpoints/best.npz"])
def test_what_cannot_be_made_again_is_set_aside(
    home: Workspace, capfd: pytest.CaptureFixture[str], file: str
) -> None:
    (trained,) = list_runs(home)
    garbled(trained.folder / file)
    damaged = (trained.folder / file).read_bytes()
    _, found = doctor(capfd, "--repair")
    assert not (trained.folder / file).exists()
    assert [p.read_bytes() for p in (home.root / ".damaged").rglob(Path(file).name)] == [damaged]
    assert [row["state"] for row in found["findings"]] == ["gone"]


def test_a_conversion_that_was_stopped_is_no_finding(
    home: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its sum is noted before the file is there."""
    (trained,) = list_runs(home)
    record_checksum(trained.folder / "model-int8.onnx", trained.folder / "model.onnx")
    assert doctor(capfd)[1]["findings"] == []
    with checked_file(trained.folder / "model-int8.onnx") as temporary:
        temporary.write_bytes(b"whole")
    garbled(trained.folder / "model-int8.onnx")
    write_checked(trained.folder / "layers.json", {})  # written once, by the run
    (trained.folder / "layers.json").unlink()
    assert [row["state"] for row in doctor(capfd)[1]["findings"]] == ["gone", "damaged"]


def test_no_other_number_in_silence(home: Workspace) -> None:
    (trained,) = list_runs(home)
    dataset = open_dataset(home, "faces")
    assert leaderboard([trained])[0]["problem"] == ""
    for name, there, then in (("evaluation.json", b'"macro_f1": 0.', b'"macro_f1": 0.0'),
                              ("metrics.jsonl", b'"accuracy": 0.8', b'"accuracy": 0.9')):  # fmt: skip
        path = trained.folder / name
        before = path.read_bytes()
        assert there in before
        path.write_bytes(before.replace(there, then))
        assert name in leaderboard([trained])[0]["problem"]
        path.write_bytes(before)
    garbled(trained.folder / "predictions-val.parquet")
    with pytest.raises(ValueError, match="does not hold what was written"):
        trained.predictions("val")
    manifest = dataset.folder / "versions" / dataset.head / "manifest.parquet"
    garbled(manifest)
    with pytest.raises(FerError, match="doctor"):
        dataset.manifest()


@pytest.mark.parametrize("harm", ["gone", "empty"])
def test_lost_decisions_are_missed(home: Workspace, harm: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = open_dataset(home, "faces").journal_path
    settled(path)
    path.unlink() if harm == "gone" else path.write_bytes(b"")
    for act in (
        lambda: Journal(path).decisions(),
        lambda: Journal(path).add("keep", image_id="a", who="Ada"),
    ):
        with pytest.raises(DecisionError, match="doctor --repair"):
            act()
    assert doctor(capfd, "--repair")[0] == 0  # the advice, followed
    Journal(path).add("keep", image_id="a", who="Ada")
    assert len(Journal(path).decisions()) == 1


def test_what_can_be_read_of_a_journal_stays(home: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    path = open_dataset(home, "faces").journal_path
    settled(path)
    whole = Journal(path).decisions()
    settled(path)
    data = bytearray(path.read_bytes())
    at = data.find(b"relabel", len(data) // 2)  # a page of entries
    page = int.from_bytes(data[16:18], "big")
    data[at // page * page : at // page * page + 8] = b"\xff" * 8
    path.write_bytes(data)
    _, found = doctor(capfd, "--repair")
    assert found["findings"] == []
    left = Journal(path).decisions()
    assert 0 < len(left) < len(whole)
    kept = whole[whole["key"].isin(left["key"])].drop(columns="id").reset_index(drop=True)
    assert kept.equals(left.drop(columns="id").reset_index(drop=True))


def test_a_source_that_changed_is_not_taken_for_the_pictures(
    home: Workspace, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset = open_dataset(home, "faces")
    file = dataset.folder / "pixels" / "48x48-gray.npy"
    garbled(file)
    damaged = file.read_bytes()
    pictures = sorted(path for path in dataset.source_path.rglob("*.png"))
    for path in pictures:
        path.write_bytes(pictures[0].read_bytes())
    status, found = doctor(capfd, "--repair")
    assert (status, [row["done"] for row in found["repaired"]]) == (1, [False])
    assert "other pictures" in found["repaired"][0]["words"]
    assert file.read_bytes() == damaged


def test_a_run_without_its_file_is_still_listed(home: Workspace) -> None:
    (trained,) = list_runs(home)
    (trained.folder / "run.json").unlink()
    (listed,) = list_runs(home)
    assert listed.state == "lost"
    assert "run.json" in listed.status()[1]


def test_old_workspaces_are_not_checked_rather_than_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(Path(__file__).parents[1] / "data" / "old_workspace.zip") as archive:
        archive.extractall(tmp_path)
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    assert list_datasets(Workspace(tmp_path))
    _, found = doctor(capfd)
    assert found["findings"] == []
    assert {kind: set(count) for kind, count in found["checked"].items() if kind != "journal"} == {
        kind: {"not checked"} for kind in found["checked"] if kind != "journal"
    }


def test_a_repair_that_is_stopped_says_what_it_had_done_and_hides_nothing(
    home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (trained,) = list_runs(home)
    for name in ("model.onnx", "best.keras"):
        garbled(trained.folder / name)

    def stopped_at_the_second(workspace: Workspace, progress: object = None) -> Examination:
        found = examine(workspace)

        def stop() -> str:
            raise Stopped(143)

        found.findings[1] = replace(found.findings[1], repair=stop)
        return found

    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr("fer_core.upkeep.doctor.examine", stopped_at_the_second)
    folder = home.jobs / "20261130-101010-000000-aaaa"
    with pytest.raises(SystemExit):
        run(["doctor", "--repair", "--job", str(folder)])
    told = jobs.Job(folder)
    (done,) = told.result["repaired"]
    (left,) = told.result["findings"]
    assert told.state == "stopped"
    assert done["done"]
    assert {done["path"], left["path"]} == {
        f"models/runs/{trained.id}/{name}" for name in ("model.onnx", "best.keras")
    }
    # Written down as it was done, for whoever is killed tells nothing; until a repair comes to its end.
    assert interrupted(home) == {
        done["path"]: done["words"],
        left["path"]: "It was begun; whether it was done is not known.",
    }
    repair(examine(home))
    assert interrupted(home) == {}
