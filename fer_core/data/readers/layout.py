"""Which split and class the folders of a tree name.

Understood: split/class, class/split and class alone, inside any number of wrapping folders and with any
deeper nesting below. Names are read in all usual spellings (`fer_core.emotions`); an unknown class keeps its
own name.

    >>> name_folders([("faces", "train", "angry"), ("faces", "test", "Happiness", "subject 7")])
    [('train', 'anger'), ('test', 'happy')]
    >>> name_folders([("boredom",), ("calm",)])
    [(None, 'boredom'), (None, 'calm')]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import Entry, folders_of, suffix_of
from fer_core.emotions import UNASSIGNED, canonical_emotion, canonical_split, is_emotion

Folders = tuple[str, ...]


def named(entries: Sequence[Entry]) -> list[Entry]:
    """Entries with the split and class their folders name; only images decide what the folders mean."""
    trails = [folders_of(entry.path) for entry in entries]
    images = [
        trail
        for entry, trail in zip(entries, trails, strict=True)
        if not entry.problem and suffix_of(entry.path) in SUFFIXES | {""}
    ]
    deciding = images or trails
    names = dict(zip(deciding, name_folders(deciding), strict=True))
    unknown = (None, None)
    return [
        replace(entry, split=names.get(trail, unknown)[0], label=names.get(trail, unknown)[1])
        for entry, trail in zip(entries, trails, strict=True)
    ]


def name_folders(trails: Sequence[Folders]) -> list[tuple[str | None, str | None]]:
    """Split and class of every file.

    Args:
        trails: for each file the folders it lies in, outermost first.

    Returns:
        For each file (split, label); split is None where no folder names one, label None where the file lies
        in no class folder.
    """
    distinct = list(dict.fromkeys(trails))
    files = Counter(trails)
    split_at = _split_levels(distinct, files)
    rest = {t: t if (at := split_at[t]) is None else t[:at] + t[at + 1 :] for t in distinct}
    class_at = _class_levels(distinct, files, rest, split_at)
    names: dict[Folders, tuple[str | None, str | None]] = {}
    for trail in distinct:
        at, level = split_at[trail], class_at[trail]
        label = None if level is None else canonical_emotion(rest[trail][level])
        names[trail] = (None if at is None else _split_name(trail[at]), label)
    return [names[t] for t in _with_named_siblings(names, split_at, trails)]


def _split_name(folder: str) -> str | None:
    return UNASSIGNED if folder.strip().lower() == UNASSIGNED else canonical_split(folder)


def _split_levels(distinct: list[Folders], files: Counter[Folders]) -> dict[Folders, int | None]:
    """Where each trail names its split.

    The level that tells most splits apart is meant: in `test/train/happy` beside `test/val/happy` it is the
    second one.
    """
    found = {t: [i for i, folder in enumerate(t) if _split_name(folder)] for t in distinct}
    told: dict[int, set[str | None]] = {}
    many: Counter[int] = Counter()
    for trail, levels in found.items():
        for i in levels:
            told.setdefault(i, set()).add(_split_name(trail[i]))
            many[i] += files[trail]
    order = sorted(told, key=lambda i: (-len(told[i]), -many[i], i))
    return {t: next((i for i in order if i in levels), None) for t, levels in found.items()}


def _class_levels(
    distinct: list[Folders],
    files: Counter[Folders],
    rest: dict[Folders, Folders],
    split_at: dict[Folders, int | None],
) -> dict[Folders, int | None]:
    """Where each trail, its split left out, names its class."""
    known: Counter[int] = Counter()
    for trail in distinct:
        for i, folder in enumerate(rest[trail]):
            known[i] += files[trail] * is_emotion(folder)
    levels: dict[Folders, int | None] = {}
    best = max(known, key=lambda i: (known[i], -i)) if known.total() else None
    if best is None:
        best = _unknown_class_level(rest, split_at)
    for trail in distinct:
        folders = rest[trail]
        # A tree may nest its parts differently: an emotion's name counts wherever it stands.
        other = next((i for i, folder in enumerate(folders) if is_emotion(folder)), None)
        here = best < len(folders) and (is_emotion(folders[best]) or other is None)
        levels[trail] = best if here else other
    return levels


def _unknown_class_level(rest: dict[Folders, Folders], split_at: dict[Folders, int | None]) -> int:
    """The level of classes of which no name is known."""
    wrap = 0
    trails = [folders for folders in rest.values() if folders]
    shortest = min(map(len, trails), default=0)
    while wrap < shortest - 1 and len({folders[wrap] for folders in trails}) == 1:
        wrap += 1
    # A single class below a split: the folder just under the split, not one of its sub-folders.
    below = {at for trail, at in split_at.items() if at is not None and len(trail) > at + 1}
    above_varies = len({folders[:wrap] for folders in trails}) > 1
    if len(below) == 1 and None not in split_at.values() and not above_varies:
        return min(wrap, below.pop())
    return wrap


def _with_named_siblings(
    names: dict[Folders, tuple[str | None, str | None]],
    split_at: dict[Folders, int | None],
    trails: Sequence[Folders],
) -> Sequence[Folders]:
    """Let a folder beside the split folders that holds the same classes be a split of its own name."""
    levels = {at for at in split_at.values() if at is not None}
    if len(levels) == 1:
        level = levels.pop()
        prefixes = {t[:level] for t, at in split_at.items() if at is not None}
        labels = {label for split, label in names.values() if split and label}
        for trail, (split, _) in names.items():
            sibling = split is None and len(trail) > level + 1 and trail[:level] in prefixes
            if sibling and not is_emotion(trail[level]) and canonical_emotion(trail[level + 1]) in labels:
                names[trail] = (trail[level].strip(), canonical_emotion(trail[level + 1]))
    return trails
