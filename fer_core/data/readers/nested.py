"""Archives inside a folder or archive that holds no pictures itself, as `train.zip` beside `test.zip`: read in place.

A file in one is called `train.zip/happy/1.jpg`. Where pictures lie beside an archive it stays closed, since it often holds the
same ones. Archives in archives are opened down to `DEPTH`, no more than `MOST` in one, all within the limits of the outermost.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from fer_core.base.errors import FerError, NoRoom, UnsafeArchive
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.archive import ArchiveReader, Gate
from fer_core.data.readers.base import OTHER, Container, Entry, is_archive, is_table, seekable, suffix_of
from fer_core.data.readers.file_kinds import what_it_is
from fer_core.data.readers.pixel_csv import is_pixel_csv

DEPTH, MOST = 3, 200
_INSIDE = re.compile(r"(?i)\.(?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz)/")


class NestedContainer:
    """A container, and the files in its archives.

    Args:
        container: closed by `close`.
        depth: how many containers lie around it.
        gate: of the archive around it.
    """

    def __init__(self, container: Container, depth: int = 0, gate: Gate | None = None) -> None:
        self._container, self._depth = container, depth
        self._gate = container.gate if isinstance(container, ArchiveReader) else gate
        self._inner: dict[str, NestedContainer] = {}
        self._lock = threading.RLock()
        self.kind = container.kind
        self.notes: tuple[str, ...] = ()

    def files(self) -> list[Entry]:
        """Every file but clutter, those in archives too; one that stays closed has that as its problem.

        Raises:
            UnsafeArchive: the source is refused as a whole.
            NoRoom: more open files are needed than the system gives.
        """
        self.notes = self._container.notes
        files = self._container.files()
        packed = [e for e in files if is_archive(e.path) and not e.problem]
        if packed and (self._depth >= DEPTH or self._holds_pictures(files)):
            closed = {e.path for e in packed}
            return [
                replace(e, problem=what_it_is(e.path), kind=OTHER) if e.path in closed else e for e in files
            ]
        if len(packed) > MOST:
            raise UnsafeArchive(
                f"There are more than {MOST} archives in the source",
                received=f"{len(packed):,}",
                hint="Unpack them into one folder",
            )
        found = [e for e in files if e.problem or not is_archive(e.path)]
        opened = []
        for entry in packed:
            try:
                inner = self._open(entry.path)
                own = inner.files()
            except (UnsafeArchive, NoRoom):
                raise
            except FerError as error:
                found.append(replace(entry, problem=error.message))
                continue
            opened.append(entry.path)
            self.notes += inner.notes
            found += [replace(e, path=f"{entry.path}/{e.path}") for e in own]
        if opened:
            shown = ", ".join(opened[:5]) + (", ..." if len(opened) > 5 else "")
            self.notes += (f"archives inside it were opened: {shown}",)
        return found

    def _holds_pictures(self, files: Sequence[Entry]) -> bool:
        for entry in files:
            csv = entry.path.lower().endswith((".csv", ".csv.gz", ".csv.bz2"))
            if suffix_of(entry.path) in SUFFIXES or (is_table(entry.path) and not csv):
                return True
            if csv and not entry.problem and is_pixel_csv(self._container.open(entry.path), entry.path):
                return True
        return False

    def _open(self, path: str) -> NestedContainer:
        """The archive of that path, opened once. Raises FerError."""
        with self._lock:
            if path not in self._inner:
                file = seekable(self._container.open(path), path)
                archive = ArchiveReader(Path(path), file=file, gate=self._gate)
                self._inner[path] = NestedContainer(archive, self._depth + 1)
            return self._inner[path]

    def _place(self, path: str) -> tuple[Container, str]:
        """The container in which a file lies, and its path there."""
        for found in _INSIDE.finditer(path):
            archive = path[: found.end() - 1]
            try:
                return self._open(archive), path[found.end() :]
            except NoRoom:
                raise
            except FerError:  # a folder that is called like an archive
                continue
        return self._container, path

    def open(self, path: str) -> IO[bytes]:
        """One file as a stream. Raises NotFound or SourceError."""
        container, inside = self._place(path)
        return container.open(inside)

    def read(self, path: str) -> bytes:
        """The bytes of one file. Raises NotFound or SourceError."""
        container, inside = self._place(path)
        return container.read(inside)

    def close(self) -> None:
        """Let go of open files."""
        for inner in self._inner.values():
            inner.close()
        self._container.close()
