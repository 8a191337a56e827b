"""EmoSet: pictures that move people, in eight classes, with a list of each split.

`image/amusement/amusement_00000.jpg` goes with `annotation/amusement/amusement_00000.json`; train.json, val.json and test.json
are lists of `["amusement", "image/amusement/amusement_00000.jpg", "annotation/amusement/amusement_00000.json"]`. Classes:
amusement, awe, contentment, excitement, anger, disgust, fear, sadness (Mikels' model). Source: https://github.com/JingyuanYY/EmoSet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fer_core.base.atomic import parse_json
from fer_core.base.errors import FerError
from fer_core.data.readers.base import MISSING, Entry
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.text_table import NameIndex

_LIST = r"(?:^|/)(train|val|test)\.json$"
_Row = tuple[str, str]


def _lists(listing: Listing) -> Iterator[tuple[str, str, list[_Row]]]:
    """Path, split and (class, picture) of each list."""
    for entry, found in listing.matching(_LIST):
        try:
            rows = parse_json(listing.read(entry.path))
        except (FerError, ValueError):
            continue
        if isinstance(rows, list) and rows and all(_is_row(row) for row in rows):
            yield entry.path, found[1], [(row[0], row[1]) for row in rows]


def _is_row(row: object) -> bool:
    return isinstance(row, list) and len(row) >= 2 and isinstance(row[0], str) and isinstance(row[1], str)


def _recognised(listing: Listing) -> bool:
    return bool(listing.images) and any(rows[0][1].startswith("image/") for _, _, rows in _lists(listing))


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    index = NameIndex(entry.path for entry in listing.images)
    said: dict[str, tuple[str, str]] = {}
    gone: dict[str, Entry] = {}
    used: set[str] = set()
    for file, split, rows in _lists(listing):
        used.add(file)
        for name, picture in rows:
            if path := index.find(picture):
                said.setdefault(path, (name, split))
            else:
                gone[picture] = Entry(picture, problem=f"Named in {file}, but not there", kind=MISSING)
    entries = []
    for entry in listing.images:
        row = said.get(entry.path)
        entries.append(labelled(entry, row[0], split=row[1]) if row else labelled(entry, None))
    rest = [e for e in listing.others if e.path not in used and not _is_annotation(e.path)]
    return Delivered([*entries, *gone.values()], rest, "classes and splits by its lists")


def _is_annotation(path: str) -> bool:
    return "annotation/" in path and path.endswith(".json")


DELIVERY = Delivery("emoset", "EmoSet", "https://github.com/JingyuanYY/EmoSet", _recognised, _read)
