"""Files and folders that appear whole or not at all: under errors, under kill -9, and on the disk in order."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.base import atomic
from fer_core.base.atomic import (
    new_file,
    new_folder,
    read_json,
    remove_folder,
    replace,
    temporary_path,
    write_atomic,
    write_json,
)


def test_any_kind_of_file_replaces_the_old_one(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", {"é": [1]})
    assert read_json(tmp_path / "deep" / "a.json") == {"é": [1]}
    write_atomic(tmp_path / "t.txt", "old")
    write_atomic(tmp_path / "t.txt", b"new")
    assert (tmp_path / "t.txt").read_bytes() == b"new"
    with new_file(tmp_path / "t.parquet") as temporary:
        pd.DataFrame({"x": [1, 2]}).to_parquet(temporary)
    with new_file(tmp_path / "t.npz") as temporary:
        np.savez(temporary, x=np.arange(3))
    assert list(pd.read_parquet(tmp_path / "t.parquet")["x"]) == [1, 2]
    with np.load(tmp_path / "t.npz") as arrays:
        assert list(arrays["x"]) == [0, 1, 2]
    assert sorted(os.listdir(tmp_path)) == ["deep", "t.npz", "t.parquet", "t.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "old")

    def fail(folder: Path) -> None:
        (folder / "a").write_text("half")
        (folder / "prepared").write_text("of a library")
        raise KeyError("k")

    with pytest.raises(KeyError), new_file(tmp_path / "a") as temporary:
        fail(temporary.parent)
    with pytest.raises(KeyError), new_folder(tmp_path / "f") as folder:
        fail(folder)
    with pytest.raises(FileNotFoundError), new_file(tmp_path / "a"):
        pass  # nothing was written: not an empty file in the old one's place
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_no_listing_by_ending_shows_what_is_being_written(tmp_path: Path) -> None:
    with new_file(tmp_path / "faces.onnx") as temporary:
        temporary.write_text("half")
        assert temporary.name == "faces.onnx"  # libraries look at the ending
        assert list(tmp_path.glob("*.onnx")) == []
    assert [path.name for path in tmp_path.glob("*.onnx")] == ["faces.onnx"]


def test_a_folder_appears_whole_and_never_over_another(tmp_path: Path) -> None:
    with new_folder(tmp_path / "f") as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "x").write_text("1")
        (folder / "broken-link").symlink_to("nowhere")
        assert not (tmp_path / "f").exists()
    assert (tmp_path / "f" / "sub" / "x").read_text() == "1"
    with pytest.raises(OSError, match="not empty"), new_folder(tmp_path / "f") as folder:
        (folder / "y").touch()
    assert os.listdir(tmp_path / "f" / "sub") == ["x"]
    remove_folder(tmp_path / "f")
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        remove_folder(tmp_path / "f")


def test_aside_keeps_nothing_but_what_was_taken_out(tmp_path: Path) -> None:
    with temporary_path(tmp_path / "a") as temporary:
        temporary.write_text("1")
    assert os.listdir(tmp_path) == []
    with temporary_path(tmp_path / "a") as temporary:
        temporary.write_text("1")
        replace(temporary, tmp_path / "a")
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("many", [False, True])
def test_content_is_on_the_disk_before_its_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        calls.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        real_fsync(descriptor)

    def moved(source: Path, target: Path) -> None:
        calls.append("move")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", moved)
    monkeypatch.setattr(os, "sync", lambda: calls.append("sync all"))
    monkeypatch.setattr(atomic, "_SYNC_ALL", 2 if many else 200)
    write_atomic(tmp_path / "a", "1")
    assert calls == ["sync a", "move", f"sync {tmp_path.name}"]
    calls.clear()
    write_atomic(tmp_path / "a", "2", durable=False)
    assert calls == ["move"]
    calls.clear()
    with new_folder(tmp_path / "f") as folder:
        (folder / "x").touch()
        (folder / "y").touch()
    before = calls[: calls.index("move")]
    assert before == ["sync all"] if many else {"sync x", "sync y"} < set(before)
    assert calls[-1] == f"sync {tmp_path.name}"
    calls.clear()
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: calls.append("removed"))
    remove_folder(tmp_path / "f")
    assert calls == ["move", f"sync {tmp_path.name}", "removed"]


_WRITER = """
import itertools, sys
from pathlib import Path
from fer_core.base.atomic import new_folder, write_atomic
root = Path(sys.argv[1])
for n in itertools.count():
    write_atomic(root / "a", f"{n % 10}" * 50_000, durable=False)
    with new_folder(root / f"f{n}") as folder:
        for name in "xyz":
            (folder / name).write_text("1")
    if n == 3:
        print("writing", flush=True)
"""


def test_whoever_reads_never_finds_a_half_also_when_the_writer_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        until = time.monotonic() + 0.5
        looks = 0
        while time.monotonic() < until:
            text = (tmp_path / "a").read_text()
            assert len(text) == 50_000
            assert len(set(text)) == 1
            looks += 1
        assert looks > 20
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    text = (tmp_path / "a").read_text()
    assert (len(text), len(set(text))) == (50_000, 1)
    shown = [path for path in tmp_path.iterdir() if path.name.startswith("f")]
    assert len(shown) > 3
    assert all(sorted(os.listdir(folder)) == ["x", "y", "z"] for folder in shown)
