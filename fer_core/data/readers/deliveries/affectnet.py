"""AffectNet: `train_set` and `val_set` with one `.npy` of each annotation per image, or lists of an older delivery.

`train_set/images/0.jpg` goes with `train_set/annotations/0_exp.npy` (class), `0_val.npy` and `0_aro.npy` (valence and arousal,
-2 where there is no face) and `0_lnd.npy` (landmarks). The older delivery has `Manually_Annotated_Images/103/NAME.jpg` and
lists called training, validation and automatically_annotated (.csv) with the columns subDirectory_filePath, face_x, face_y,
face_width, face_height, facial_landmarks, expression, valence, arousal; the second one without a header. Expressions: 0
neutral, 1 happiness, 2 sadness, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt, 8 none, 9 uncertain, 10 no face.
Source: Mollahosseini, Hasani, Mahoor, "AffectNet", IEEE Transactions on Affective Computing 2017, and the layout in
https://github.com/sb-ai-lab/EmotiEffLib/issues/14.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping

from numpy.lib import format as npy

from fer_core.base.emotions import canonical_split
from fer_core.base.errors import FerError
from fer_core.data.readers.array_stores import DAMAGED, with_text
from fer_core.data.readers.base import Entry
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled, without_emotion
from fer_core.data.readers.label_columns import measure, whole_number
from fer_core.data.readers.text_table import NameIndex

CLASSES = {
    str(i): n
    for i, n in enumerate(("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"))
}
NO_CLASS = {"8": "8 none", "9": "9 uncertain", "10": "10 no face"}
"""What is no emotion: these pictures stay, without a class."""
_ANNOTATION = re.compile(r"annotations/([^/]+)_(exp|val|aro|lnd)\.npy$")
_LIST = re.compile(r"(?i)(?:^|/)(training|validation|automatically_annotated)\.csv$")
_EXPRESSION, _VALENCE, _AROUSAL = 6, 7, 8
_MOST_BYTES = 4096  # of an annotation: one number


def _recognised(listing: Listing) -> bool:
    return any(found[2] == "exp" for _, found in listing.matching(_ANNOTATION.pattern))


def _value(listing: Listing, path: str) -> str | None:
    """The one number or text in an annotation; None where it cannot be read."""
    try:
        data = listing.read(path)
        if len(data) > _MOST_BYTES:
            return None
        array = with_text(npy.read_array(io.BytesIO(data), allow_pickle=False))
    except (FerError, *DAMAGED):
        return None
    return str(array.item()) if array.size == 1 else None


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    known = {e.path for e in listing.others}
    entries = [_annotated(listing, known, entry) for entry in listing.images]
    rest = [e for e in listing.others if not _ANNOTATION.search(e.path)]
    return Delivered(entries, rest, "classes, valence and arousal by the .npy files, splits by folder")


def _annotated(listing: Listing, known: set[str], entry: Entry) -> Entry:
    folder, _, name = entry.path.rpartition("/")
    base = f"{folder.removesuffix('images')}annotations/{name.rpartition('.')[0]}"
    found = {
        k: _value(listing, f"{base}_{k}.npy") for k in ("exp", "val", "aro") if f"{base}_{k}.npy" in known
    }
    code = found.get("exp")
    split = next((s for part in reversed(folder.split("/")) if (s := canonical_split(part))), None)
    valence, arousal = measure(found.get("val") or ""), measure(found.get("aro") or "")
    return _coded(
        entry, None if code is None else whole_number(code), split=split, valence=valence, arousal=arousal
    )


def _coded(entry: Entry, code: str | None, **more: object) -> Entry:
    """An entry with the class, or what is none, that its number means."""
    if code in NO_CLASS:
        return without_emotion(entry, NO_CLASS[code], **more)
    return labelled(entry, code, CLASSES, **more)


def _is_listed(listing: Listing) -> bool:
    for entry, _ in listing.matching(_LIST.pattern):
        table = listing.table(entry.path)
        if (
            table
            and len(table.header) == 9
            and (table.header[0] == "subDirectory_filePath" or table.header[6].isdecimal())
        ):
            return True
    return False


def _listed_rows(listing: Listing, path: str) -> Iterator[list[str]]:
    table = listing.table(path)
    if table and len(table.header) == 9:
        yield from (table if table.header[0] == "subDirectory_filePath" else table.without_header()).rows


def _read_lists(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    index = NameIndex(e.path for e in listing.images)
    said: dict[str, tuple[str, list[str]]] = {}
    used: set[str] = set()
    gone = 0
    for entry, found in listing.matching(_LIST.pattern):
        used.add(entry.path)
        split = {"training": "train", "validation": "val"}.get(found[1].lower(), "train")
        for row in _listed_rows(listing, entry.path):
            path = index.find(row[0])
            gone += path is None
            if path:
                said.setdefault(path, (split, row))
    entries = [_listed(entry, said.get(entry.path)) for entry in listing.images]
    notes = [f"{gone:,} rows of the lists name pictures that are not there"] if gone else []
    rest = [e for e in listing.others if e.path not in used]
    return Delivered(
        entries, rest, "classes, valence and arousal by its lists, which name the splits too", notes=notes
    )


def _listed(entry: Entry, said: tuple[str, list[str]] | None) -> Entry:
    if said is None:
        return labelled(entry, None)
    split, row = said
    valence, arousal = measure(row[_VALENCE]), measure(row[_AROUSAL])
    return _coded(entry, row[_EXPRESSION], split=split, valence=valence, arousal=arousal)


_SOURCE = "https://github.com/sb-ai-lab/EmotiEffLib/issues/14"
DELIVERY = Delivery("affectnet", "AffectNet", _SOURCE, _recognised, _read)
LISTS = Delivery("affectnet-lists", "AffectNet with its lists", _SOURCE, _is_listed, _read_lists)
