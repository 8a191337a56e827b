"""Large and many archives inside a source: opened in place, never read as a whole, and told when the system has no room."""

from __future__ import annotations

import io
import os
import resource
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from deliveries import Write
from made_sources import zipped

from fer_core.base.errors import NoRoom
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import describe, import_dataset
from fer_core.data.readers import open_reader
from fer_core.data.readers.archive import ArchiveReader, Limits
from fer_core.data.readers.base import size_problem
from fer_core.data.readers.folder import FolderReader
from fer_core.data.readers.nested import NestedContainer


def tarred(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_an_archive_may_be_larger_than_a_picture(
    tmp_path: Path, write: Write, faces: Iterator[bytes]
) -> None:
    parts = {"train.zip": zipped({"happy/1.png": next(faces)}), "test.zip": zipped({"sad/2.png": b"-"})}
    for name, data in parts.items():
        write(name, data)
    (tmp_path / "set.zip").write_bytes(zipped(parts))
    tarred(tmp_path / "set.tar", parts)
    small = min(map(len, parts.values())) - 1
    for container in (
        FolderReader(tmp_path / "set", max_file_bytes=small),
        ArchiveReader(tmp_path / "set.zip", limits=Limits(file_bytes=small)),
        ArchiveReader(tmp_path / "set.tar", limits=Limits(file_bytes=small)),
    ):
        nested = NestedContainer(container)
        assert {e.path for e in nested.files()} == {"train.zip/happy/1.png", "test.zip/sad/2.png"}
        nested.close()
    assert "too large" in size_problem("train.zip", (4 << 30) + 1, 256 << 20)


@pytest.mark.parametrize("outer", ["folder", "tar"])
def test_an_archive_that_stays_closed_is_not_read(
    workspace: Workspace,
    tmp_path: Path,
    write: Write,
    faces: Iterator[bytes],
    monkeypatch: pytest.MonkeyPatch,
    outer: str,
) -> None:
    files = {f"happy/{n}.png": next(faces) for n in range(2)}
    files["all.zip"] = zipped(files)
    for name, data in files.items():
        write(name, data)
    tarred(tmp_path / "set.tar", files)
    read: list[str] = []
    kind = FolderReader if outer == "folder" else ArchiveReader
    plain = kind.read

    def noted(self: FolderReader | ArchiveReader, path: str) -> bytes:
        read.append(path)
        return plain(self, path)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "read", noted)
    source = tmp_path / ("set" if outer == "folder" else "set.tar")
    found = describe(import_dataset(workspace, source, "faces"))
    assert set(read) == {"happy/0.png", "happy/1.png"}
    assert [(p["path"], p["kind"]) for p in found["problems"]] == [("all.zip", "other")]


def test_an_archive_in_a_tar_is_opened_on_disk(tmp_path: Path, faces: Iterator[bytes]) -> None:
    large = {"happy/1.png": next(faces), "happy/raw.bin": bytes(40 << 20)}
    tarred(tmp_path / "set.tar", {"train.zip": zipped(large)})
    reader = open_reader(tmp_path / "set.tar")
    tracemalloc.start()
    try:
        assert "train.zip/happy/1.png" in {e.path for e in reader.entries()}
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()
        reader.close()


def test_too_many_open_files_end_in_words(tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    inner = zipped({"happy/1.png": next(faces)})
    write("set.zip", zipped({f"{n}.zip": inner for n in range(40)}))
    first = os.dup(0)
    os.close(first)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reader = open_reader(tmp_path / "set/set.zip")
    resource.setrlimit(resource.RLIMIT_NOFILE, (first + 20, hard))
    try:
        with pytest.raises(NoRoom, match="Too many open files"):
            reader.entries()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    reader.close()


def test_what_was_opened_is_said_once(tmp_path: Path, write: Write, faces: Iterator[bytes]) -> None:
    for name in ("train", "test"):
        write(f"{name}.zip", zipped({"happy/1.png": next(faces), "sad/2.png": next(faces)}))
    reader = open_reader(tmp_path / "set")
    for _ in range(2):
        reader.entries()
        assert reader.understood.notes == ["archives inside it were opened: test.zip, train.zip"]
    reader.close()
