"""ExpW: photos with several faces, and a list with a box and a class for each face.

`label/label.lst` has lines of image_name, face_id_in_image, face_box_top, face_box_left, face_box_right, face_box_bottom,
face_box_cofidence (so spelled), expression_label, without a header; the photos lie in `image/origin/`. 0 angry, 1 disgust,
2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral. Source: the readme of
http://mmlab.ie.cuhk.edu.hk/projects/socialrelation/index.html (Zhang et al., IJCV 2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fer_core.base.errors import SourceError
from fer_core.data.readers.base import MISSING, Entry
from fer_core.data.readers.crops import crop_path
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.text_table import NameIndex

CLASSES = dict(zip("0123456", "anger disgust fear happy sad surprise neutral".split(), strict=True))  # noqa: SIM905
_LIST = r"(?:^|/)label\.lst$"
_FIELDS = 8
_UNSURE = "faces below the confidence asked for"


def _recognised(listing: Listing) -> bool:
    tables = [listing.table(entry.path) for entry, _ in listing.matching(_LIST)]
    return any(table is not None and len(table.header) == _FIELDS for table in tables)


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    try:
        least = float(choices["confidence"])
    except ValueError:
        raise SourceError("confidence is a number", received=choices["confidence"]) from None
    photos = {e.path: e for e in listing.images}
    index = NameIndex(photos)
    entries: dict[str, Entry] = {}
    with_faces: set[str] = set()
    lists: set[str] = set()
    for file, _ in listing.matching(_LIST):
        lists.add(file.path)
        table = listing.table(file.path)
        for row in table.without_header().rows if table else []:
            path = index.find(row[0])
            if path is None:
                gone = Entry(row[0], problem=f"Named in {file.path}, but not there", kind=MISSING)
                entries.setdefault(row[0], gone)
                continue
            with_faces.add(path)
            own = _face(photos[path], row, least)
            entries[own.path] = own
    bare = [labelled(e, None) for e in listing.images if e.path not in with_faces]
    rest = [e for e in listing.others if e.path not in lists]
    return Delivered([*entries.values(), *bare], rest, "each face cut out by its box, 7 classes by its list")


def _face(photo: Entry, row: list[str], least: float) -> Entry:
    try:
        top, left, right, bottom = (int(float(side)) for side in row[2:6])
        sure = float(row[6]) >= least
    except ValueError:
        return replace(photo, path=f"{photo.path}#{row[1]}", problem="The row of its face is not all numbers")
    face = replace(photo, path=crop_path(photo.path, (left, top, right, bottom)))
    return labelled(face, row[7], CLASSES) if sure else labelled(face, _UNSURE, {_UNSURE: ""})


DELIVERY = Delivery(
    "expw",
    "ExpW",
    "http://mmlab.ie.cuhk.edu.hk/projects/socialrelation/index.html",
    _recognised,
    _read,
    {"confidence": ("0", "faces found with less are left out; the list goes up to about 100")},
)
