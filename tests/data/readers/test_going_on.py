"""A stopped import goes on; a source is looked at again; stores of other sizes and of colour."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_sources import fer_csv, png

from fer_core.base.atomic import read_json, write_json
from fer_core.base.errors import ManifestError, NotFound, SourceError
from fer_core.base.workspace import Workspace
from fer_core.cli import run
from fer_core.data.datasets import Dataset, describe, import_dataset
from fer_core.data.images import decode, resize
from fer_core.data.importing import checkpoint
from fer_core.data.importing.options import Options
from fer_core.data.importing.refresh import refresh
from fer_core.data.manifest import content_id
from fer_core.data.readers.folder import FolderReader
from fer_core.data.save_version import save_version
from fer_core.jobs.reporter import Stopped

MANY = 60


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Sixty pictures, a broken one, a text."""
    root = tmp_path / "source"
    noise = np.random.default_rng(1).integers(0, 256, (MANY, 60, 48), dtype=np.uint8)
    for i, picture in enumerate(noise):
        (root / "train" / ("happy", "sad")[i % 2]).mkdir(parents=True, exist_ok=True)
        (root / "train" / ("happy", "sad")[i % 2] / f"{i:02d}.png").write_bytes(png(picture))
    (root / "train" / "sad" / "bad.png").write_bytes(b"no picture")
    (root / "notes.txt").write_text("notes")
    return root


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every path that is read."""
    seen: list[str] = []
    read = FolderReader.read

    def counted(self: FolderReader, path: str) -> bytes:
        seen.append(path)
        return read(self, path)

    monkeypatch.setattr(FolderReader, "read", counted)
    return seen


def stopped(workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch, at: int = 20) -> None:
    """An import that somebody stops."""
    monkeypatch.setattr("fer_core.data.importing.scan._BATCH", 5)

    def stop(done: int, total: int, what: str) -> None:
        if done >= at:
            raise Stopped(143)

    with pytest.raises(Stopped):
        import_dataset(workspace, source, "first", progress=stop)


def test_a_stopped_import_goes_on(
    workspace: Workspace, source: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = import_dataset(Workspace(workspace.root / "other"), source, "faces")
    stopped(workspace, source, monkeypatch)
    assert list(workspace.data.iterdir()) == []
    changed = source / "train" / "happy" / "00.png"
    changed.write_bytes(png(np.full((48, 48), 9, np.uint8)))
    reads.clear()
    resumed = import_dataset(workspace, source, "second")
    assert len(reads) == MANY + 2 - 18  # 20 were read: the text is, and the changed one has to be, read again
    assert "train/happy/00.png" in reads
    old, new = whole.manifest(), resumed.manifest()
    assert old.drop(index=0).equals(new.drop(index=0))
    assert (resumed.pixels()[0] == 9).all()
    np.testing.assert_array_equal(resumed.pixels()[1:], whole.pixels()[1:])
    assert not list((workspace.jobs / "imports").iterdir())
    assert resumed.problems == whole.problems


def test_what_was_read_takes_the_names_asked_for_later(
    workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(workspace, source, monkeypatch)
    resumed = import_dataset(workspace, source, "faces", options=Options(names={"happy": "calm"}))
    assert describe(resumed)["classes"] == {"sad": 30, "calm": 30}


def test_a_damaged_part_is_read_again(
    workspace: Workspace, source: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(workspace, source, monkeypatch)
    for part in (workspace.jobs / "imports").rglob("*.npy"):
        part.write_bytes(b"x")
    reads.clear()
    assert len(import_dataset(workspace, source, "faces").manifest()) == MANY + 1
    assert len(reads) == MANY + 2


def test_old_parts_are_swept(workspace: Workspace, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(workspace, source, monkeypatch)
    monkeypatch.setattr(checkpoint, "_KEPT", -1)
    checkpoint.ImportCheckpoint(workspace, source.parent)
    assert not list((workspace.jobs / "imports").iterdir())


@pytest.fixture
def faces(workspace: Workspace, source: Path) -> Dataset:
    return import_dataset(workspace, source, "faces")


def test_new_files_are_added_as_a_version(faces: Dataset, source: Path) -> None:
    before = faces.manifest()
    kept = before[before["image_id"] != before["image_id"][3]]
    save_version(faces, kept, parent="v1", operation="review")
    fresh = np.full((48, 48), 50, np.uint8)
    (source / "train" / "fear").mkdir()
    (source / "train" / "fear" / "new.png").write_bytes(png(fresh))
    (source / "train" / "sad" / "worse.png").write_bytes(b"no picture")
    assert refresh(faces, dry_run=True)["added"] == 1
    assert faces.version().number == 2
    found = refresh(faces)
    assert (found["added"], found["unchanged"], found["new"], found["number"]) == (1, MANY + 1, True, 3)
    assert [p["path"] for p in found["problems"]] == ["train/sad/worse.png"]
    table = faces.manifest()
    assert set(table["path"]) == {
        *kept["path"],
        "train/fear/new.png",
        "train/sad/worse.png",
    }  # the dropped stays out
    row = table.set_index("path").loc["train/fear/new.png"]
    assert row["label"] == "fear"
    np.testing.assert_array_equal(faces.pixels()[row["row"]], fresh)
    again = refresh(faces)
    assert (again["new"], again["added"], again["problems"]) == (False, 0, [])
    assert (faces.version().parent, faces.version().operation) == (faces.version("v2").id, "refresh")


def test_what_changed_is_told_and_nothing_made_of_it(faces: Dataset, source: Path) -> None:
    sad, happy = source / "train" / "sad", source / "train" / "happy"
    (happy / "00.png").write_bytes(png(np.zeros((48, 48), np.uint8)))
    (sad / "01.png").unlink()
    (sad / "03.png").rename(sad / "renamed.png")
    head = faces.head
    found = refresh(faces)
    assert [p["path"] for p in found["changed"]] == ["train/happy/00.png"]
    assert sorted(p["path"] for p in found["gone"]) == ["train/sad/01.png", "train/sad/03.png"]
    assert found["renamed"] == [{"path": "train/sad/renamed.png", "reason": "Was train/sad/03.png"}]
    assert (found["added"], found["new"], faces.head) == (0, False, head)
    shutil.rmtree(source)
    with pytest.raises(NotFound, match="no longer there"):
        refresh(faces)


def test_options_hold_when_looking_again(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    table, votes = tmp_path / "a.csv", tmp_path / "v.csv"

    def write(rows: int) -> None:
        table.write_bytes(fer_csv(pixels[:rows]))
        lines = ["Usage,happiness,sadness,NF", *[f",{i},1,{20 if i == 9 else 0}" for i in range(rows)]]
        votes.write_text("\n".join(lines))

    write(6)
    options = Options(votes=str(votes), names={"0": "contempt"}, skip=("NF",), subject_pattern="(.)[.]png")
    dataset = import_dataset(workspace, table, "faces", options=options)
    write(12)
    found = refresh(dataset)
    assert (found["added"], found["unchanged"]) == (5, 6)
    manifest = dataset.manifest()
    assert manifest["label"][6:].tolist() == ["neutral", "contempt", "disgust", "happy", "sad"]
    assert manifest["votes"].map(list).tolist() == [[i, 1, 0] for i in range(12) if i != 9]
    assert manifest["subject"].tolist() == [str(i % 10) for i in range(12) if i != 9]
    assert describe(dataset)["skipped"] == {"NF": 1}


def test_the_advice_about_a_pattern_of_an_older_version_can_be_followed(
    faces: Dataset, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = faces.folder / "dataset.json"
    about = read_json(path)
    write_json(path, about | {"import": about["import"] | {"subject_pattern": r"(?<=/)\d+"}})
    for name, picture in zip(
        ("happy", "sad"), np.random.default_rng(5).integers(0, 256, (2, 48, 48), dtype=np.uint8), strict=True
    ):
        (source / "train" / name / "new.png").write_bytes(png(picture))
    with pytest.raises(SourceError, match="not searched with any more") as told:
        refresh(faces)
    found = re.search(r"`fer (merge faces .*)`", told.value.hint)
    assert found
    merge = found[1].replace("OTHER", "again").replace("CLASS=1000000,...", "happy=1000000,sad=1000000")
    monkeypatch.setenv("FER_HOME", str(faces.workspace.root))
    assert run(["import", str(source), "--name", "again", "--subject-pattern", r"/(\d+)\.png"]) == 0
    assert run(merge.split()) == 0
    added = faces.manifest()[len(faces.manifest("v1")) :]
    assert set(added["path"]) == {"train/happy/new.png", "train/sad/new.png"}


def test_a_new_label_in_the_source_is_told(workspace: Workspace, tmp_path: Path, pixels: np.ndarray) -> None:
    (tmp_path / "s").mkdir()
    for i in range(2):
        (tmp_path / "s" / f"{i}.png").write_bytes(png(pixels[i]))
    legend = tmp_path / "legend.csv"
    legend.write_text("image,emotion\n0.png,happy\n1.png,sad\n")
    dataset = import_dataset(workspace, tmp_path / "s", "faces", options=Options(labels=str(legend)))
    legend.write_text("image,emotion\n0.png,happy\n1.png,fear\n")
    assert refresh(dataset)["relabelled"] == [
        {"path": "1.png", "reason": "Was unassigned/sad, is unassigned/fear"}
    ]
    assert content_id(dataset.manifest()) == dataset.head


@pytest.mark.parametrize(("size", "mode"), [(48, "rgb"), (64, "gray"), (96, "rgb"), (224, "gray")])
def test_stores_of_other_sizes(
    workspace: Workspace, tmp_path: Path, size: int, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_core.data.pixels._BLOCK", 4)
    noise = np.random.default_rng(2)
    files = []
    for i in range(9):
        shape = (70 + i, 60) if i % 2 else (70 + i, 60, 3)
        path = tmp_path / "s" / "happy" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(noise.integers(0, 256, shape, dtype=np.uint8)))
        files.append(path)
    dataset = import_dataset(workspace, tmp_path / "s", "faces")
    assert list(dataset.manifest()["mode"]) == ["gray" if i % 2 else "rgb" for i in range(9)]
    told: list[tuple[int, int, str]] = []
    made = dataset.pixels(size, mode, lambda *args: told.append(args))  # type: ignore[arg-type]
    assert told == [(n, 9, f"pictures of {size}x{size}") for n in (4, 8, 9)]
    assert made.shape == ((9, size, size) if mode == "gray" else (9, size, size, 3))
    assert isinstance(made, np.memmap)
    colour = decode(files[0].read_bytes()).pixels
    if mode == "rgb":
        np.testing.assert_array_equal(made[0], resize(colour, size))
        gray = resize(decode(files[1].read_bytes()).pixels, size)
        np.testing.assert_array_equal(made[1], np.repeat(gray[:, :, None], 3, axis=2))
    else:
        np.testing.assert_array_equal(made[1], resize(decode(files[1].read_bytes()).pixels, size))
    told.clear()
    dataset.pixels(size, mode, lambda *args: told.append(args))  # type: ignore[arg-type]
    assert told == []


@pytest.mark.parametrize(("size", "mode"), [(0, "gray"), (4096, "gray"), (48, "cmyk")])
def test_sizes_that_cannot_be(faces: Dataset, size: int, mode: str) -> None:
    with pytest.raises(ManifestError, match="size must be"):
        faces.pixels(size, mode)  # type: ignore[arg-type]
