"""Sources of images, one format per file."""

from __future__ import annotations

from pathlib import Path

from fer_core.data.readers.archive import ArchiveReader
from fer_core.data.readers.base import Entry, Reader
from fer_core.data.readers.folder import FolderReader
from fer_core.errors import SourceError

__all__ = ["Entry", "Reader", "open_reader"]


def open_reader(path: Path) -> Reader:
    """The reader for a folder, zip or tar.

    Raises:
        SourceError: nothing is there, or it is no folder and no archive.
        UnsafeArchive: an archive that is refused as a whole.
    """
    path = path.expanduser()
    if path.is_dir():
        return FolderReader(path)
    if path.is_file():
        return ArchiveReader(path)
    raise SourceError("There is nothing at that path", received=path, hint="Check the spelling")
