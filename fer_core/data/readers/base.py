"""What every source of images answers, whatever its format."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from fer_core.errors import NotFound

MAX_FILE_BYTES = 256 << 20
"""A single file larger than this is listed as a problem without being read."""

_CLUTTER_FOLDERS = frozenset(
    {"__macosx", "$recycle.bin", "system volume information", "@eadir", "lost+found"}
)
_CLUTTER_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source.

    Attributes:
        path: inside the source, "/" between parts.
        split: train, val, test or another name; None where the source names none.
        label: canonical class name; None where the file lies in no class folder.
        problem: why the file cannot be read at all; "" where it can.
    """

    path: str
    split: str | None = None
    label: str | None = None
    problem: str = ""


class Reader(Protocol):
    """A source of images. Reading never changes it. `read` may be called from several threads."""

    kind: str

    def entries(self) -> list[Entry]:
        """Every file but clutter, in the order in which reading is fastest."""

    def read(self, path: str) -> bytes:
        """The bytes of one file. Raises NotFound or SourceError."""

    def close(self) -> None:
        """Let go of open files."""


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


def shown_name(name: str) -> str:
    r"""A file name as text: bytes that are not UTF-8 become `\xNN`, since tables hold text only."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def disk_name(shown: str) -> str:
    """Undo `shown_name`."""
    return re.sub(r"\\x([89a-f][0-9a-f])", lambda m: chr(0xDC00 + int(m[1], 16)), shown)


def folders_of(path: str) -> tuple[str, ...]:
    """The folders a file lies in, outermost first."""
    return tuple(path.split("/")[:-1])


def suffix_of(path: str) -> str:
    """A file name's ending in lower case with its dot; "" where it has none."""
    return os.path.splitext(path)[1].lower()
