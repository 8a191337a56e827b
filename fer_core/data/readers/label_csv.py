"""Images in a folder or archive whose classes stand in a CSV: any column names, any case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fer_core.base.emotions import UNASSIGNED, canonical_split, is_emotion
from fer_core.base.errors import SourceError
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import Entry, suffix_of
from fer_core.data.readers.layout import with_class
from fer_core.data.readers.text_table import NameIndex, TextTable, file_column, named_column

_LABELS = ("emotion", "emotions", "label", "labels", "expression", "class", "classname", "category", "target")
_SPLITS = ("split", "usage", "set", "subset", "partition")


def with_labels(entries: Sequence[Entry], table: TextTable) -> list[Entry]:
    """Entries with the split and class their row of the table names.

    A row whose file is not there becomes an entry with that problem; an image that no row names, or to which
    two rows give different classes, has no class and says why.

    Args:
        entries: files of the container.
        table: the CSV.

    Raises:
        SourceError: no column names the files, or none holds classes.
    """
    images = [e.path for e in entries if suffix_of(e.path) in SUFFIXES]
    index = NameIndex(images)
    files = file_column(table, index)
    if files is None:
        raise SourceError(
            "No column of the label CSV names the images",
            received=f"{table.name}: {', '.join(table.header)[:200]}",
            hint=f"The images are named like {images[0]}" if images else "There are no images",
        )
    label, split = _label_column(table, files), named_column(table, _SPLITS, files)
    given: dict[str, tuple[str | None, str]] = {}
    unclear: set[str] = set()
    missing: list[Entry] = []
    for row in table.rows:
        path = index.find(row[files])
        own = (_split(row[split]) if split is not None else None, row[label])
        if path is None:
            missing.append(Entry(row[files] or "(no name)", problem=f"Named in {table.name}, but not there"))
        elif given.setdefault(path, own)[1] != own[1]:
            unclear.add(path)
    return [*(_labelled(e, given, unclear, table.name) for e in entries), *missing]


def _labelled(entry: Entry, given: dict[str, tuple[str | None, str]], unclear: set[str], name: str) -> Entry:
    own = given.get(entry.path)
    if entry.path in unclear:
        return replace(entry, label=None, problem=entry.problem or f"{name} gives it two different classes")
    if own is None or not own[1]:
        image = suffix_of(entry.path) in SUFFIXES
        problem = f"{name} gives it no class" if image else entry.problem
        return replace(entry, label=None, split=None, problem=entry.problem or problem)
    return with_class(entry, own[0], own[1])


def _split(value: str) -> str | None:
    if not value or value.lower() == UNASSIGNED:
        return None
    return canonical_split(value) or value


def _label_column(table: TextTable, files: int) -> int:
    named = named_column(table, _LABELS, files)
    if named is not None:
        return named
    known = [sum(map(is_emotion, table.values(i))) for i in range(len(table.header))]
    best = max((i for i in range(len(known)) if i != files), key=lambda i: known[i], default=files)
    if known[best] * 2 < len(table.rows) or best == files:
        raise SourceError(
            "No column of the label CSV holds classes",
            received=f"{table.name}: {', '.join(table.header)[:200]}",
            hint="Call it emotion or label",
        )
    return best


def labels_files(entries: Sequence[Entry], table: TextTable) -> bool:
    """Whether a CSV labels these files."""
    try:
        found = with_labels(entries, table)
    except SourceError:
        return False
    return sum(e.label is not None for e in found) * 2 >= sum(suffix_of(e.path) in SUFFIXES for e in entries)
