"""Decoding pictures safely, and what every later step asks of one decoded picture.

Whatever a file holds, decoding ends in one of two forms: gray `uint8 (h, w)` or colour `uint8 (h, w, 3)`. A
colour picture whose channels are equal counts as gray, so that the same face stored either way is the same
picture.

    >>> import io
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (3, 2), (7, 7, 7)).save(file, "PNG")
    >>> picture = decode(file.getvalue())
    >>> picture.mode, picture.pixels.shape
    ('gray', (2, 3))
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_core.base.arrays import Pixels
from fer_core.base.errors import ImageError
from fer_core.data import heif, jpeg

MAX_PIXELS = 50_000_000
"""Largest picture that is decoded; a larger one is refused by its header."""
_SURE_PIXELS, _PIXELS_A_BYTE = 4096**2, 500
"""So many are decoded whatever the file's size, and so many a byte beyond: photographs hold under twenty a byte, a smooth WebP
of 4096 x 4096 about 240, a picture of one colour up to a thousand, and forty such of 49 megapixels would keep an import busy
for minutes."""

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "JPEG2000", "AVIF")
"""What is tried, by content. Formats that start other programs or hold many documents (EPS, PDF) are not."""

_JPEG = {".jpg", ".jpeg", ".jpe", ".jfif", ".jp2"}
_RAW = {".bmp", ".dib", ".pgm", ".ppm", ".pbm", ".pnm", ".tif", ".tiff"}
SUFFIXES = frozenset({*_JPEG, *_RAW, ".png", ".gif", ".webp", ".avif"})
"""File name endings by which a file claims to be a picture."""

_OF_16 = " ({} of 16 bits)"

# Our own, lower limit answers in words; Pillow's warning would only reach a log.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 (height, width) where `mode` is "gray", (height, width, 3) where it is "rgb".
        mode: "gray" or "rgb".
        width: in pixels, after EXIF rotation.
        height: in pixels, after EXIF rotation.
        format: Pillow's name of the file format, such as "JPEG"; "PNG (12 of 16 bits)" where levels use no more.
    """

    pixels: Pixels
    mode: Literal["gray", "rgb"]
    width: int
    height: int
    format: str


def decode(data: bytes, name: str = "", *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode the bytes of one image file.

    EXIF rotation is applied. Of 16-bit levels the upper 8 bits of those in use are kept: of 16, or of 12 or 8 where no level is
    larger (it would be nearly black otherwise), which `format` then says. Palettes and CMYK become RGB; transparency
    is laid over white, as browsers show it; of an animation the first frame counts.

    Args:
        data: the whole file.
        name: its name, for the message.
        max_pixels: limit on width x height, checked before anything is decoded.

    Raises:
        ImageError: not an image, damaged, or beyond the limit.
    """
    if not data:
        raise ImageError("The file is empty", received=name or None)
    max_pixels = min(max_pixels, max(_SURE_PIXELS, _PIXELS_A_BYTE * len(data)))
    plain = jpeg.open_plain_gray(data, max_pixels)
    if plain is not None:
        return Picture(np.asarray(plain), "gray", plain.width, plain.height, "JPEG")
    try:
        formats = FORMATS if not heif.is_heif(data) else heif.heif_formats(name)
        with Image.open(io.BytesIO(data), formats=formats) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise _too_large(f"{width:,} x {height:,} pixels", name, max_pixels)
            format_ = image.format or ""
            pixels = _pixels(image)
            if image.mode.startswith("I;16") and (bits := _bits_in_use(np.asarray(image))) < 16:
                format_ = f"{format_}{_OF_16.format(bits)}"
    except UnidentifiedImageError:
        raise ImageError("Not an image in a known format", received=name or None) from None
    except Image.DecompressionBombError:
        raise _too_large("over 150 megapixels", name, max_pixels) from None
    except ImageError:
        raise
    except (
        Exception
    ) as error:  # Pillow's plugins raise anything from OSError to struct.error on damaged files
        reason = str(error).split("\n")[0] or type(error).__name__
        raise ImageError(f"Damaged or incomplete image ({reason})", received=name or None) from error
    if pixels.ndim == 3 and _channels_equal(pixels):
        pixels = np.ascontiguousarray(pixels[:, :, 0])
    height, width = pixels.shape[:2]
    return Picture(pixels, "gray" if pixels.ndim == 2 else "rgb", width, height, format_)


def _too_large(size: str, name: str, max_pixels: int) -> ImageError:
    limit = f"{max_pixels / 1e6:.3g}" if max_pixels < 1e9 else f"{max_pixels:,}"
    few = " for a file of so few bytes" if max_pixels < MAX_PIXELS else ""
    return ImageError(
        f"The picture is too large: {size}; the limit is {limit} megapixels{few}", received=name or None
    )


def _pixels(image: Image.Image) -> Pixels:
    """Any Pillow image as uint8 (h, w) or (h, w, 3)."""
    image.load()
    if "exif" in image.info or "xmp" in image.info or "XML:com.adobe.xmp" in image.info:
        image = _upright(image)
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return np.asarray(image)
    if mode == "1":
        return np.asarray(image.convert("L"))
    if mode.startswith("I"):
        return _from_integers(np.asarray(image), sixteen=mode != "I")
    if mode == "F":
        return _from_floats(np.asarray(image))
    if "transparency" in image.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return _over_white(image)
    return np.asarray(image.convert("RGB"))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged metadata, for which Pillow raises anything; the picture itself is whole
        return image


def _from_integers(levels: NDArray[Any], *, sixteen: bool) -> Pixels:
    """The upper byte of 16 bits, or of 12 or 8 where no more are in use; 32-bit levels that fit into 8 bits are taken as such."""
    if sixteen:
        return (levels >> (_bits_in_use(levels) - 8)).astype(np.uint8)
    if levels.max() <= 255:
        return levels.clip(0).astype(np.uint8)
    return (levels.clip(0, 65535).astype(np.uint16) >> 8).astype(np.uint8)


def _bits_in_use(levels: NDArray[Any]) -> int:
    """16, or 12 or 8 where no level is larger."""
    most = int(levels.max())
    return next(bits for bits in (8, 12, 16) if most < 1 << bits)


def narrow_pictures(formats: Iterable[str]) -> dict[int, int]:
    """Bits in use -> pictures that use so many of 16, by `Picture.format`."""
    counted = Counter(formats)
    found = {
        bits: sum(n for text, n in counted.items() if text.endswith(_OF_16.format(bits))) for bits in (8, 12)
    }
    return {bits: n for bits, n in found.items() if n}


def _over_white(image: Image.Image) -> Pixels:
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, layer).convert("RGB"))


def _from_floats(levels: NDArray[np.float32]) -> Pixels:
    """Levels in 0..1 or in 0..255, told apart by the largest."""
    if not np.isfinite(levels).all() or levels.min() < 0 or levels.max() > 255:
        raise ImageError("Floating-point levels are outside 0..255")
    return np.rint(levels * (255 if levels.max() <= 1 else 1)).astype(np.uint8)


def _channels_equal(pixels: Pixels) -> bool:
    red = pixels[:, :, 0]
    # Most colour pictures differ in the first row already.
    if (red[0] != pixels[0, :, 1]).any():
        return False
    return bool((red == pixels[:, :, 1]).all() and (red == pixels[:, :, 2]).all())


def to_gray(pixels: Pixels) -> Pixels:
    """Gray levels, uint8 (h, w), by Pillow's `convert("L")` (ITU-R 601-2 weights); gray stays as it is."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))


def resize(pixels: Pixels, size: int) -> Pixels:
    """The picture as a square, uint8 (size, size) or (size, size, 3); LANCZOS, aspect not kept."""
    if pixels.shape[:2] == (size, size):
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


def pixel_hash(pixels: Pixels) -> str:
    """blake2b-128 of shape and pixels, 32 hex digits: equal for files that decode to the same picture."""
    digest = hashlib.blake2b(struct.pack("<3I", *pixels.shape[:2], pixels.ndim), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()
