"""FER2013's competition on Kaggle, which holds the same rows several times, and FER+ as Microsoft lays it out.

The competition's zip has `icml_face_data.csv` with all rows and their Usage, `train.csv` and `test.csv` with the same rows again,
and `fer2013.tar.gz` with them once more. Source: the list of files on the competition's page, https://www.kaggle.com/c/
challenges-in-representation-learning-facial-expression-recognition-challenge/data. FER+ has `FER2013Train/label.csv` beside
`fer0000000.png`: name, box, then the votes for neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown
and NF (no face), without a header; the same for FER2013Valid and FER2013Test. Source: https://github.com/microsoft/FERPlus.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from fer_core.base.emotions import canonical_split
from fer_core.data.readers.base import Entry
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.text_table import NameIndex

VOTES = ("neutral", "happy", "surprise", "sad", "anger", "disgust", "fear", "contempt", "unknown", "NF")
_WHOLE = re.compile(r"(?:^|/)(?:icml_face_data|fer2013)\.csv$")
_AGAIN = re.compile(r"(?:^|/)(?:train\.csv|test\.csv|example_submission\.csv|fer2013\.tar\.gz|fer2013\.csv)$")
_LABELS = r"FER2013(?:Train|Valid|Test)/label\.csv$"


def _recognised(listing: Listing) -> bool:
    return (
        not listing.images and any(_WHOLE.search(e.path) for e in listing.files) and len(_again(listing)) > 0
    )


def _again(listing: Listing) -> list[Entry]:
    whole = _whole(listing)
    return [e for e in listing.files if _AGAIN.search(e.path) and e.path != whole]


def _whole(listing: Listing) -> str:
    """The one table that is read: that with all rows in one, the competition's first."""
    found = sorted(e.path for e in listing.files if _WHOLE.search(e.path))
    return next((path for path in found if path.endswith("icml_face_data.csv")), found[0] if found else "")


def _read(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    again = {e.path for e in _again(listing)}
    rest = [e for e in listing.files if e.path not in again]
    note = f"the same rows once more, left out: {', '.join(sorted(again))}"
    return Delivered([], rest, f"all rows by {_whole(listing)}", notes=[note])


def _is_ferplus(listing: Listing) -> bool:
    return any(True for _ in listing.matching(_LABELS)) and bool(listing.images)


def _read_ferplus(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    said: dict[str, tuple[int, ...]] = {}
    used: set[str] = set()
    for entry, _ in listing.matching(_LABELS):
        used.add(entry.path)
        folder = entry.path.rpartition("/")[0] + "/"
        index = NameIndex(e.path for e in listing.images if e.path.startswith(folder))
        table = listing.table(entry.path)
        for row in table.without_header().rows if table else []:
            path = index.find(row[0])
            if path and len(row) == 12 and all(word.isdecimal() for word in row[2:]):
                said[path] = tuple(map(int, row[2:]))
    entries = [_voted(entry, said.get(entry.path)) for entry in listing.images]
    rest = [e for e in listing.others if e.path not in used]
    return Delivered(entries, rest, "the class most people voted for, splits by folder", vote_classes=VOTES)


def _voted(entry: Entry, votes: tuple[int, ...] | None) -> Entry:
    split = next((s for part in reversed(entry.path.split("/")[:-1]) if (s := canonical_split(part))), None)
    if votes is None or not any(votes):
        return labelled(entry, None, split=split)
    found = VOTES[votes.index(max(votes))]
    left_out = {"unknown": "", "NF": ""}
    return replace(labelled(entry, found, left_out, split=split), votes=votes)


DELIVERY = Delivery(
    "fer2013",
    "FER2013 of the competition",
    "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge/data",
    _recognised,
    _read,
)
FERPLUS = Delivery("ferplus", "FER+", "https://github.com/microsoft/FERPlus", _is_ferplus, _read_ferplus)
