"""Picture files to be read: which ones are meant, and their bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fer_core.base.errors import ImageError, NotFound
from fer_core.data.images import SUFFIXES


def picture_files(given: Iterable[Path]) -> list[Path]:
    """The files, folders replaced by the pictures below them; each once, in order.

    Raises:
        NotFound: a path that is not there, or a folder without a picture.
    """
    found: dict[Path, None] = {}
    for path in given:
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("[!.]*")) if p.suffix.lower() in SUFFIXES and p.is_file()]
            if not inside:
                raise NotFound("There is no picture in this folder", received=path)
            found |= dict.fromkeys(inside)
        elif path.exists():
            found[path] = None
        else:
            raise NotFound("There is no such file", received=path)
    return list(found)


def read_picture(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        ImageError: it cannot be opened.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise ImageError(f"The file cannot be opened ({error.strerror})", received=file) from error
