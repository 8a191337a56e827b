"""Label Studio's JSON: a list of tasks, each a photo with rectangles or a choice for the whole picture.

The data of a task name the photo (`/data/upload/1/3f2a9c1b-a.png`, with eight hexadecimal digits before its own name). A result
is `{"type": "rectanglelabels", "original_width": 640, "original_height": 480, "value": {"rectanglelabels": ["happy"], ...}}`
with `x`, `y`, `width` and `height` in percent, or `{"type": "choices", "value": {"choices": ["happy"]}}`. Source:
https://labelstud.io/guide/task_format.html and https://labelstud.io/tags/rectanglelabels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from fer_core.base.atomic import parse_json
from fer_core.base.errors import FerError
from fer_core.data.readers.boxes import Annotation, annotated
from fer_core.data.readers.delivery import Delivered, Delivery, Listing

_KINDS = ("rectanglelabels", "choices")
_UPLOAD = re.compile(r"[0-9a-f]{8}-")


def _files(listing: Listing) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for entry, _ in listing.matching(r"(?i)\.json$"):
        try:
            found = parse_json(listing.read(entry.path))
        except (FerError, ValueError):
            continue
        if isinstance(found, list) and any(isinstance(one, dict) and _results(one) for one in found):
            yield entry.path, [one for one in found if isinstance(one, dict)]


def _results(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the first person who annotated the task has said."""
    people = [p for p in _list(task.get("annotations")) if isinstance(p, dict) and not p.get("was_cancelled")]
    results = _list(people[0].get("result")) if people else []
    return [one for one in results if isinstance(one, dict) and one.get("type") in _KINDS]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _recognised(listing: Listing) -> bool:
    return any(True for _ in _files(listing))


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    found = dict(_files(listing))
    names = {e.path.rpartition("/")[2] for e in listing.images}
    said = (one for file, tasks in found.items() for task in tasks for one in _annotations(file, task, names))
    how = "faces cut out by their boxes, or whole pictures, classes by its JSON; the first annotation of a task counts"
    return annotated(listing, set(found), said, how)


def _annotations(file: str, task: Mapping[str, Any], names: set[str]) -> Iterator[Annotation]:
    data = task.get("data")
    shown = str(next(iter(data.values()), "")) if isinstance(data, dict) else ""
    photo = unquote(shown.rpartition("?d=")[2])
    folder, slash, name = photo.rpartition("/")
    if name not in names:
        photo = folder + slash + _UPLOAD.sub("", name, count=1)
    for number, one in enumerate(_results(task), 1):
        value = one.get("value")
        try:
            found = str(value[one["type"]][0])  # type: ignore[index]
            box = _box(one, value) if one["type"] == "rectanglelabels" else None
            yield Annotation(file, photo or "(no name)", found, box)
        except (KeyError, IndexError, TypeError, ValueError):
            yield Annotation(file, photo or "(no name)", number=str(number), broken=True)


def _box(one: Mapping[str, Any], value: Any) -> tuple[float, float, float, float]:
    across, down = float(one["original_width"]) / 100, float(one["original_height"]) / 100
    x, y, width, height = (float(value[name]) for name in ("x", "y", "width", "height"))
    box = (x * across, y * down, (x + width) * across, (y + height) * down)
    if not all(map(math.isfinite, box)):
        raise ValueError("not finite")
    return box


_SOURCE = "https://labelstud.io/guide/task_format.html"
DELIVERY = Delivery("label-studio", "Label Studio", _SOURCE, _recognised, _read)
