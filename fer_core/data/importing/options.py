"""How a source is read: kept with the dataset, and used again when new files are looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fer_core.base.errors import SourceError
from fer_core.data.importing.class_mapping import NUMBERINGS

CLASSES = ("4", "7", "8", "all")
_MAX_PATTERN = 200


@dataclass(frozen=True)
class Options:
    """Choices of an import.

    Attributes:
        labels: CSV with the classes of the images; "" where folders name them.
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

    labels: str = ""
    votes: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    numbering: str = ""
    skip: tuple[str, ...] = ()
    classes: str = "all"
    subject_pattern: str = ""

    def __post_init__(self) -> None:
        if self.classes not in CLASSES:
            raise SourceError("classes must be one of {4, 7, 8, all}", received=self.classes)
        if self.numbering and self.numbering not in NUMBERINGS:
            known = ", ".join(NUMBERINGS)
            raise SourceError(f"numbering must be one of {{{known}}}", received=self.numbering)
        if len(self.subject_pattern) > _MAX_PATTERN:
            raise SourceError(
                "The subject pattern is too long", received=f"{len(self.subject_pattern)} characters"
            )
        try:
            re.compile(self.subject_pattern)
        except re.error as error:
            raise SourceError(
                f"This is no regular expression ({error})", received=self.subject_pattern
            ) from error

    def record(self) -> dict[str, Any]:
        """JSON-ready, with what differs from the defaults; paths absolute."""
        files = {
            key: str(Path(value).expanduser().resolve())
            for key in ("labels", "votes")
            if (value := getattr(self, key))
        }
        found = asdict(self) | files | {"names": dict(self.names), "skip": list(self.skip)}
        return {key: value for key, value in found.items() if value and value != "all"}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Options:
        """Undo `record`."""
        return cls(**{**record, "skip": tuple(record.get("skip", ()))})
