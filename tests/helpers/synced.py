"""What would be left after a power cut: which files and names were on the disk, by what `fsync` was asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_Inode = tuple[int, int]
_TICK = 20_000_000
"""Nanoseconds by which times of files may lag behind the clock."""


@dataclass
class Disk:
    """Every `fsync`, `sync` and `os.replace` of this process, in order.

    Attributes:
        steps: ("synced" | "moved", path) as they came.
        early: files that took a name before what they hold was on the disk.
        there: what was there at the beginning, with its number and when it was last written.
    """

    root: Path
    steps: list[tuple[str, str]] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    there: dict[Path, tuple[int, int]] = field(init=False)
    _held: dict[_Inode, int] = field(default_factory=dict)  # when a file was last changed as it was synced
    _when: dict[_Inode, int] = field(default_factory=dict)  # when a folder's entries were synced
    _all: int = 0

    def __post_init__(self) -> None:
        self.there = {path: _stamp(path) for path in self.root.rglob("*")}

    def synced(self, descriptor: int) -> None:
        about = os.fstat(descriptor)
        inode = (about.st_dev, about.st_ino)
        self._held[inode], self._when[inode] = about.st_mtime_ns, time.time_ns()
        self.steps.append(("synced", os.readlink(f"/proc/self/fd/{descriptor}")))

    def everything(self) -> None:
        self._all = time.time_ns()

    def moved(self, source: str, target: str) -> None:
        if ".tmp/" in target:  # moved as a whole later
            return
        files = [Path(source), *Path(source).rglob("*")] if Path(source).is_dir() else [Path(source)]
        self.early += [target for file in files if file.is_file() and not self._holds(file)]
        self.steps.append(("moved", target))

    def lost(self) -> list[str]:
        """Files of the workspace, new or changed since, that a power cut now would take, whole or in part."""
        return [
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.is_file() and self._since(path) and not (self._holds(path) and self._found(path))
        ]

    def _since(self, path: Path) -> bool:
        return self.there.get(path) != _stamp(path)

    def _holds(self, path: Path) -> bool:
        about = path.stat()
        inode = (about.st_dev, about.st_ino)
        return self._held.get(inode) == about.st_mtime_ns or self._all > about.st_mtime_ns

    def _found(self, path: Path) -> bool:
        """Whether the entries that lead to a file were on the disk after it took its name; a new folder's, ever."""
        if self._entries(path.parent) + _TICK < path.lstat().st_ctime_ns:
            return False
        new = [folder for folder in path.parents if folder != self.root and folder.is_relative_to(self.root)]
        return all(folder in self.there or self._entries(folder.parent) for folder in new)

    def _entries(self, folder: Path) -> int:
        about = folder.stat()
        return max(self._when.get((about.st_dev, about.st_ino), 0), self._all)


def _stamp(path: Path) -> tuple[int, int]:
    about = path.lstat()
    return about.st_ino, about.st_mtime_ns


@contextmanager
def watched(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Follow what this process asks of the disk."""
    disk = Disk(root)
    fsync, sync, replace = os.fsync, os.sync, os.replace

    def told_fsync(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        fsync(number)
        disk.synced(number)

    def told_replace(source: Any, target: Any, **options: Any) -> None:
        disk.moved(os.fspath(source), os.fspath(target))
        replace(source, target, **options)

    def told_sync() -> None:
        sync()
        disk.everything()

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", told_fsync)
        patch.setattr(os, "sync", told_sync)
        patch.setattr(os, "replace", told_replace)
        yield disk
