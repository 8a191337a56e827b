"""CK+: sequences from a neutral face to the peak of an emotion, and a number for each in a file of its own.

`cohn-kanade-images/S005/001/S005_001_00000011.png` goes with `Emotion/S005/001/S005_001_00000011_emotion.txt`, which holds
`3.0000000e+00`; 0 neutral, 1 anger, 2 contempt, 3 disgust, 4 fear, 5 happy, 6 sadness, 7 surprise. A sequence without such a file
has no class. Source: Lucey et al., "The Extended Cohn-Kanade Dataset (CK+)", CVPR Workshops 2010, and its ReadMeFirst.txt.
CK+48, an edition on Kaggle, has folders of emotions with three peak frames of each sequence, named the same way.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from fer_core.base.emotions import is_emotion
from fer_core.base.errors import FerError, SourceError
from fer_core.data.readers.base import Entry, folders_of
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.label_columns import whole_number
from fer_core.data.readers.layout import with_folder_names

CLASSES = dict(zip("01234567", "neutral anger contempt disgust fear happy sad surprise".split(), strict=True))  # noqa: SIM905
_FRAME = re.compile(r"(?:^|/)(S\d{3})_(\d{3})_(\d{8})\.\w+$")
_EMOTION = r"(?:^|/)(S\d{3})_(\d{3})_\d{8}_emotion\.txt$"
_BETWEEN = "frames between neutral and peak"


def _recognised(listing: Listing) -> bool:
    return listing.named(_FRAME.pattern) and any(True for _ in listing.matching(_EMOTION))


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    apex, neutral = choices["apex"], choices["neutral"]
    if not apex.isdecimal() or apex == "0" or neutral not in ("yes", "no"):
        raise SourceError(
            "apex is a number of frames from 1, neutral is yes or no",
            received=f"apex={apex}, neutral={neutral}",
        )
    codes: dict[tuple[str, str], str] = {}
    used: set[str] = set()
    for file, found in listing.matching(_EMOTION):
        used.add(file.path)
        try:
            codes[found[1], found[2]] = whole_number(
                listing.read(file.path)[:64].decode("ascii", "replace").strip()
            )
        except FerError:
            continue
    sequences: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in listing.images:
        frame = _FRAME.search(entry.path)
        sequences[(frame[1], frame[2]) if frame else ("", entry.path)].append(entry)
    entries: list[Entry] = []
    for key, frames in sequences.items():
        frames.sort(key=lambda e: e.path)
        entries += _sequence(frames, codes.get(key), key[0], int(apex), neutral == "yes")
    rest = [e for e in listing.others if e.path not in used]
    how = f"the last {apex} of each sequence with a class" + (
        ", the first as neutral" if neutral == "yes" else ""
    )
    return Delivered(entries, rest, f"{how}; the person is the subject")


def _sequence(frames: list[Entry], code: str | None, subject: str, apex: int, neutral: bool) -> list[Entry]:
    if code is None:
        return [labelled(e, None, subject=subject) for e in frames]
    peak = max(len(frames) - apex, 1 if neutral else 0)
    found = []
    for number, entry in enumerate(frames):
        if number >= peak:
            found.append(labelled(entry, code, CLASSES, subject=subject))
        elif number == 0 and neutral:
            found.append(labelled(entry, "0", CLASSES, subject=subject))
        else:
            found.append(labelled(entry, _BETWEEN, {_BETWEEN: ""}, subject=subject))
    return found


def _is_ck48(listing: Listing) -> bool:
    folders = {folders_of(e.path)[-1:] for e in listing.images}
    return listing.named(_FRAME.pattern) and all(folder and is_emotion(folder[0]) for folder in folders)


def _read_ck48(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    entries = [
        replace(e, subject=found[1] if (found := _FRAME.search(e.path)) else "")
        for e in with_folder_names(listing.images)
    ]
    return Delivered(entries, listing.others, "classes by folder; the person is the subject")


_SOURCE = "Lucey et al., CVPR Workshops 2010, ReadMeFirst.txt"
DELIVERY = Delivery(
    "ckplus",
    "CK+",
    _SOURCE,
    _recognised,
    _read,
    {
        "apex": ("3", "last frames of a sequence that show its emotion"),
        "neutral": ("yes", "whether the first is neutral"),
    },
)
CK48 = Delivery("ck48", "CK+48", _SOURCE, _is_ck48, _read_ck48)
