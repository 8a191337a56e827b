from __future__ import annotations

import importlib.util
import io

import numpy as np
import pytest
from PIL import Image

from fer_core.base.errors import ImageError
from fer_core.data import heif
from fer_core.data.images import decode

HEADER = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImageError, match="pillow-heif"):
        decode(HEADER + bytes(200), "IMG_1.HEIC")


def test_avif_is_none_of_its_business() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(buffer, "AVIF")
    assert not heif.is_heif(buffer.getvalue())
    assert decode(buffer.getvalue()).format == "AVIF"


@pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="pillow-heif is not installed")
def test_with_the_package_it_is_read() -> None:
    importlib.import_module("pillow_heif").register_heif_opener()
    buffer = io.BytesIO()
    Image.fromarray(np.full((32, 48, 3), (200, 80, 40), np.uint8)).save(buffer, "HEIF")
    picture = decode(buffer.getvalue(), "IMG_2.HEIC")
    assert (picture.width, picture.height, picture.format) == (48, 32, "HEIF")
