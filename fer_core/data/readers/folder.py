"""A folder on this machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from fer_core.base.errors import SourceError
from fer_core.data.readers.base import (
    MAX_FILE_BYTES,
    Entry,
    cannot_read_error,
    disk_name,
    is_clutter,
    missing_file,
    shown_name,
    size_problem,
)
from fer_core.data.readers.layout import with_folder_names


class FolderReader:
    """Reads a tree of folders. Links that lead outside it, and linked folders, are listed as problems."""

    kind = "folder"
    notes = ()

    def __init__(self, root: Path, *, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self.root = root.resolve()
        self._max = max_file_bytes

    def entries(self) -> list[Entry]:
        return with_folder_names(self.files())

    def files(self) -> list[Entry]:
        """Every file but clutter, without split or class."""
        found: list[Entry] = []
        self._walk(self.root, "", found)
        return found

    def _walk(self, folder: Path, prefix: str, found: list[Entry]) -> None:
        try:
            with os.scandir(folder) as scan:
                items = sorted(scan, key=lambda item: item.name)
        except OSError as error:
            found.append(
                Entry(prefix.rstrip("/") or ".", problem=f"The folder cannot be read: {error.strerror}")
            )
            return
        for item in items:
            path = prefix + shown_name(item.name)
            if is_clutter(path):
                continue
            if item.is_dir(follow_symlinks=False):
                self._walk(folder / item.name, f"{path}/", found)
            else:
                problem, stamp = self._looked_at(item, path)
                found.append(Entry(path, problem=problem, stamp=stamp))

    def _looked_at(self, item: os.DirEntry[str], path: str) -> tuple[str, str]:
        """Problem and stamp of a file."""
        try:
            if item.is_symlink():
                if not Path(item.path).resolve().is_relative_to(self.root):
                    return "A link that leads outside the folder", ""
                if item.is_dir():
                    return "A link to another folder; its images are read where they are", ""
            info = item.stat()
        except OSError as error:
            return f"The file cannot be read: {error.strerror}", ""
        if not stat.S_ISREG(info.st_mode):
            return "Not a regular file", ""
        return size_problem(path, info.st_size, self._max), f"{info.st_size}-{info.st_mtime_ns}"

    def read(self, path: str) -> bytes:
        with self.open(path) as file:
            try:
                return file.read()
            except OSError as error:
                raise cannot_read_error(error, path) from error

    def open(self, path: str) -> BinaryIO:
        """One file as a stream. Raises NotFound or SourceError."""
        root = str(self.root)
        target = os.path.join(root, path)
        if not os.path.exists(target):
            target = os.path.join(root, disk_name(path))
        # The path comes from a manifest, and the tree may have changed since: ask again where it leads.
        if not os.path.realpath(target).startswith(root.rstrip(os.sep) + os.sep):
            raise SourceError("This path leads outside the source folder", received=path)
        try:
            return open(target, "rb")
        except FileNotFoundError:
            raise missing_file(path, self.root) from None
        except OSError as error:
            raise cannot_read_error(error, path) from error

    def close(self) -> None:
        """Nothing stays open."""
