"""KDEF and JAFFE: pictures whose names tell who is shown and what is posed.

KDEF, `AF01/AF01ANS.JPG`: session A or B, sex F or M, number of the person, emotion (AF afraid, AN angry, DI disgusted, HA
happy, NE neutral, SA sad, SU surprised), angle (FL, HL, S, HR, FR: full and half left, straight, half and full right). Source:
https://kdef.se/home/aboutKDEF.html. JAFFE, `KA.AN1.39.tiff`: initials of the person, emotion (AN, DI, FE, HA, NE, SA, SU) and
number of the pose. Source: Lyons, Kamachi, Gyoba, https://doi.org/10.5281/zenodo.3451524.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fer_core.data.readers.base import Entry
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled

CODES = {
    "AN": "anger", "DI": "disgust", "AF": "fear", "FE": "fear", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise",
}  # fmt: skip
_KDEF = re.compile(r"(?i)(?:^|/)[AB]([FM]\d\d)(AF|AN|DI|HA|NE|SA|SU)(FL|HL|S|HR|FR)\.\w+$")
_JAFFE = re.compile(r"(?i)(?:^|/)([A-Z]{2})\.(AN|DI|FE|HA|NE|SA|SU)\d\.\d+\.\w+$")


def _posed(entry: Entry, pattern: re.Pattern[str]) -> Entry:
    found = pattern.search(entry.path)
    if not found:
        return labelled(entry, None)
    return labelled(entry, found[2].upper(), CODES, subject=found[1].upper())


def _read_kdef(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    angle = choices.get("angle", "")
    entries = [_posed(entry, _KDEF) for entry in listing.images]
    if angle:
        wanted = {part.strip().upper() for part in angle.split("+")}
        entries = [
            labelled(e, f"{found[3].upper()} (another angle)", {f"{found[3].upper()} (another angle)": ""})
            if (found := _KDEF.search(e.path)) and found[3].upper() not in wanted
            else e
            for e in entries
        ]
    return Delivered(
        entries, listing.others, "emotion and person by the codes in the names; the person is the subject"
    )


def _read_jaffe(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    entries = [_posed(entry, _JAFFE) for entry in listing.images]
    return Delivered(
        entries, listing.others, "emotion and person by the codes in the names; the person is the subject"
    )


KDEF = Delivery(
    "kdef",
    "KDEF",
    "https://kdef.se/home/aboutKDEF.html",
    lambda listing: listing.named(_KDEF.pattern),
    _read_kdef,
    {"angle": ("", "angles to keep, as S or S+HL+HR; all where nothing is said")},
)
JAFFE = Delivery(
    "jaffe",
    "JAFFE",
    "https://doi.org/10.5281/zenodo.3451524",
    lambda listing: listing.named(_JAFFE.pattern),
    _read_jaffe,
)
