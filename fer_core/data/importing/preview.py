"""A look into a source before it is imported: which classes it names, how many images, a few faces of each."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_core.base.emotions import (
    CLASS_SETS,
    SPLITS,
    UNASSIGNED,
    canonical_emotion,
    is_emotion,
    ordered_classes,
    ordered_splits,
)
from fer_core.base.errors import FerError, SourceError
from fer_core.data.images import SUFFIXES, decode, resize, to_gray
from fer_core.data.importing.class_mapping import guess_numbering, propose
from fer_core.data.importing.entries import list_entries, open_source
from fer_core.data.importing.options import Options
from fer_core.data.importing.unknown_classes import (
    UnknownClass,
    check_classes,
    likely_emotion,
    unknown_classes,
)
from fer_core.data.importing.votes import UNCLEAR, unclear_vote
from fer_core.data.pixels import SIZE
from fer_core.data.readers import Reader
from fer_core.data.readers.base import NO_EMOTION, OTHER, UNLABELLED, UNREADABLE, Entry, Understood, suffix_of
from fer_core.data.readers.file_kinds import what_it_is
from fer_core.data.records import Tally

FACES = 3


@dataclass(frozen=True)
class FoundClass:
    """A class as the source names it.

    Attributes:
        name: as it stands there.
        images: files that name it.
        proposed: the class it probably is; its own name where that is not known.
        splits: split -> files.
        faces: uint8 (k, 48, 48), up to `FACES` of them.
        likely: the emotion an unknown name is probably meant to be; "" for none.
    """

    name: str
    images: int
    proposed: str
    splits: dict[str, int]
    faces: NDArray[np.uint8]
    likely: str = ""

    @property
    def certain(self) -> bool:
        """Whether the proposal needs no second look: a known spelling, not a number or an unknown word."""
        return is_emotion(self.name)


@dataclass(frozen=True)
class SourcePreview:
    """What a source holds, by its names alone.

    Attributes:
        kind: "folder", "archive", "csv", "parquet", "npz", "hdf5" or "tfrecord".
        classes: numbers in their order, else most images first.
        unlabelled: files in no class; `problems` of them, reason -> files.
        numbering: what numbers as class names probably mean; "" where they are none.
        unclear: "unknown" and "NF" -> images whose votes say so.
        understood: what the source was recognised as, and the lists that were used.
        stops: why an import would not take these classes; "" where it would.
        left_out: {path, reason, kind} of what becomes no image by its name alone; of pictures without a class too.
        bare: split -> pictures that stay without a class.
    """

    kind: str
    classes: list[FoundClass]
    unlabelled: int
    problems: dict[str, int]
    numbering: str
    unclear: dict[str, int]
    understood: Understood
    stops: str
    left_out: list[dict[str, str]]
    bare: dict[str, int]

    def becomes(self, names: Mapping[str, str] | None = None, classes: str = "all") -> Tally:
        """What an import would make of it, by names alone.

        Args:
            names: class as found -> class of the dataset, "" leaves it out; others as proposed.
            classes: as `Options.classes`.
        """
        wanted = None if classes == "all" else CLASS_SETS[int(classes)]
        counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        for one in self.classes:
            ours = canonical_emotion((names or {}).get(one.name, one.proposed))
            if ours and (wanted is None or ours in wanted):
                for split, images in one.splits.items():
                    counts.setdefault(split, Counter())[ours] += images
        for split in self.bare:
            counts.setdefault(split, Counter())
        order = ordered_classes(name for own in counts.values() for name in own)
        return {
            "images": sum(own.total() for own in counts.values()),
            "splits": {s: counts[s].total() + self.bare.get(s, 0) for s in ordered_splits(counts)},
            "classes": {name: sum(own[name] for own in counts.values()) for name in order},
            "counts": {s: {name: counts[s][name] for name in order} for s in ordered_splits(counts)},
        }

    @property
    def unknown(self) -> list[UnknownClass]:
        """The classes that would be no emotion."""
        return unknown_classes({c.proposed: c.images for c in self.classes if c.proposed})


def preview_source(source: Path, options: Options | None = None) -> SourcePreview:
    """List a source; decodes no more than `FACES` pictures of each class.

    Raises:
        SourceError: nothing is there, nothing that can be read, or no class in it.
    """
    chosen = options or Options()
    reader = open_source(source, chosen)
    try:
        entries, vote_classes = list_entries(reader, chosen)
        by_class: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.found is not None and entry.label is not None:
                by_class.setdefault(entry.found, []).append(entry)
        if not by_class:
            hint = "Images belong in class folders, or in a CSV given as labels"
            raise SourceError("The source names no classes", received=source, hint=hint)
        proposed = propose(by_class)
        if reader.kind == "csv" or reader.understood.delivery:  # the format says what its codes mean
            proposed |= {
                name: own[0].label if own[0].label is not None else name for name, own in by_class.items()
            }
        classes = [
            FoundClass(
                name,
                len(own),
                proposed[name],
                _splits(own),
                _faces(reader, own),
                likely_emotion(proposed[name]),
            )
            for name, own in sorted(by_class.items(), key=_order)
        ]
    finally:
        reader.close()
    votes = Counter(unclear_vote(e.votes, vote_classes) for e in entries)
    loose = [e for e in entries if e.label is None]
    # A public set may say what its numbers mean; then they are none any more.
    names = [c.proposed if reader.understood.delivery else c.name for c in classes]
    return SourcePreview(
        reader.kind,
        classes,
        len(loose),
        dict(Counter(e.problem or "In no class folder" for e in loose).most_common()),
        "" if reader.kind == "csv" else guess_numbering(names),
        {name: votes[name] for name in UNCLEAR if votes[name]},
        reader.understood,
        _stops(entries),
        [_told(e) for e in entries if e.label is None or e.problem],
        _splits([e for e in loose if e.kind == NO_EMOTION]),
    )


def _told(entry: Entry) -> dict[str, str]:
    """A file that becomes no image, as an import would tell of it."""
    if suffix_of(entry.path) in SUFFIXES or entry.kind:
        usual = UNREADABLE if entry.problem else UNLABELLED
        reason = entry.problem or "The picture lies in no class folder"
        return {"path": entry.path, "reason": reason, "kind": entry.kind or usual}
    reason = entry.problem or what_it_is(entry.path) or "Not called as a picture is"
    return {"path": entry.path, "reason": reason, "kind": OTHER if not entry.problem else UNREADABLE}


def _stops(entries: list[Entry]) -> str:
    try:
        check_classes(entries)
    except SourceError as error:
        return str(error)
    return ""


def _order(item: tuple[str, list[Entry]]) -> tuple[int, int, str]:
    """Numbers first and by their size, then the classes with most images."""
    name, entries = item
    number = int(name) if name.isdecimal() else sys.maxsize
    return number, -len(entries), name


def _splits(entries: list[Entry]) -> dict[str, int]:
    return dict(Counter(e.split or UNASSIGNED for e in entries))


def _faces(reader: Reader, entries: list[Entry]) -> NDArray[np.uint8]:
    """The first, middle and last readable faces."""
    found: list[NDArray[np.uint8]] = []
    good = [e for e in entries if not e.problem]
    for index in np.linspace(0, len(good) - 1, min(FACES, len(good))).astype(int):
        try:
            found.append(resize(to_gray(decode(reader.read(good[index].path)).pixels), SIZE))
        except FerError:
            continue
    return np.stack(found) if found else np.zeros((0, SIZE, SIZE), np.uint8)
