"""What the columns of a list of labels mean: which names the files, class, split, valence, arousal, groups of people."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fer_core.base.emotions import UNASSIGNED, canonical_split, is_emotion
from fer_core.base.errors import SourceError
from fer_core.data.readers.text_table import NameIndex, TextTable, file_column, named_column

LABELS = ("emotion", "emotions", "label", "labels", "expression", "class", "classname", "category", "target")
SPLITS = ("split", "usage", "set", "subset", "partition")
GROUPS = (("group",), ("gender", "sex"), ("age", "agegroup", "agerange"), ("race", "ethnicity"))
"""Columns that tell groups of people, by which errors are compared; of each the first that is there."""
_MOST_CLASSES = 30  # different numbers in a column without a name that are still classes


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of a list.

    Attributes:
        name: of the file, as it stands there.
        path: of the file; None where there is none of that name.
        label: the class as it stands there; "" for none.
        split: what the row says; None where it says nothing.
        list_split: what the list's own name says.
        table: name of the list.
        valence, arousal: -1 to 1; None where the row has none.
        group: of people, such as "female, 20 to 29"; "" where the row names none.
    """

    name: str
    path: str | None
    label: str
    split: str | None
    list_split: str | None
    table: str
    valence: float | None = None
    arousal: float | None = None
    group: str = ""


def rows_of(
    table: TextTable, index: NameIndex, wider: NameIndex | None, list_split: str | None
) -> list[ListRow]:
    """The rows of a list, with the files they name.

    Args:
        table: the list; without a header its first line is a row too.
        index: the files it probably speaks of.
        wider: asked for names `index` does not know.
        list_split: what the list's own name says.

    Raises:
        SourceError: no column names the files, or none holds classes.
    """
    headless = any(index.find(name) for name in table.header)
    table = table.without_header() if headless else table
    files = file_column(table, index)
    if files is None:
        raise SourceError(
            "No column of the label CSV names the images",
            received=table.describe(),
            hint=f"The images are named like {index.example}" if index.example else "There are no images",
        )
    label = _label_reader(table, files, headless)
    split = _split_column(table, files, headless)
    valence, arousal = (named_column(table, (name,), files) for name in ("valence", "arousal"))
    columns = (named_column(table, names, files) for names in GROUPS)
    groups = [(column, table.header[column].strip().lower()) for column in columns if column is not None]
    return [
        ListRow(
            row[files],
            index.find(row[files]) or (wider.find(row[files]) if wider else None),
            label(row),
            _split(row[split]) if split is not None else None,
            list_split,
            table.name,
            None if valence is None else measure(row[valence]),
            None if arousal is None else measure(row[arousal]),
            ", ".join(filter(None, (_group(name, row[column]) for column, name in groups))),
        )
        for row in table.rows
    ]


def measure(text: str) -> float | None:
    """Valence or arousal; None for what is no number from -1 to 1, as the -2 of AffectNet's pictures without a face."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and -1 <= value <= 1 else None


def _group(column: str, text: str) -> str:
    """A value as people read it: a word as it stands, an age in years by its decade, another number beside its column's name."""
    number = whole_number(text.strip())
    if not number.isdecimal():
        return number
    if column == "age":
        return f"{int(number) // 10 * 10} to {int(number) // 10 * 10 + 9}"
    return f"{column} {number}"


def whole_number(text: str) -> str:
    """A class number as it is usually written: "3.0" and "3.0000000e+00" are "3"; anything else stays."""
    if not text or text.isdecimal() or not (text[0].isdecimal() and text[-1].isdecimal()):
        return text
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() and value < 1e6 else text


def _split(value: str) -> str | None:
    if not value or value.lower() == UNASSIGNED:
        return None
    return canonical_split(value) or value


def _split_column(table: TextTable, files: int, headless: bool) -> int | None:
    if not headless:
        return named_column(table, SPLITS, files)
    columns = [i for i in range(len(table.header)) if i != files]
    return next((i for i in columns if all(canonical_split(v) for v in table.values(i))), None)


def _label_reader(table: TextTable, files: int, headless: bool) -> Callable[[list[str]], str]:
    """What gives the class of a row. Raises SourceError where no column holds classes."""
    column = named_column(table, LABELS, files)
    if column is None:
        hot = [i for i, name in enumerate(table.header) if is_emotion(name) and i != files]
        if len(hot) > 1 and all(row[i] in ("0", "1", "0.0", "1.0") for row in table.rows for i in hot):
            return lambda row: _one_hot(row, hot, table.header)
        column = _column_of_values(table, files, headless)
    return lambda row: whole_number(row[column])


def _one_hot(row: list[str], columns: list[int], header: list[str]) -> str:
    """The one class of a row that has a 1; "" where none or several have."""
    found = [header[i] for i in columns if row[i].startswith("1")]
    return found[0] if len(found) == 1 else ""


def _column_of_values(table: TextTable, files: int, headless: bool) -> int:
    """The column of which at least half are emotions; of a list without a header the only one of few numbers."""
    others = [i for i in range(len(table.header)) if i != files]
    known = {i: sum(map(is_emotion, table.values(i))) for i in others}
    best = max(known, key=known.__getitem__, default=files)
    if best != files and known[best] * 2 >= len(table.rows):
        return best
    numbers = [i for i in others if headless and _few_numbers(table.values(i))]
    if len(numbers) == 1:
        return numbers[0]
    raise SourceError(
        "No column of the label CSV holds classes",
        received=table.describe(),
        hint="Call it emotion or label",
    )


def _few_numbers(values: list[str]) -> bool:
    found = {whole_number(value) for value in values}
    return len(found) <= _MOST_CLASSES and all(value.isdecimal() for value in found)
