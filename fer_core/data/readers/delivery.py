"""The layout of a public set as it is delivered: what recognises it, and what its files and names mean.

Each delivery is one file under `deliveries/`, which names the source of the layout; `deliveries.recognise` finds the one
that a folder or archive is. A file that a delivery uses for its classes is no entry; all others stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import FerError
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import NO_EMOTION, UNLABELLED, Entry, suffix_of
from fer_core.data.readers.text_table import MAX_BYTES, TextTable, parse

_SAMPLE = 200
_MOST = 0.9  # of the sampled pictures whose names have to fit


@dataclass
class Listing:
    """The files of a folder or archive, as deliveries look at them.

    Attributes:
        files: every file but clutter.
        read: the bytes of one of them; raises FerError.
        images, others: those with the ending of a picture, and all others.
    """

    files: list[Entry]
    read: Callable[[str], bytes]

    def __post_init__(self) -> None:
        self.images: list[Entry] = []
        self.others: list[Entry] = []
        for entry in self.files:
            (self.images if suffix_of(entry.path) in SUFFIXES else self.others).append(entry)

    def named(self, pattern: str) -> bool:
        """Whether most pictures have paths in which the pattern is found, by an even sample of them."""
        sample = self.images[:: max(1, len(self.images) // _SAMPLE)]
        return bool(sample) and sum(bool(re.search(pattern, e.path)) for e in sample) >= _MOST * len(sample)

    def matching(self, pattern: str) -> Iterator[tuple[Entry, re.Match[str]]]:
        """Files that are no pictures and in whose path the pattern is found."""
        for entry in self.others:
            if not entry.problem and (found := re.search(pattern, entry.path)):
                yield entry, found

    def table(self, path: str) -> TextTable | None:
        """A file as a table of text; None where it is none."""
        try:
            data = self.read(path)
            return parse(data, path) if len(data) <= MAX_BYTES else None
        except FerError:
            return None


@dataclass
class Delivered:
    """A delivery, read.

    Attributes:
        entries: its pictures.
        rest: files that are read as in any other source.
        how: where classes and splits are from, in words without a period.
        vote_classes: what the votes of the entries count.
        notes: what a person should know besides.
    """

    entries: list[Entry]
    rest: list[Entry] = field(default_factory=list)
    how: str = ""
    vote_classes: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Delivery:
    """A public set in one of the forms in which people have it.

    Attributes:
        key: for `--as`.
        name: as its authors write it.
        source: where its layout is described.
        recognised: whether a listing has this layout.
        read: its entries; the mapping holds the choices of `choices`.
        choices: name -> (value where nothing is chosen, what it means).
    """

    key: str
    name: str
    source: str
    recognised: Callable[[Listing], bool]
    read: Callable[[Listing, Mapping[str, str]], Delivered]
    choices: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def labelled(
    entry: Entry, found: str | None, classes: Mapping[str, str] | None = None, **more: object
) -> Entry:
    """An entry with its class as the delivery writes it; "" in `classes` leaves it out, None makes it unlabelled.

    Args:
        entry: the picture.
        found: what the delivery says.
        classes: its code -> class; a code that is not there keeps its own name.
        more: other attributes of the entry.
    """
    if found is None:
        silent = {"problem": entry.problem or "The delivery gives it no class", "kind": UNLABELLED}
        return replace(entry, label=None, found=None, **{**silent, **more})  # type: ignore[arg-type]
    label = (classes or {}).get(found)
    return replace(
        entry,
        found=found,
        label=canonical_emotion(found) if label is None else label,
        **more,  # type: ignore[arg-type]
    )


def without_emotion(entry: Entry, what: str, **more: object) -> Entry:
    """An entry of which the delivery says that it shows none of its classes: it stays, without one.

    Args:
        entry: the picture.
        what: the delivery says, as "8 none".
        more: other attributes of the entry.
    """
    silent = {"problem": entry.problem or what, "kind": "" if entry.problem else NO_EMOTION}
    return replace(entry, label=None, found=None, **{**silent, **more})  # type: ignore[arg-type]
