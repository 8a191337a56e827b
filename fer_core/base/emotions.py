"""Emotion names: one canonical spelling, one order, one colour each.

Class sets in the wild spell the same emotion in many ways (`happy`, `Happiness`, `joy`). Known spellings map
to a canonical name; a class this module does not know keeps its own name and takes the next free colour.

    >>> canonical_emotion("Happiness"), canonical_emotion("Boredom")
    ('happy', 'Boredom')
    >>> canonical_split("PublicTest"), canonical_split("FER2013Train"), canonical_split("holiday") is None
    ('val', 'train', True)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

EMOTIONS: tuple[str, ...] = ("happy", "surprise", "neutral", "sad", "anger", "fear", "disgust", "contempt")
"""Canonical names, in the order of every table, chart and model."""

CLASS_SETS: dict[int, tuple[str, ...]] = {
    4: ("happy", "surprise", "neutral", "sad"),
    7: EMOTIONS[:7],
    8: EMOTIONS,
}

SPLITS: tuple[str, ...] = ("train", "val", "test")
UNASSIGNED = "unassigned"
"""Split of images whose source names none."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "happy": ("happy", "happiness", "joy", "joyful", "smile"),
    "surprise": ("surprise", "surprised", "suprise"),
    "neutral": ("neutral", "neutrality"),
    "sad": ("sad", "sadness"),
    "anger": ("anger", "angry"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "disgust": ("disgust", "disgusted"),
    "contempt": ("contempt", "contemptuous"),
}
SPELLINGS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
"""Known spelling in lower case -> canonical name."""
FURTHER_EMOTIONS = frozenset(("amusement", "awe", "contentment", "excitement"))
"""Classes that sets of emotional pictures, such as EmoSet, have beside anger, disgust, fear and sadness."""

_SPLIT_ALIASES: dict[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev", "eval", "publictest"),
    "test": ("test", "testing", "privatetest"),
}
_SPLIT_OF = {alias: name for name, aliases in _SPLIT_ALIASES.items() for alias in aliases}
_WORD = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_BESIDE_SPLIT = re.compile(
    "^(?:fer|ferplus|rafdb|raf|affectnet|expw|ck|kdef|jaffe|sfew|afew)?(?P<split>[a-z]+?)"
    "(?:sets?|data|dataset|images?|imgs?|faces?|labels?|list|split|part|folder|aligned)?$"
)
"""What stands beside a split without a separator, as in `trainset` or `fertest`; "contest" and "interval" are no splits."""

# Okabe-Ito with one violet: distinguishable under the common colour-vision deficiencies.
_COLORS: dict[str, str] = {
    "happy": "#E69F00",
    "surprise": "#56B4E9",
    "neutral": "#7F7F7F",
    "sad": "#0072B2",
    "anger": "#D55E00",
    "fear": "#CC79A7",
    "disgust": "#009E73",
    "contempt": "#8C6BB1",
}
_FREE_HUES = ("#B8A000", "#17A2A2", "#A65628", "#5C7CFA", "#E0559A", "#6B8E23", "#9467BD", "#3D5A80")
SPLIT_COLORS: dict[str, str] = {
    "train": "#4A5058",
    "val": "#868E96",
    "test": "#B6BDC5",
    UNASSIGNED: "#DEE2E6",
}


def _key(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "").replace(" ", "")


@lru_cache(maxsize=4096)
def canonical_emotion(name: str) -> str:
    """Canonical spelling of an emotion; an unknown name is returned as it is, without outer spaces."""
    return SPELLINGS.get(_key(name), name.strip())


@lru_cache(maxsize=4096)
def is_emotion(name: str) -> bool:
    """Whether `name` is one of the eight emotions, in any known spelling."""
    return _key(name) in SPELLINGS


def is_split_word(name: str) -> bool:
    """Whether `name` is a known spelling of a split and nothing more."""
    return _key(name) in _SPLIT_OF


@lru_cache(maxsize=4096)
def canonical_split(name: str) -> str | None:
    """`train`, `val` or `test` for a known spelling, alone or with words around it (`train_set`, `FER2013Train`,
    `Train (1)`); None where there is none, more than one, or an emotion beside it."""
    if is_split_word(name):
        return _SPLIT_OF[_key(name)]
    words = [word.lower() for word in _WORD.findall(name)]
    if any(word in SPELLINGS for word in words):
        return None
    if "test" in words and {"public", "private"} & set(words):
        return "val" if "public" in words else "test"
    cores = (found["split"] for word in words if (found := _BESIDE_SPLIT.match(word)))
    splits = {_SPLIT_OF[core] for core in cores if core in _SPLIT_OF}
    return splits.pop() if len(splits) == 1 else None


def ordered_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct class names in canonical order, unknown ones after them, sorted."""
    distinct = set(names)
    known = tuple(e for e in EMOTIONS if e in distinct)
    return known + tuple(sorted(distinct - set(known)))


def ordered_splits(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct split names: train, val, test, then any other, sorted."""
    distinct = set(names)
    known = tuple(s for s in SPLITS if s in distinct)
    return known + tuple(sorted(distinct - set(known)))


def emotion_colors(names: Iterable[str]) -> dict[str, str]:
    """One colour (`#RRGGBB`) per class: its own for an emotion, the next free hue for any other."""
    result: dict[str, str] = {}
    free = 0
    for name in ordered_classes(names):
        if name in _COLORS:
            result[name] = _COLORS[name]
        else:
            result[name] = _FREE_HUES[free % len(_FREE_HUES)]
            free += 1
    return result


def text_on(color: str) -> str:
    """Black or white (`#RRGGBB`), whichever stands out more on `color`: at least 4.5 to 1 by WCAG 2."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "#FFFFFF"
