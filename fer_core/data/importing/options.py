"""How a source is read: kept with the dataset, and used again when new files are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fer_core.base.errors import SourceError
from fer_core.base.parsing import expand_home
from fer_core.base.patterns import Pattern
from fer_core.data.importing.class_mapping import NUMBERINGS
from fer_core.data.readers.deliveries import AUTO, NONE

CLASSES = ("4", "7", "8", "all")


@dataclass(frozen=True)
class Options:
    """Choices of an import.

    Attributes:
        labels: lists with the classes of the images; () where folders or lists in the source name them.
        lists: whether lists in the source are used.
        delivery: key of the public set whose layout the source has; "auto" looks for it, "none" does not.
        choices: of that delivery.
        accept_classes: take folders as classes even where they look like people or are no classes by their name.
        votes: CSV with one count per class and image, as FER+; "" where there is none.
        names: class of the source -> class of the dataset ("" leaves it out), any case; others keep their
            proposal or name.
        numbering: one of `class_mapping.NUMBERINGS` for classes that are numbers; "" for none.
        skip: classes to leave out, by either name; "unknown" and "NF" are images whose votes say so.
        classes: "4", "7" or "8" keeps that class set only.
        subject_pattern: regular expression searched in every path; its first group names the subject.

    Raises:
        SourceError: an unknown numbering or class set, or no regular expression.
    """

    labels: tuple[str, ...] | str = ()
    votes: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    numbering: str = ""
    skip: tuple[str, ...] = ()
    classes: str = "all"
    subject_pattern: str = ""
    lists: bool = True
    delivery: str = AUTO
    choices: Mapping[str, str] = field(default_factory=dict)
    accept_classes: bool = False

    def __post_init__(self) -> None:
        labels = (self.labels,) if isinstance(self.labels, str) else tuple(self.labels)
        object.__setattr__(self, "labels", tuple(label for label in labels if label))
        if self.labels and not self.lists:
            raise SourceError("Lists are given and switched off at once", received=", ".join(self.labels))
        if self.classes not in CLASSES:
            raise SourceError("classes must be one of {4, 7, 8, all}", received=self.classes)
        if self.numbering and self.numbering not in NUMBERINGS:
            known = ", ".join(NUMBERINGS)
            raise SourceError(f"numbering must be one of {{{known}}}", received=self.numbering)
        if self.subject_pattern:
            Pattern(self.subject_pattern)

    def record(self) -> dict[str, Any]:
        """JSON-ready, with what differs from the defaults; paths absolute."""
        found = asdict(self) | {
            "labels": [_absolute(path) for path in self.labels],
            "votes": _absolute(self.votes) if self.votes else "",
            "names": dict(self.names),
            "skip": list(self.skip),
            "choices": dict(self.choices),
        }
        without = {"classes": "all", "delivery": NONE, "lists": True}
        return {
            key: value
            for key, value in found.items()
            if value != without.get(key) and (value or key in without)
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Options:
        """Undo `record`; one that names no delivery was read as none."""
        return cls(**{"delivery": NONE, **record, "skip": tuple(record.get("skip", ()))})


def parse_choices(pairs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Name and value of words such as "apex=1". Raises SourceError."""
    for pair in pairs:
        name, equal, value = (part.strip() for part in pair.partition("="))
        if not equal or not name:
            raise SourceError("A choice is written NAME=VALUE", received=repr(pair))
        yield name, value


def _absolute(path: str) -> str:
    return str(expand_home(Path(path)).resolve())
