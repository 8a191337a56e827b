"""RAF-DB, basic emotions: pictures named by their split, and a list of numbers or folders from 1 to 7.

The official download has `EmoLabel/list_patition_label.txt` with lines such as `train_00001.jpg 5` beside `Image/aligned/
train_00001_aligned.jpg` and the photos `Image/original/train_00001.jpg`, which are left out beside them; the form on Kaggle
has `DATASET/train/5/train_00001_aligned.jpg` and `train_labels.csv`. Source:
http://www.whdeng.cn/raf/model1.html (the list, and the order surprise, fear, disgust, happiness, sadness, anger, neutral).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fer_core.data.readers.base import Entry
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.text_table import NameIndex

CLASSES = {
    str(i): name
    for i, name in enumerate("surprise fear disgust happy sad anger neutral".split(), 1)  # noqa: SIM905
}
_NAME = re.compile(r"(?:^|/)(train|test)_(\d+)(?:_aligned)?\.\w+$")
_LIST = r"(?i)(?:list_patition_label\.txt|(?:train|test)_labels?\.csv)$"
_ALIGNED, _PHOTO = "_aligned", "photos whose aligned face is there"
_FOLDER = re.compile(r"/([1-7])/[^/]+$")


def _recognised(listing: Listing) -> bool:
    if not listing.named(_NAME.pattern):
        return False
    return listing.named(_FOLDER.pattern) or any(True for _ in listing.matching(_LIST))


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    aligned = {e.path.rpartition("/")[2] for e in listing.images if _ALIGNED in e.path}
    index = NameIndex(e.path for e in listing.images if not _is_photo(e, aligned))
    codes: dict[str, str] = {}
    lists: list[str] = []
    for entry, _ in listing.matching(_LIST):
        table = listing.table(entry.path)
        for row in table.without_header().rows if table else []:
            if len(row) > 1 and row[1] in CLASSES and (path := index.find(row[0])):
                codes[path] = row[1]
        lists.append(entry.path)
    entries = [_entry(entry, codes, aligned) for entry in listing.images]
    rest = [e for e in listing.others if e.path not in lists]
    return Delivered(entries, rest, "7 classes by list or numbered folder, splits by file name")


def _is_photo(entry: Entry, aligned: set[str]) -> bool:
    """Whether the aligned face of a picture is there too."""
    stem, dot, ending = entry.path.rpartition("/")[2].rpartition(".")
    return stem + _ALIGNED + dot + ending in aligned


def _entry(entry: Entry, codes: Mapping[str, str], aligned: set[str]) -> Entry:
    if _is_photo(entry, aligned):
        return labelled(entry, _PHOTO, {_PHOTO: ""})
    name, folder = _NAME.search(entry.path), _FOLDER.search(entry.path)
    code = codes.get(entry.path) or (folder[1] if folder else None)
    return labelled(entry, code, CLASSES, split=name[1] if name else None)


DELIVERY = Delivery("rafdb", "RAF-DB", "http://www.whdeng.cn/raf/model1.html", _recognised, _read)
