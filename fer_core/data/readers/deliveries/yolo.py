"""YOLO, as Roboflow, Ultralytics and CVAT export it: photos, and for each a text with a line for every object, here faces.

`train/images/1.jpg` goes with `train/labels/1.txt`, or `images/train/1.jpg` with `labels/train/1.txt`, whose lines are the number
of the class, then the middle of the box across and down, its width and its height, all as shares of the picture. data.yaml has
the `names` of the classes from 0, as a list or numbered. Source: https://docs.ultralytics.com/datasets/detect/.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from PIL import Image

from fer_core.base.errors import FerError
from fer_core.data.images import FORMATS
from fer_core.data.readers.base import Entry
from fer_core.data.readers.boxes import split_of
from fer_core.data.readers.crops import crop_path
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled

_ORIENTATION, _TURNED = 0x0112, (5, 6, 7, 8)
_NAMES = re.compile(r"^names[ \t]*:(.*(?:\n(?:[ \t-].*)?)*)", re.MULTILINE)


def names_of(text: str) -> dict[str, str]:
    """Number -> name, of the entry `names` of a data.yaml; {} where there is none.

    >>> names_of("nc: 2\\nnames: ['happy', \\"sad\\"]\\n"), names_of("names:\\n  0: happy  # joy\\n  1: sad\\nnc: 2")
    ({'0': 'happy', '1': 'sad'}, {'0': 'happy', '1': 'sad'})
    """
    found = _NAMES.search(text)
    items = re.split(r"[\n,]", re.sub(r"#.*", "", found[1])) if found else []
    names: dict[str, str] = {}
    for item in (item.strip(" \t[]{}\r") for item in items):
        number, colon, name = item.removeprefix("-").strip().partition(":")
        value = (name if colon and number.strip().isdecimal() else item.removeprefix("-")).strip(" \t'\"")
        if value:
            names[number.strip() if colon and number.strip().isdecimal() else str(len(names))] = value
    return names


def _names(listing: Listing) -> Iterator[tuple[str, dict[str, str]]]:
    for entry, _ in listing.matching(r"(?i)(?:^|/)[^/]*\.ya?ml$"):
        try:
            if names := names_of(listing.read(entry.path).decode("utf-8", "replace")):
                yield entry.path, names
        except FerError:
            continue


def _text_of(photo: str, texts: Mapping[str, Entry]) -> str | None:
    """The text that goes with a photo."""
    stem = photo.rpartition(".")[0]
    head, between, tail = f"/{stem}".rpartition("/images/")
    beside = f"{head}/labels/{tail}.txt".lstrip("/") if between else ""
    return next((path for path in (beside, f"{stem}.txt") if path in texts), None)


def _texts(listing: Listing) -> dict[str, Entry]:
    return {e.path: e for e, _ in listing.matching(r"\.txt$")}


def _recognised(listing: Listing) -> bool:
    if not any(True for _ in _names(listing)):
        return False
    texts = _texts(listing)
    return any(_text_of(photo.path, texts) for photo in listing.images)


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    lists, texts = dict(_names(listing)), _texts(listing)
    classes = next(iter(lists.values()))
    entries: dict[str, Entry] = {}
    used = set(lists)
    for photo in listing.images:
        own = replace(photo, split=split_of(photo.path))
        text = _text_of(photo.path, texts)
        faces = [] if text is None or photo.problem else list(_faces(listing, own, text, classes))
        used |= {text} if text else set()
        entries |= {face.path: face for face in faces or [labelled(own, None)]}
    rest = [e for e in listing.others if e.path not in used]
    return Delivered(list(entries.values()), rest, "each face cut out by its box, classes by data.yaml")


def _faces(listing: Listing, photo: Entry, text: str, classes: Mapping[str, str]) -> Iterator[Entry]:
    try:
        lines = listing.read(text).decode("ascii", "replace").splitlines()
        width, height = _size(listing.read(photo.path)) if lines else (0, 0)
    except FerError as error:
        yield replace(photo, problem=error.message)
        return
    except Exception:  # Pillow raises anything for damaged files; the import says what is wrong with this one
        yield labelled(photo, None, problem="Not an image in a known format, or damaged", kind="")
        return
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        try:
            x, y, w, h = (float(field) for field in fields[1:])
            sides = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
            left, top, right, bottom = (round(side) for side in sides)
        except (ValueError, OverflowError):
            problem = f"Line {number} of {text} is not a class and a box"
            yield replace(photo, path=f"{photo.path}#{number}", problem=problem)
            continue
        face = replace(photo, path=crop_path(photo.path, (left, top, right, bottom)))
        yield labelled(face, classes.get(fields[0], fields[0]))


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture, as it is shown, by its header."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        return (height, width) if image.getexif().get(_ORIENTATION, 1) in _TURNED else (width, height)


DELIVERY = Delivery("yolo", "YOLO", "https://docs.ultralytics.com/datasets/detect/", _recognised, _read)
