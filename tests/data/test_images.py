"""Decoding whatever people have, and refusing the rest in words."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pictures import encoded, levels, png
from PIL import Image

from fer_core.base.errors import ImageError
from fer_core.data import image_measures, images
from fer_core.data.images import decode, pixel_hash, resize, to_gray

GRAY = levels(1, (40, 30))
COLOR = np.stack([levels(n, (40, 30)) for n in range(3)], axis=2)


def header_only_png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    size = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + size + struct.pack(">I", 900) + b"IDATx\x9c"


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "GIF", "WEBP"])
def test_gray_levels_survive_lossless_formats(form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    picture = decode(encoded(GRAY, form, **options))
    assert (picture.mode, picture.width, picture.height, picture.format) == ("gray", 30, 40, form)
    np.testing.assert_array_equal(picture.pixels, GRAY)


def test_color_stays_color() -> None:
    picture = decode(encoded(COLOR))
    assert picture.mode == "rgb"
    np.testing.assert_array_equal(picture.pixels, COLOR)


def test_the_same_picture_stored_in_other_ways_has_the_same_hash() -> None:
    image = Image.fromarray(GRAY)
    palette = image.convert("P")
    stored = [
        encoded(image), encoded(image, "BMP"), encoded(image.convert("RGB")), encoded(palette),
        encoded(image.convert("RGBA")), encoded(image.convert("LA")), encoded(image, "PNG", optimize=True),
    ]  # fmt: skip
    assert len({pixel_hash(decode(data).pixels) for data in stored}) == 1


def test_the_hash_tells_shapes_apart() -> None:
    flat = np.zeros((4, 9), dtype=np.uint8)
    assert len({pixel_hash(flat), pixel_hash(flat.reshape(9, 4)), pixel_hash(flat.reshape(6, 6))}) == 3


@pytest.mark.parametrize("step", [257, 256])
def test_16_bit_keeps_the_upper_byte(step: int) -> None:
    deep = GRAY.astype(np.uint16) * step
    np.testing.assert_array_equal(decode(encoded(deep)).pixels, GRAY)
    np.testing.assert_array_equal(decode(encoded(deep, "TIFF")).pixels, GRAY)


@pytest.mark.parametrize(("bits", "form"), [(12, "PNG"), (8, "PNG"), (12, "TIFF")])
def test_16_bit_files_that_use_fewer_are_read_by_what_they_use(bits: int, form: str) -> None:
    deep = GRAY.astype(np.uint16) << (bits - 8)
    picture = decode(encoded(deep, form))
    np.testing.assert_array_equal(picture.pixels, GRAY)
    assert picture.format == f"{form} ({bits} of 16 bits)"


def test_32_bit_and_floating_point_levels() -> None:
    np.testing.assert_array_equal(decode(encoded(GRAY.astype(np.int32), "TIFF")).pixels, GRAY)
    np.testing.assert_array_equal(decode(encoded((GRAY / 255).astype(np.float32), "TIFF")).pixels, GRAY)
    with pytest.raises(ImageError, match=r"outside 0\.\.255"):
        decode(encoded(np.full((4, 4), 1e6, dtype=np.float32), "TIFF"))


def test_cmyk_becomes_rgb() -> None:
    image = Image.fromarray(COLOR).convert("CMYK")
    picture = decode(encoded(image, "TIFF"))
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    assert decode(encoded(image, "JPEG")).mode == "rgb"


def test_palette_with_colors() -> None:
    image = Image.fromarray(COLOR).quantize(16)
    np.testing.assert_array_equal(decode(encoded(image)).pixels, np.asarray(image.convert("RGB")))


def test_transparency_lies_over_white() -> None:
    layer = np.dstack([GRAY, np.full_like(GRAY, 255)])
    layer[:10, :, 1] = 0
    picture = decode(encoded(layer))
    assert (picture.pixels[:10] == 255).all()
    np.testing.assert_array_equal(picture.pixels[10:], GRAY[10:])


def test_one_bit_becomes_black_and_white() -> None:
    assert set(np.unique(decode(encoded(Image.fromarray(GRAY).convert("1"))).pixels)) <= {0, 255}


def test_an_animation_counts_by_its_first_frame() -> None:
    frames = [Image.fromarray(levels(n)) for n in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode(data).pixels, levels(0))


@pytest.mark.parametrize(("orientation", "turned"), [(1, 0), (3, 2), (6, -1), (8, 1)])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_exif_rotation_is_applied(form: str, orientation: int, turned: int) -> None:
    image = Image.fromarray(GRAY)
    exif = image.getexif()
    exif[0x0112] = orientation
    picture = decode(encoded(image, form, exif=exif))
    expected = np.rot90(decode(encoded(image, form)).pixels, turned)
    assert (picture.height, picture.width) == expected.shape
    np.testing.assert_array_equal(picture.pixels, expected)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_cost_the_picture() -> None:
    data = encoded(GRAY, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    np.testing.assert_array_equal(decode(data).pixels, GRAY)


def test_one_pixel() -> None:
    picture = decode(encoded(np.full((1, 1), 9, dtype=np.uint8)))
    assert picture.pixels.tolist() == [[9]]
    assert resize(picture.pixels, 48).shape == (48, 48)
    assert image_measures.quality_stack(picture.pixels[None])[0].tolist() == [
        pytest.approx(9 / 255),
        0.0,
        0.0,
    ]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 10_000), (8_000, 7_000)])
def test_a_huge_picture_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"too large.*the limit is (50|16.8) megapixels"):
        decode(header_only_png(*size), "huge.png")


def test_the_limit_is_a_parameter_and_holds_for_plain_jpeg() -> None:
    data = encoded(GRAY, "JPEG")
    assert decode(data, max_pixels=1200).width == 30
    with pytest.raises(ImageError, match="30 x 40 pixels"):
        decode(data, max_pixels=1199)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF"])
def test_a_truncated_file_is_an_error(form: str) -> None:
    data = encoded(levels(3, (90, 90)), form)
    with pytest.raises(ImageError, match="Damaged or incomplete"):
        decode(data[: len(data) * 2 // 3], "half")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"A letter, not a face.\n" * 20,
        b"\xff\xd8\xff\xe0" + bytes(range(256)),
        b"GIF89a",
        png()[:20],
        b"%!PS-Adobe",
    ],
)
def test_what_is_no_image_is_said_so(data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data, "letter.jpg")
    assert caught.value.received == "letter.jpg"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "TIFF"]), st.integers(0, 300))
def test_damage_never_raises_anything_but_an_image_error(noise: bytes, form: str, at: int) -> None:
    data = encoded(GRAY, form)
    try:
        picture = decode(data[:at] + noise + data[at + len(noise) :])
    except ImageError:
        return
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape[:2] == (picture.height, picture.width)


def test_every_format_is_known_to_pillow() -> None:
    Image.init()
    assert set(images.FORMATS) <= set(Image.OPEN)


def test_gray_is_that_of_pillow() -> None:
    np.testing.assert_array_equal(to_gray(COLOR), np.asarray(Image.fromarray(COLOR).convert("L")))
    assert to_gray(GRAY) is GRAY


def test_resizing_keeps_the_channels() -> None:
    assert resize(COLOR, 48).shape == (48, 48, 3)
    assert resize(GRAY, 48).dtype == np.uint8
