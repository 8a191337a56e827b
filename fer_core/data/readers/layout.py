"""Which split and class the folders of a tree name.

Understood: split/class, class/split and class alone, inside any number of wrapping folders and with any
deeper nesting below. Names are read in all usual spellings (`fer_core.base.emotions`); an unknown class keeps its
own name.

    >>> find_folders([("faces", "train", "angry"), ("faces", "test", "Happiness", "subject 7")])
    [('train', 'angry'), ('test', 'Happiness')]
    >>> find_folders([("boredom",), ("calm",)])
    [(None, 'boredom'), (None, 'calm')]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from fer_core.base.emotions import UNASSIGNED, canonical_emotion, canonical_split, is_emotion, is_split_word
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import NO_EMOTION, WITHOUT_CLASS, Entry, folders_of, suffix_of

Folders = tuple[str, ...]


def with_folder_names(entries: Sequence[Entry]) -> list[Entry]:
    """Entries with the split and class their folders name; only images decide what the folders mean."""
    folders = [folders_of(entry.path) for entry in entries]
    images = [
        path
        for entry, path in zip(entries, folders, strict=True)
        if not entry.problem and suffix_of(entry.path) in SUFFIXES | {""}
    ]
    deciding = images or folders
    names = dict(zip(deciding, find_folders(deciding), strict=True))
    unknown = (None, None)
    return [
        with_class(entry, *names.get(path, unknown)) for entry, path in zip(entries, folders, strict=True)
    ]


def with_class(entry: Entry, split: str | None, found: str | None) -> Entry:
    """An entry with its split and class; the class's usual spelling becomes its label."""
    label = None if found is None else canonical_emotion(found)
    return Entry(
        entry.path, split, label, entry.problem, found, entry.votes, entry.stamp,
        entry.kind, entry.subject, entry.valence, entry.arousal, entry.group,
    )  # fmt: skip


def without_class(entries: list[Entry]) -> list[Entry]:
    """Entries of which those in a folder `unlabelled` beside folders of classes are in no class."""
    words = (WITHOUT_CLASS, "unlabeled")
    named = {entry.label for entry in entries}
    if not named.intersection(words) or named <= {None, *words}:
        return entries
    return [
        replace(e, label=None, found=None, problem=f"Its folder is called {e.found}", kind=NO_EMOTION)
        if e.label in words and not e.problem and suffix_of(e.path) in SUFFIXES
        else e
        for e in entries
    ]


def find_folders(folders: Sequence[Folders]) -> list[tuple[str | None, str | None]]:
    """Split and class of every file.

    Args:
        folders: for each file the folders it lies in, outermost first.

    Returns:
        For each file (split, class); split is None where no folder names one, class None where the file lies in no
        class folder. A class is spelled as its folder spells it.
    """
    files = Counter(folders)
    split_at = _split_levels(files)
    rest = {t: t if at is None else t[:at] + t[at + 1 :] for t, at in split_at.items()}
    class_at = _class_levels(files, rest, split_at)
    names: dict[Folders, tuple[str | None, str | None]] = {}
    for path, at in split_at.items():
        level = class_at[path]
        label = None if level is None else rest[path][level].strip()
        names[path] = (None if at is None else _split_name(path[at]), label)
    names.update(_named_siblings(names, split_at))
    return [names[t] for t in folders]


def _split_name(folder: str) -> str | None:
    return UNASSIGNED if folder.strip().lower() == UNASSIGNED else canonical_split(folder)


def _split_levels(files: Counter[Folders]) -> dict[Folders, int | None]:
    """Where each path names its split.

    The level that tells most splits apart is meant, among equals the one with plain split words: in
    `test/train/happy` beside `test/val/happy`, and in `my_test/train/happy`, it is the second one.
    """
    found = {t: [i for i, folder in enumerate(t) if _split_name(folder)] for t in files}
    told: dict[int, set[str | None]] = {}
    many: Counter[int] = Counter()
    plain: Counter[int] = Counter()
    for path, levels in found.items():
        for i in levels:
            told.setdefault(i, set()).add(_split_name(path[i]))
            many[i] += files[path]
            plain[i] += files[path] * is_split_word(path[i])
    order = sorted(told, key=lambda i: (-len(told[i]), -plain[i], -many[i], i))
    return {t: next((i for i in order if i in levels), None) for t, levels in found.items()}


def _class_levels(
    files: Counter[Folders], rest: dict[Folders, Folders], split_at: dict[Folders, int | None]
) -> dict[Folders, int | None]:
    """Where each path, its split left out, names its class: the level with most known names.

    A tree may nest its parts differently, so a known name counts wherever it stands.
    """
    known: Counter[int] = Counter()
    for path, folders in rest.items():
        for i, folder in enumerate(folders):
            known[i] += files[path] * is_emotion(folder)
    if known.total():
        best = max(known, key=lambda i: (known[i], -i))
    else:
        best = _unknown_class_level(list(rest.values()), set(split_at.values()))
    levels: dict[Folders, int | None] = {}
    for path, folders in rest.items():
        elsewhere = next((i for i, folder in enumerate(folders) if is_emotion(folder)), None)
        here = best < len(folders) and (is_emotion(folders[best]) or elsewhere is None)
        levels[path] = best if here else elsewhere
    return levels


def _unknown_class_level(rest: list[Folders], split_levels: set[int | None]) -> int:
    """The level of the classes where no name is known: the first that is not one wrapping folder.

    With a single class there is nothing but wrapping folders; then it is the folder just under the split, or
    the innermost one.
    """
    above = {folders[:i] for folders in rest for i in range(len(folders))}
    ends = [folders for folders in rest if folders and folders not in above]
    last = min(map(len, ends), default=1) - 1
    level = 0
    while level < last and len({folders[level] for folders in ends}) == 1:
        level += 1
    under_split = split_levels.pop() if len(split_levels) == 1 else None
    return level if under_split is None else min(level, under_split)


def _named_siblings(
    names: dict[Folders, tuple[str | None, str | None]], split_at: dict[Folders, int | None]
) -> dict[Folders, tuple[str | None, str | None]]:
    """Folders beside the split folders that hold the same classes: splits with names of their own."""
    levels = {at for at in split_at.values() if at is not None}
    if len(levels) != 1:
        return {}
    level = levels.pop()
    beside = {t[:level] for t, at in split_at.items() if at is not None}
    labels = {canonical_emotion(label) for split, label in names.values() if split and label}
    without = [t for t, (split, _) in names.items() if split is None and len(t) > level + 1]
    holding = {t[: level + 1] for t in without if canonical_emotion(t[level + 1]) in labels}
    return {
        t: (t[level].strip(), t[level + 1].strip())
        for t in without
        if t[: level + 1] in holding and t[:level] in beside and not is_emotion(t[level])
    }
