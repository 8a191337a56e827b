"""What the JSON files of a dataset hold, as typed dictionaries. Files of older versions may lack keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from fer_core.data.importing.unknown_classes import UnknownClass


class SourceInfo(TypedDict, total=False):
    """Where files are.

    Attributes:
        kind: folder, archive, or what else it was called at import.
        path: relative to the dataset's folder, or absolute.
        owned: it is the dataset's own copy.
        dataset: the one it was merged from.
    """

    kind: str
    path: str
    owned: bool
    dataset: str


_Import = TypedDict("_Import", {"import": dict[str, Any]}, total=False)  # the options of the import, as given


class DatasetInfo(_Import, total=False):
    """`dataset.json`.

    Attributes:
        source, sources: its own source, and by name those merged into it.
        head: id of the newest version.
        problems: files of the source that are in no row, {path, reason}.
        skipped: class -> images left out at import.
        understood: `readers.base.Understood` of the import.
        vote_classes: which class each count of `votes` is for.
    """

    name: str
    created: str
    source: SourceInfo
    sources: dict[str, SourceInfo]
    head: str
    problems: list[dict[str, str]]
    skipped: dict[str, int]
    understood: Mapping[str, Any]
    vote_classes: list[str]


class Tally(TypedDict, total=False):
    """What a manifest holds: readable images, and how many per split, per class, and per class in each split.

    Train, val and test are always there. `splits` counts pictures without a class too, `images`, `classes` and `counts` do not.
    """

    images: int
    unreadable: int
    splits: dict[str, int]
    classes: dict[str, int]
    counts: dict[str, dict[str, int]]


class VoteCounts(TypedDict):
    """How many images have votes, for which classes, and of how many most voters named no emotion, by what they said."""

    classes: list[str]
    images: int
    unclear: dict[str, int]


class DatasetNumbers(Tally):
    """A version in numbers.

    Attributes:
        problems: {path, reason, kind} of unreadable rows and of files of the source that became no row.
        unreadable: of those what should be a picture of a class and cannot be read.
        unlabelled: of those the pictures without a class, in a row or not.
        unknown_classes: classes that are no emotion by their name, most images first.
        understood: how the source was read, see `readers.base.Understood`; {} of older imports.
        skipped: class -> images left out at import.
        votes: None without.
    """

    name: str
    version: str
    number: int
    skipped: dict[str, int]
    votes: VoteCounts | None
    unlabelled: int
    unknown_classes: list[UnknownClass]
    understood: Mapping[str, Any]
    problems: list[dict[str, str]]
