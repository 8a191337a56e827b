"""A document in parts: sections of lines, tables, faces and curves, as HTML or as Markdown from the same content.

    doc = Document("Model card", "0041-compact", sections=[Section("Data", (text("It has ", count("images",
        1200), " images."),))])
    html(doc), markdown(doc)

Every number is a `Number` with a key: in HTML it is a `<data>` element that holds key and exact value, so that whoever
doubts one can find what it was computed from. What is not known is said in words, never as 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fer_core.reports.templating import render

ChipVerdict = Literal["good", "warn", "bad", "none"]
UNKNOWN = "not known"


@dataclass(frozen=True)
class Words:
    """Plain words."""

    kind: ClassVar[str] = "words"
    words: str


@dataclass(frozen=True)
class Number:
    """A number: what it is called in the document, its exact value (None: not known), and how it reads."""

    kind: ClassVar[str] = "number"
    key: str
    value: float | None
    words: str


@dataclass(frozen=True)
class Name:
    """A name of somebody else's: of a run, a class, a version, a file."""

    kind: ClassVar[str] = "name"
    words: str


@dataclass(frozen=True)
class Code:
    """What can be typed: a command, a setting."""

    kind: ClassVar[str] = "code"
    words: str


@dataclass(frozen=True)
class Chip:
    """A verdict."""

    kind: ClassVar[str] = "chip"
    verdict: ChipVerdict
    words: str


InlinePart = Words | Number | Name | Code | Chip
InlineLine = tuple[InlinePart, ...]


def line(*parts: InlinePart | str) -> InlineLine:
    """Parts in a row; a plain string is words."""
    return tuple(Words(part) if isinstance(part, str) else part for part in parts)


def joined(parts: Sequence[InlineLine], between: str = ", ") -> InlineLine:
    """Lines in a row, with something between each two."""
    return tuple(part for i, one in enumerate(parts) for part in (*line(*[between] * (i > 0)), *one))


def names(words: Sequence[str]) -> InlineLine:
    """Names in a row."""
    return joined([line(Name(each)) for each in words])


def number(key: str, value: float | None, form: str, unknown: str = UNKNOWN) -> Number:
    """A number in a format of Python, such as `,.0f`, `.1%` or `+.1f`; None and NaN read `unknown`."""
    if value is None or math.isnan(value):
        return Number(key, None, unknown)
    return Number(key, float(value), format(value, form))


def count(key: str, value: int | None, unknown: str = UNKNOWN) -> Number:
    """`12,345`."""
    return number(key, value, ",.0f", unknown)


def share(key: str, value: float | None, unknown: str = UNKNOWN, places: int = 1) -> Number:
    """`81.2%` of a share 0..1."""
    return number(key, value, f".{places}%", unknown)


def decimal(key: str, value: float | None, unknown: str = UNKNOWN) -> Number:
    """`0.812`."""
    return number(key, value, ".3f", unknown)


def points(key: str, value: float | None, unknown: str = UNKNOWN) -> Number:
    """`+2.1`, percentage points of a difference of shares; the value stays the difference."""
    if value is None or math.isnan(value):
        return Number(key, None, unknown)
    return Number(key, float(value), f"{100 * value:+z.1f}")


def span(key: str, ends: Sequence[float] | None, form: str = ".3f") -> InlineLine:
    """`0.790 to 0.834`; keys end in `.low` and `.high`."""
    if ends is None or len(ends) != 2:
        return line(Number(f"{key}.low", None, UNKNOWN))
    make = points if form == "points" else lambda k, v: number(k, v, form)
    return line(make(f"{key}.low", ends[0]), " to ", make(f"{key}.high", ends[1]))


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    line: InlineLine
    quiet: bool = False


def text(*parts: InlinePart | str, quiet: bool = False) -> Text:
    """A paragraph of parts; a plain string is words."""
    return Text(line(*parts), quiet)


@dataclass(frozen=True)
class Stats:
    """A few numbers that matter most, each with words below it."""

    kind: ClassVar[str] = "stats"
    rows: tuple[tuple[InlinePart, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells; `numeric` are the columns of numbers, `tints` how strong each cell is coloured (0..1)."""

    kind: ClassVar[str] = "table"
    header: tuple[str, ...]
    rows: tuple[tuple[InlineLine, ...], ...]
    numeric: tuple[int, ...] = ()
    tints: tuple[tuple[float | None, ...], ...] = ()


@dataclass(frozen=True)
class ShownFace:
    """A picture uint8 (h, w), what is said in place of it, and two lines below it."""

    pixels: NDArray[np.uint8]
    alt: str
    first: str = ""
    second: str = ""


@dataclass(frozen=True)
class Faces:
    """Pictures in a row, with a title; they are shown in HTML alone."""

    kind: ClassVar[str] = "faces"
    title: InlineLine
    faces: tuple[ShownFace, ...]


@dataclass(frozen=True)
class Curves:
    """Shares (0..1) by epoch: of each line its name, its class of colour ("train" or "val"), and its values."""

    kind: ClassVar[str] = "curves"
    key: str
    alt: str
    lines: tuple[tuple[str, str, tuple[float, ...]], ...]

    def places(self, values: Sequence[float]) -> str:
        """Points of a drawing 100 high: x the epoch, y the share from the top."""
        return " ".join(f"{x},{100 * (1 - y):.4g}" for x, y in enumerate(values, start=1))


@dataclass(frozen=True)
class CodeListing:
    """Lines as they stand: commands, or a file."""

    kind: ClassVar[str] = "listing"
    words: str


@dataclass(frozen=True)
class Fold:
    """What is opened by whoever wants to know: a title, and blocks."""

    kind: ClassVar[str] = "fold"
    title: InlineLine
    blocks: tuple[Any, ...]


DocumentBlock = Text | Stats | Table | Faces | Curves | CodeListing | Fold


@dataclass(frozen=True)
class Section:
    """A titled part."""

    title: str
    blocks: tuple[DocumentBlock, ...]
    aside: str = ""


@dataclass(frozen=True)
class Document:
    """What a document says: what kind of one it is, of what ("" for a part of one), a sentence, sections, and the
    command that makes it again."""

    kind: str
    name: str
    about: InlineLine = ()
    sections: tuple[Section, ...] = ()
    again: str = ""


def html(found: Document) -> str:
    """The document as a page that needs nothing else."""
    return render("document.html", doc=found)


def markdown(found: Document) -> str:
    """The document as Markdown; in place of faces it says how many the page shows."""
    return render("document.md", doc=found)
