"""COCO JSON, as Roboflow, CVAT and others export it: photos, and boxes of objects with their class, here of faces.

A `.json` holds `images` (`id`, `file_name`), `categories` (`id`, `name`) and `annotations` (`image_id`, `category_id`, `bbox`:
left, top, width, height in pixels). Roboflow puts `_annotations.coco.json` into the folder of each split; others put
`annotations/instances_train.json` beside the folders. Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from fer_core.base.atomic import parse_json
from fer_core.base.errors import FerError
from fer_core.data.readers.boxes import Annotation, annotated
from fer_core.data.readers.delivery import Delivered, Delivery, Listing

_PARTS = ("images", "annotations", "categories")
_Parts = Mapping[str, list[Mapping[str, Any]]]


def _files(listing: Listing) -> Iterator[tuple[str, _Parts]]:
    for entry, _ in listing.matching(r"(?i)\.json$"):
        try:
            found = parse_json(listing.read(entry.path))
        except (FerError, ValueError):
            continue
        if isinstance(found, dict) and all(isinstance(found.get(part), list) for part in _PARTS):
            yield entry.path, {part: [one for one in found[part] if isinstance(one, dict)] for part in _PARTS}


def _recognised(listing: Listing) -> bool:
    return any("bbox" in one for _, found in _files(listing) for one in found["annotations"][:1])


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    found = dict(_files(listing))
    said = (one for file, parts in found.items() for one in _annotations(file, parts))
    return annotated(listing, set(found), said, "each face cut out by its box, classes by its JSON")


def _annotations(file: str, parts: _Parts) -> Iterator[Annotation]:
    classes = {str(one.get("id")): str(one.get("name", "")) for one in parts["categories"]}
    names = {str(one.get("id")): str(one.get("file_name", "")) for one in parts["images"]}
    for one in parts["annotations"]:
        name = names.get(str(one.get("image_id"))) or "(no name)"
        code, number = str(one.get("category_id")), str(one.get("id", "?"))
        try:
            left, top, width, height = (float(side) for side in one["bbox"])
            box = (left, top, left + width, top + height)
            broken = not all(map(math.isfinite, box))
        except (KeyError, TypeError, ValueError):
            box, broken = None, True
        yield Annotation(file, name, classes.get(code) or code, box, number, broken)


DELIVERY = Delivery("coco", "COCO JSON", "https://cocodataset.org/#format-data", _recognised, _read)
