"""FERG, SFEW and AFEW: pictures out of films, where the character or the clip tells which belong together.

FERG, `FERG_DB_256/aia/aia_anger/aia_anger_1.png`: six drawn characters (aia, bonnie, jules, malcolm, mery, ray), for each a
folder of every emotion (anger, disgust, fear, joy, neutral, sadness, surprise). Source: Aneja et al., "Modeling Stylized
Character Expressions via Deep Learning", ACCV 2016, http://grail.cs.washington.edu/projects/deepexpr/ferg-2d-db.html.
SFEW 2.0, `Train/Angry/AboutABoy_000137960_00000005.png` or `Train_Aligned_Faces/Angry/...`: film, clip and frame. Faces of AFEW,
`Train_AFEW/Angry/000046280/001.jpg`: a folder of frames for each clip. Source: Dhall et al., "Collecting Large, Richly Annotated
Facial-Expression Databases from Movies", IEEE MultiMedia 2012, https://cs.anu.edu.au/few/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from fer_core.base.emotions import is_emotion
from fer_core.data.readers.delivery import Delivered, Delivery, Listing, labelled
from fer_core.data.readers.layout import with_folder_names

_FERG = re.compile(r"(?:^|/)([a-z]+)/\1_(anger|disgust|fear|joy|neutral|sadness|surprise)/[^/]+$")
_SFEW = re.compile(r"/([A-Za-z][A-Za-z0-9]*_\d{9})_\d{8}\.\w+$")
_AFEW = re.compile(r"/([A-Za-z]+)/(\d{9})/[^/]+$")


def _read_ferg(listing: Listing, choices: Mapping[str, str]) -> Delivered:
    entries = []
    for entry in listing.images:
        found = _FERG.search(entry.path)
        entries.append(labelled(entry, found[2], subject=found[1]) if found else labelled(entry, None))
    return Delivered(entries, listing.others, "classes by folder; the character is the subject")


def _is_afew(listing: Listing) -> bool:
    if not listing.named(_AFEW.pattern):
        return False
    found = (_AFEW.search(entry.path) for entry in listing.images)
    return all(is_emotion(one[1]) for one in found if one)


def _read_clips(listing: Listing, pattern: re.Pattern[str]) -> Delivered:
    entries = []
    for entry in with_folder_names(listing.images):
        found = pattern.search(entry.path)
        entries.append(replace(entry, subject=found[found.re.groups]) if found else entry)
    return Delivered(
        entries,
        listing.others,
        "classes and splits by folder; the clip is the subject, which keeps its frames together",
    )


FERG = Delivery(
    "ferg",
    "FERG",
    "http://grail.cs.washington.edu/projects/deepexpr/ferg-2d-db.html",
    lambda listing: listing.named(_FERG.pattern),
    _read_ferg,
)
_SOURCE = "https://cs.anu.edu.au/few/"
SFEW = Delivery(
    "sfew",
    "SFEW",
    _SOURCE,
    lambda listing: listing.named(_SFEW.pattern),
    lambda listing, choices: _read_clips(listing, _SFEW),
)
AFEW = Delivery("afew", "AFEW", _SOURCE, _is_afew, lambda listing, choices: _read_clips(listing, _AFEW))
