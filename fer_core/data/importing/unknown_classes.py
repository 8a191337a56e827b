"""Classes that are no emotion by their name: what they probably are, and when they are no classes at all.

>>> likely_emotion("Nuetral"), likely_emotion("0- Anger"), likely_emotion("sadness_faces"), likely_emotion("calm")
('neutral', 'anger', 'sad', '')
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TypedDict

from fer_core.base.emotions import FURTHER_EMOTIONS, SPELLINGS, is_emotion
from fer_core.base.errors import SourceError
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import Entry, suffix_of

_GENERIC = frozenset(
    {
        "afew", "affectnet", "aligned", "all", "automaticallyannotatedimages", "basic", "bmp", "ck", "ck48", "ckplus",
        "cohnkanadeimages", "crop", "cropped", "data", "dataset", "datasets", "emotion", "emotions", "expw", "face",
        "faces", "fer", "fer2013", "ferg", "ferplus", "file", "files", "frame", "frames", "image", "images", "img",
        "imgs", "jaffe", "jaffedbase", "jpeg", "jpg", "kdef", "manuallyannotatedimages", "original", "originals",
        "output", "photo", "photos", "picture", "pictures", "png", "raf", "rafdb", "raw", "sample", "samples", "set",
        "sfew", "tiff", "unlabeled", "unlabelled",
    }
)  # fmt: skip
"""Folders that wrap pictures and name no class, without separators."""
_PERSON = re.compile(
    r"[a-z]{1,2}\d{2,4}|(?:subject|subj|sub|person|actor|participant|patient|speaker|user|id)[ _-]?\d+",
    re.IGNORECASE,
)
_INITIALS = re.compile("[A-Z]{2}")
_FEWEST_INITIALS = 3
_SHOWN = 6


class UnknownClass(TypedDict):
    """A class of a dataset that is no emotion.

    Attributes:
        likely: the emotion its name is probably meant to be; "" for none.
    """

    name: str
    images: int
    likely: str


def unknown_classes(images: Mapping[str, int]) -> list[UnknownClass]:
    """Of classes (name -> images) those that are no emotion by their name, most images first."""
    order = sorted(images.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"name": name, "images": count, "likely": likely_emotion(name)}
        for name, count in order
        if not is_known(name)
    ]


def is_known(name: str) -> bool:
    """Whether a class is one of the eight emotions or of the further ones that public sets name."""
    return is_emotion(name) or name.strip().lower() in FURTHER_EMOTIONS


@lru_cache(maxsize=1024)
def likely_emotion(name: str) -> str:
    """The emotion that a class name holds as a word, or differs from by a letter or two; "" where there is not one."""
    words = [word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    found = {SPELLINGS[word] for word in words if word in SPELLINGS}
    if not found:
        near = [(distance, emotion) for word in words for distance, emotion in _near(word)]
        least = min((distance for distance, _ in near), default=0)
        found = {emotion for distance, emotion in near if distance == least}
    return found.pop() if len(found) == 1 else ""


def _near(word: str) -> list[tuple[int, str]]:
    if len(word) < 4:
        return []
    most = 1 if len(word) < 6 else 2
    close = [(_distance(word, known), emotion) for known, emotion in SPELLINGS.items() if len(known) > 3]
    return [(distance, emotion) for distance, emotion in close if distance <= most]


def _distance(one: str, other: str) -> int:
    """Letters to change, add, drop or swap with their neighbour (optimal string alignment)."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and (a, b) == (other[j - 2], one[i - 2]):
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def check_classes(entries: Sequence[Entry], given: Collection[str] = ()) -> None:
    """Refuse a source whose classes would be its wrapping folders, or the people it shows.

    Args:
        entries: what would be imported.
        given: classes that a person named; they are meant.

    Raises:
        SourceError: it says what else the source holds, and how to go on.
    """
    names = Counter(e.label for e in entries if e.label and not e.problem)
    if not names or any(is_known(name) for name in names) or set(names) & set(given):
        return
    shown = ", ".join(sorted(names)[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    if all("".join(c for c in name.lower() if c.isalnum()) in _GENERIC for name in names):
        what = (
            "No folder names an emotion: the only class would be"
            if len(names) == 1
            else "No folder names an emotion: the classes would be"
        )
    elif _are_people(list(names)):
        what = "No folder names an emotion: the classes would be people, by their names"
    else:
        return
    raise SourceError(
        what,
        received=shown,
        hint=f"{_also_there(entries)}Give the list of labels with --labels, say what the folders mean with --map THEIRS=OURS, "
        "or take them as classes with --accept-classes",
    )


def _are_people(names: list[str]) -> bool:
    initials = len(names) >= _FEWEST_INITIALS and all(_INITIALS.fullmatch(name) for name in names)
    return initials or (len(names) > 1 and all(_PERSON.fullmatch(name.strip()) for name in names))


def _also_there(entries: Sequence[Entry]) -> str:
    """What a person may look for the classes in: other files, and codes in the names of pictures."""
    endings = Counter(
        suffix_of(e.path) or "without ending" for e in entries if suffix_of(e.path) not in SUFFIXES
    )
    example = next((e.path.rpartition("/")[2] for e in entries if suffix_of(e.path) in SUFFIXES), "")
    files = ", ".join(f"{n:,} {ending} file{'s' if n > 1 else ''}" for ending, n in endings.most_common(4))
    parts = ([f"beside the pictures are {files}"] if files else []) + (
        [f"pictures are called like {example}"] if example else []
    )
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}. " if text else ""
