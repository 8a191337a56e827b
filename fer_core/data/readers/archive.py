"""Zip and tar archives, read in place: nothing is ever unpacked to disk.

An archive is refused as a whole when it names places outside itself, holds links, is encrypted, or would
unpack beyond the limits (count of files, total size, ratio of unpacked to packed size).
"""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fer_core.base.errors import SourceError, UnsafeArchive
from fer_core.data.readers.base import (
    DAMAGED,
    MAX_FILE_BYTES,
    Entry,
    copy_to_temporary,
    is_clutter,
    missing_file,
    shown_name,
    size_problem,
)
from fer_core.data.readers.file_kinds import archive_hint
from fer_core.data.readers.layout import with_folder_names
from fer_core.data.readers.zip_names import SPOKEN, encoding_of


@dataclass(frozen=True)
class Limits:
    """How far an archive may unpack.

    Attributes:
        files: entries in all.
        total_bytes: sum of unpacked sizes.
        ratio: unpacked size over the archive's own; looked at only once more than `ratio_from` bytes unpack.
        ratio_from: below this total no ratio is suspicious (a few blank pictures compress very well).
        file_bytes: one file; a larger one is listed as a problem and not read.
    """

    files: int = 5_000_000
    total_bytes: int = 200 << 30
    ratio: float = 200.0
    ratio_from: int = 64 << 20
    file_bytes: int = MAX_FILE_BYTES


_HEAD = 4096  # first bytes, which tell what a file is
_SMALL = 1 << 20  # bytes of a member of a tar up to which it is opened in memory
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, length of the name, length of the extra field


class Gate:
    """Counts what an archive holds, with all archives inside it, and refuses it at the first thing that is not right.

    Args:
        archive: its name.
        packed: its size in bytes.
        limits: how far it may unpack.
    """

    def __init__(self, archive: str, packed: int, limits: Limits) -> None:
        self._archive = archive
        self._packed = max(packed, 1)
        self._limits = limits
        self._files = 0
        self._bytes = 0

    def admit(self, name: str, size: int) -> str:
        """The entry's path with "/" between parts. Raises UnsafeArchive."""
        path = name.replace("\\", "/")
        parts = path.split("/")
        if path.startswith("/") or (len(path) > 1 and path[1] == ":") or ".." in parts or "\0" in path:
            raise UnsafeArchive(
                "The archive names a place outside itself",
                received=repr(name),
                hint="Pack the images again with plain relative names",
            )
        self._files += 1
        self._bytes += size
        if self._files > self._limits.files:
            raise self._beyond(f"more than {self._limits.files:,} files")
        if self._bytes > self._limits.total_bytes:
            raise self._beyond(f"more than {self._limits.total_bytes:,} bytes")
        ratio = self._bytes / self._packed
        if self._bytes > self._limits.ratio_from and ratio > self._limits.ratio:
            raise self._beyond(f"more than {self._limits.ratio:g} times its own size")
        return "/".join(part for part in parts if part not in ("", "."))

    def refuse_link(self, name: str) -> UnsafeArchive:
        return UnsafeArchive(
            "The archive holds a link", received=repr(name), hint="Pack the files themselves, without links"
        )

    def _beyond(self, what: str) -> UnsafeArchive:
        return UnsafeArchive(
            f"The archive would unpack to {what}",
            received=self._archive,
            hint="Import its folder instead",
        )


def _head(archive: Path) -> bytes:
    with open(archive, "rb") as file:
        return file.read(_HEAD)


def _is_tar(archive: Path | IO[bytes]) -> bool:
    """Whether a file begins as a tar or a packed one: with a zip at its end it would pass for a zip."""
    if isinstance(archive, Path):
        head = _head(archive)
    else:
        archive.seek(0)
        head = archive.read(_HEAD)
    return head[257:262] == b"ustar" or head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"))


def _read_plainly(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    """A stored or deflated member, checked as by `ZipFile.read` in a third of its time; None for others."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or archive.fp is None:
        return None
    file = archive.fp.fileno()
    head = os.pread(file, _LOCAL_HEADER.size, info.header_offset)
    signature, name, extra = _LOCAL_HEADER.unpack(head)
    if signature != b"PK\x03\x04":
        return None
    data = os.pread(file, info.compress_size, info.header_offset + _LOCAL_HEADER.size + name + extra)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, info.file_size + 1)
    return data if len(data) == info.file_size and zlib.crc32(data) == info.CRC else None


class ArchiveReader:
    """Reads a zip or tar (plain, gz, bz2, xz). A compressed tar is quick in order, slow at single files.

    Args:
        archive: the file.
        limits: how far it may unpack.
        file: an archive inside another one, seekable; closed by `close`. `archive` is then its name.
        gate: of the archive around it, whose limits hold for both.
    """

    kind = "archive"

    def __init__(
        self,
        archive: Path,
        *,
        limits: Limits | None = None,
        file: IO[bytes] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._path, self._file = archive, file
        self._limits = limits or Limits()
        self.notes: tuple[str, ...] = ()
        self._encoding = "cp437"
        self._lock = threading.Lock()
        self._zip: zipfile.ZipFile | None = None
        self._tar: tarfile.TarFile | None = None
        self._members: dict[str, zipfile.ZipInfo | tarfile.TarInfo] = {}
        self._files: list[Entry] = []
        try:
            size = file.seek(0, io.SEEK_END) if file else archive.stat().st_size
            if not _is_tar(file or archive) and zipfile.is_zipfile(file or archive):
                self._zip = self._open_zip(file or archive)
            else:
                if file:
                    file.seek(0)
                self._tar = tarfile.open(None if file else archive, fileobj=file)  # noqa: SIM115 (closed by close)
            self.gate = gate or Gate(archive.name, size, self._limits)
            self._list()
        except PermissionError as error:
            raise SourceError("The archive may not be read", received=archive) from error
        except DAMAGED as error:
            self.close()
            raise SourceError(
                "This is not a zip or tar archive, or it is damaged",
                received=archive.name,
                hint=f"{archive_hint(archive.name, b'' if file else _head(archive))} ({error})",
            ) from error
        except UnsafeArchive:
            self.close()
            raise

    def _open_zip(self, archive: Path | IO[bytes]) -> zipfile.ZipFile:
        """The zip, with names that do not say how they are written read as they make sense."""
        opened = zipfile.ZipFile(archive)
        silent = [i.orig_filename for i in opened.infolist() if not i.flag_bits & 0x800]
        foreign = [name.encode("cp437") for name in silent if not name.isascii()]
        self._encoding = encoding_of(foreign) if foreign else "cp437"
        if self._encoding == "cp437":
            return opened
        opened.close()
        self.notes = (
            f"{len(foreign):,} names in the zip do not say how they are written: read as {SPOKEN[self._encoding]}",
        )
        return zipfile.ZipFile(archive, metadata_encoding=self._encoding)

    def _member(self, path: str) -> zipfile.ZipInfo | tarfile.TarInfo:
        """By its name, or by the name that older versions read. Raises NotFound."""
        member = self._members.get(path)
        if member is None and self._encoding != "cp437":
            with suppress(UnicodeError):
                member = self._members.get(path.encode("cp437").decode(self._encoding))
        if member is None:
            raise missing_file(path, self._path)
        return member

    def entries(self) -> list[Entry]:
        return with_folder_names(self._files)

    def files(self) -> list[Entry]:
        """Every file but clutter, without split or class."""
        return list(self._files)

    def open(self, path: str) -> IO[bytes]:
        """One file as a stream. Raises NotFound or SourceError."""
        member = self._member(path)
        try:
            if isinstance(member, zipfile.ZipInfo):
                assert self._zip is not None
                return self._zip.open(member)
            assert self._tar is not None
            with self._lock:
                file = self._tar.extractfile(member) or io.BytesIO()
                return io.BytesIO(file.read()) if member.size <= _SMALL else copy_to_temporary(file, path)
        except DAMAGED as error:
            raise SourceError(f"The archive is damaged here ({error})", received=path) from error

    def read(self, path: str) -> bytes:
        member = self._member(path)
        try:
            if isinstance(member, zipfile.ZipInfo):
                assert self._zip is not None
                return _read_plainly(self._zip, member) or self._zip.read(member)
            assert self._tar is not None
            with self._lock:
                file: IO[bytes] | None = self._tar.extractfile(member)
                return file.read() if file else b""
        except DAMAGED as error:
            raise SourceError(f"The archive is damaged here ({error})", received=path) from error

    def close(self) -> None:
        for archive in (self._zip, self._tar, self._file):
            if archive is not None:
                archive.close()

    def _list(self) -> None:
        listed = self._list_zip(self.gate) if self._zip else self._list_tar(self.gate)
        twice: list[Entry] = []
        kept: dict[str, Entry] = {}
        for path, member, problem, stamp in (row for row in listed if not is_clutter(row[0])):
            if path in kept:
                words = "Twice in the archive; the last was read"
                twice.append(Entry(f"{path}#{len(twice) + 2}", problem=words))
            kept[path] = Entry(path, problem=problem, stamp=stamp)
            self._members[path] = member
        self._files = [*kept.values(), *twice]

    def _list_zip(self, gate: Gate) -> Iterator[tuple[str, zipfile.ZipInfo, str, str]]:
        assert self._zip is not None
        for info in self._zip.infolist():
            if not info.filename:
                raise zipfile.BadZipFile("a file without a name")
            path = gate.admit(info.filename, info.file_size)
            if stat.S_ISLNK(info.external_attr >> 16):
                raise gate.refuse_link(info.filename)
            if info.is_dir() or info.filename.endswith("\\"):
                continue
            if info.flag_bits & 0x1:
                raise UnsafeArchive(
                    "The archive is encrypted",
                    received=self._path.name,
                    hint="Pack it again without a password",
                )
            problem = size_problem(path, info.file_size, self._limits.file_bytes)
            yield path, info, problem, f"{info.file_size}-{info.CRC:x}"

    def _list_tar(self, gate: Gate) -> Iterator[tuple[str, tarfile.TarInfo, str, str]]:
        assert self._tar is not None
        for info in self._tar:
            path = gate.admit(shown_name(info.name), info.size)
            if info.issym() or info.islnk():
                raise gate.refuse_link(info.name)
            if info.isdir():
                continue
            large = size_problem(path, info.size, self._limits.file_bytes)
            problem = large if info.isreg() else "Not a regular file"
            yield path, info, problem, f"{info.size}-{info.mtime}"
