"""What every source of images answers, whatever its format."""

from __future__ import annotations

import errno
import io
import lzma
import os
import re
import struct
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, Protocol

from fer_core.base.errors import FerError, NoRoom, NotFound, SourceError

DAMAGED = (
    OSError,
    EOFError,
    RuntimeError,  # an encrypted member, and NotImplementedError for a way of packing
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)
"""What Python's archive modules raise for a damaged file."""

UNREADABLE, UNLABELLED, MISSING, OTHER = "unreadable", "unlabelled", "missing", "other"
"""Kinds of what becomes no image: damaged, given no class by any folder or list, named in a list but not there, no picture."""
NO_EMOTION = "no emotion"
"""Kind of a picture of which the source says that it shows none of the classes: it stays in the dataset, without a class."""
WITHOUT_CLASS = "unlabelled"
"""Folder of such pictures, beside those of the classes."""
NOT_UNREADABLE = (UNLABELLED, NO_EMOTION, MISSING, OTHER)

MAX_FILE_BYTES = 256 << 20
"""A single file larger than this is listed as a problem without being read."""
MAX_TABLE_BYTES = 4 << 30
"""The same for a table of pictures and for an archive inside the source, neither of which is read as a whole."""
ARRAYS = (".npz", ".h5", ".hdf5", ".hdf")
TABLES = (".csv", ".csv.gz", ".csv.bz2", ".parquet", ".npy", *ARRAYS)
EXPORT_MANIFEST = "fer-export.json"
"""What an export says about itself; no part of the data."""

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT)
_ARCHIVE = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz))$", re.IGNORECASE)
_TFRECORD = re.compile(r"\.tfrecords?(?:-\d+-of-\d+)?$")
_CLUTTER_FOLDERS = frozenset(
    {"__macosx", "$recycle.bin", "system volume information", "@eadir", "lost+found"}
)
_CLUTTER_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", EXPORT_MANIFEST})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source.

    Attributes:
        path: inside the source, "/" between parts.
        split: train, val, test or another name; None where the source names none.
        label: canonical class name; None where the file lies in no class folder.
        problem: why the file cannot be read at all; "" where it can.
        found: the class as the source spells it; None where it names none.
        votes: how many people gave each class, in the order of the votes file.
        stamp: differs once the file does, as far as can be told without reading it (size and time, or CRC).
        kind: `UNLABELLED` for a picture that nothing gives a class, `NO_EMOTION`; "" leaves it to the import.
        subject: who is shown; "" where the source does not say.
        valence, arousal: -1 to 1; None where the source has none.
        group: of people, as a list of the source names it; "" where none does.
    """

    path: str
    split: str | None = None
    label: str | None = None
    problem: str = ""
    found: str | None = None
    votes: tuple[int, ...] | None = None
    stamp: str = ""
    kind: str = ""
    subject: str = ""
    valence: float | None = None
    arousal: float | None = None
    group: str = ""


@dataclass
class Understood:
    """How a source was read, for people; whole once its entries are listed.

    Attributes:
        delivery, delivery_key: name and key of the public set whose layout it has; "" for none, the key also for a lone table.
        how: what was done because of it, in a sentence without its period.
        choices: what its layout leaves open -> what was chosen.
        lists: list of labels -> images it gave their class.
        notes: sentences about what was decided between two sayings.
        vote_classes: what the votes of the entries count; empty without votes.
    """

    delivery: str = ""
    delivery_key: str = ""
    how: str = ""
    lists: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    vote_classes: tuple[str, ...] = ()
    choices: dict[str, str] = field(default_factory=dict)


class Reader(Protocol):
    """A source of images. Reading never changes it. `read` may be called from several threads."""

    @property
    def kind(self) -> str:
        """ "folder", "archive", "csv", "parquet", "npz", "hdf5": what the source is."""

    @property
    def understood(self) -> Understood:
        """How it was read; whole once `entries` has been called."""

    def entries(self) -> list[Entry]:
        """Every file but clutter, in the order in which reading is fastest."""

    def read(self, path: str) -> bytes:
        """The bytes of one file. Raises NotFound or SourceError."""

    def close(self) -> None:
        """Let go of open files."""


class Container(Protocol):
    """A folder or archive: files by name, whatever they mean. `notes` are sentences on how their names were read."""

    kind: str

    @property
    def notes(self) -> tuple[str, ...]: ...

    def files(self) -> list[Entry]:
        """Every file but clutter, without split or class."""

    def open(self, path: str) -> IO[bytes]:
        """One file as a stream. Raises NotFound or SourceError."""

    def read(self, path: str) -> bytes:
        """The bytes of one file. Raises NotFound or SourceError."""

    def close(self) -> None:
        """Let go of open files."""


def size_problem(path: str, size: int, limit: int) -> str:
    """Why a file is too large to be read; "" where it is not. A table of pictures or an archive may be larger than a picture."""
    most = max(limit, MAX_TABLE_BYTES) if is_table(path) or is_archive(path) else limit
    return f"The file is too large: {size / 1e6:,.0f} MB" if size > most else ""


def is_table(path: str) -> bool:
    """Whether a file's name says that it holds a table: CSV, packed or not, Parquet, arrays, or TFRecord."""
    return path.lower().endswith(TABLES) or is_tfrecord(path)


def is_tfrecord(path: str) -> bool:
    """Whether a file's name is that of a TFRecord file, as `fer-train.tfrecord-00000-of-00002`."""
    return ".tfrecord" in path and _TFRECORD.search(path) is not None


def is_archive(path: str) -> bool:
    """Whether a file's name says that it is a zip or tar."""
    return _ARCHIVE.search(path) is not None


def is_clutter(path: str) -> bool:
    """Whether a file was left by an operating system: hidden files, `__MACOSX`, `Thumbs.db`."""
    folder, _, name = path.rpartition("/")
    return name.startswith(".") or name.lower() in _CLUTTER_FILES or _is_clutter_folder(folder)


@lru_cache(maxsize=4096)
def _is_clutter_folder(path: str) -> bool:
    return any(part.startswith(".") or part.lower() in _CLUTTER_FOLDERS for part in path.split("/"))


def missing_file(path: str, where: object) -> NotFound:
    """The error for a file that the source no longer holds."""
    return NotFound(
        f"The source at {where} does not hold this file",
        received=path,
        hint="It was there at import; put it back, or import the source again",
    )


def cannot_read_error(error: OSError, path: str) -> SourceError:
    """The error for a file that the system does not open, read or write; NoRoom where it would refuse any other too."""
    if error.errno not in _EXHAUSTED:
        return SourceError(f"The file cannot be read: {error.strerror}", received=path)
    return NoRoom(
        f"The system gives no room for another open file: {error.strerror}",
        received=path,
        hint="Unpack archives inside the source, or allow more open files (ulimit -n) or more room for temporary ones",
    )


def shown_name(name: str) -> str:
    r"""A file name as text: bytes that are not UTF-8 become `\xNN`, since tables hold text only."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def disk_name(shown: str) -> str:
    """Undo `shown_name`."""
    return re.sub(r"\\x([89a-f][0-9a-f])", lambda m: chr(0xDC00 + int(m[1], 16)), shown)


def folders_of(path: str) -> tuple[str, ...]:
    """The folders a file lies in, outermost first; archives inside the source are folders called without their endings."""
    parts = path.split("/")[:-1]
    return (
        tuple(_ARCHIVE.sub("", part) for part in parts) if ".zip/" in path or ".t" in path else tuple(parts)
    )


def suffix_of(path: str) -> str:
    """A file name's ending in lower case with its dot; "" where it has none."""
    stem, _, ending = path[path.rfind("/") + 1 :].rpartition(".")
    return f".{ending.lower()}" if stem.strip(".") else ""


def seekable(file: IO[bytes], path: str) -> IO[bytes]:
    """A file of a container as one on disk in which one can jump about. Raises SourceError."""
    return file if isinstance(file, io.BufferedReader | io.BufferedRandom) else copy_to_temporary(file, path)


def temporary_file(path: str) -> IO[bytes]:
    """A file for a copy of that one, gone once it is closed. Raises SourceError."""
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise cannot_read_error(error, path) from error


def copy_to_temporary(file: IO[bytes], path: str) -> IO[bytes]:
    """A temporary copy of a stream, which is closed. Raises SourceError."""
    with file:
        copy = temporary_file(path)
        try:
            size = 0
            while block := file.read(1 << 20):
                size += len(block)
                if size > MAX_TABLE_BYTES:
                    raise SourceError("The file is too large to be opened inside an archive", received=path)
                copy.write(block)
            copy.seek(0)
        except BaseException as error:
            copy.close()
            if isinstance(error, FerError) or not isinstance(error, Exception):
                raise
            if isinstance(error, OSError) and error.errno in _EXHAUSTED:
                raise cannot_read_error(error, path) from error
            raise SourceError(f"The archive is damaged here ({error})", received=path) from error
    return copy
