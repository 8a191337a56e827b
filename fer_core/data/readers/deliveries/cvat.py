"""CVAT for images: `annotations.xml` with `<image name="1.png">`, in it `<box label="happy" xtl ytl xbr ybr>` in pixels, or
`<tag label="happy">` for the whole picture. Source: https://docs.cvat.ai/docs/other/xml_format.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from fer_core.base.errors import FerError
from fer_core.data.readers.boxes import Annotation, annotated
from fer_core.data.readers.delivery import Delivered, Delivery, Listing

_SIDES = ("xtl", "ytl", "xbr", "ybr")


def _files(listing: Listing) -> Iterator[tuple[str, ElementTree.Element]]:
    for entry, _ in listing.matching(r"(?i)(?:^|/)annotations?\.xml$"):
        try:
            data = listing.read(entry.path)
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:  # what could grow without end
                continue
            root = ElementTree.fromstring(data)
        except (FerError, ElementTree.ParseError, ValueError, LookupError):
            continue
        if root.tag == "annotations" and root.find("image") is not None:
            yield entry.path, root


def _recognised(listing: Listing) -> bool:
    return any(True for _ in _files(listing))


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    found = dict(_files(listing))
    said = (one for file, root in found.items() for one in _annotations(file, root))
    return annotated(
        listing, set(found), said, "faces cut out by their boxes, or whole pictures, classes by its XML"
    )


def _annotations(file: str, root: ElementTree.Element) -> Iterator[Annotation]:
    for image in root.iter("image"):
        name = image.get("name") or "(no name)"
        for number, one in enumerate(image, 1):
            found = one.get("label", "")
            if one.tag == "tag":
                yield Annotation(file, name, found)
            elif one.tag == "box":
                try:
                    left, top, right, bottom = (float(one.get(side, "")) for side in _SIDES)
                    broken = not all(map(math.isfinite, (left, top, right, bottom)))
                    yield Annotation(file, name, found, (left, top, right, bottom), str(number), broken)
                except ValueError:
                    yield Annotation(file, name, found, number=str(number), broken=True)


DELIVERY = Delivery("cvat", "CVAT", "https://docs.cvat.ai/docs/other/xml_format", _recognised, _read)
