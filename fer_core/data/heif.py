"""HEIC and HEIF pictures, as telephones save them, where the optional package `pillow-heif` is installed."""

from __future__ import annotations

import importlib
import importlib.util

from fer_core.base.errors import ImageError

SUFFIXES = frozenset({".heic", ".heif"})
"""File name endings by which a file claims to be such a picture."""
_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


def is_heif(data: bytes) -> bool:
    """Whether the first bytes are those of a HEIF file that is no AVIF, which Pillow reads itself."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS and b"avif" not in data[16:64]


def is_installed() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec("pillow_heif") is not None


def heif_formats(name: str) -> tuple[str, ...]:
    """Pillow's name of the format, once the package has registered it.

    Raises:
        ImageError: the package is not installed.
    """
    if not is_installed():
        raise ImageError(
            "HEIC pictures need the optional package pillow-heif",
            received=name or None,
            hint="pip install -r requirements-extras.txt, or save the picture as JPEG",
        )
    importlib.import_module("pillow_heif").register_heif_opener()
    return ("HEIF",)
