"""Images in a folder or archive whose classes stand in lists: any column names, any case, one list or many.

Each list speaks of its own folder, or of the nearest one around it whose pictures it names. Folders speak where lists are
silent; a list that was found, not given, does not overrule a folder that names an emotion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

from fer_core.base.emotions import canonical_emotion, canonical_split, is_emotion
from fer_core.base.errors import SourceError
from fer_core.data.images import SUFFIXES
from fer_core.data.readers.base import MISSING, UNLABELLED, Entry, suffix_of
from fer_core.data.readers.label_columns import ListRow, rows_of
from fer_core.data.readers.layout import with_class, with_folder_names
from fer_core.data.readers.text_table import NameIndex, TextTable


@dataclass
class Labelled:
    """Entries with the classes that lists and folders give them.

    Attributes:
        entries: the files, without the lists that were used, then a row for each name that no file has.
        used: list -> images it gave their class.
        overruled: images whose folder names another emotion than a list that was found.
    """

    entries: list[Entry]
    used: dict[str, int] = field(default_factory=dict)
    overruled: int = 0


class ListedImages:
    """The images of a source, to be found by name from any of its folders.

    Args:
        entries: files of the container.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = with_folder_names(entries)
        self.images = {e.path: e for e in self.entries if suffix_of(e.path) in SUFFIXES}
        self._known: dict[tuple[str, str | None], NameIndex] = {}

    def index(self, folder: str, split: str | None) -> NameIndex:
        """The images below a folder ("" for all), of a split where one is given."""
        key = folder, split
        if key not in self._known:
            inside = f"{folder}/" if folder else ""
            self._known[key] = NameIndex(
                path
                for path, entry in self.images.items()
                if path.startswith(inside) and (split is None or entry.split == split)
            )
        return self._known[key]

    @cached_property
    def splits(self) -> set[str]:
        """Splits that folders name."""
        return {e.split for e in self.images.values() if e.split}


def with_lists(entries: Sequence[Entry], tables: Sequence[TextTable], *, given: bool) -> Labelled:
    """Entries with the split and class their row of a list, or else their folder, names.

    A row whose file is not there becomes an entry with that problem; an image that nothing gives a class, or to which
    two rows give different ones, has none and says why.

    Args:
        entries: files of the container.
        tables: the lists, each named by its path in the container, or by the name of its file where it was given.
        given: whether a person named the lists: then every one has to be one, and lists go before folders.

    Raises:
        SourceError: of a given list no column names the files, or none holds classes.
    """
    images = ListedImages(entries)
    rows: dict[str, ListRow] = {}
    unclear: dict[str, str] = {}
    missing: list[Entry] = []
    lists: set[str] = set()
    for table in tables:
        try:
            own = _rows_in_scope(images, table, given)
        except SourceError:
            if given:
                raise
            continue
        lists.add(table.name)
        for row in own:
            if row.path is None:
                problem = f"Named in {table.name}, but not there"
                missing.append(Entry(row.name or "(no name)", problem=problem, kind=MISSING))
                continue
            first = rows.setdefault(row.path, row)
            if first.label != row.label and first.label and row.label:
                both = " and ".join(dict.fromkeys((first.table, row.table)))
                verb = "give" if first.table != row.table else "gives"
                unclear[row.path] = f"{both} {verb} it two different classes"
            elif row.label and not first.label:
                rows[row.path] = row
    if not lists:
        return Labelled(images.entries)
    return _merged(images, rows, unclear, missing, lists, given)


def _rows_in_scope(images: ListedImages, table: TextTable, given: bool) -> list[ListRow]:
    """The rows of a list, read against the nearest folder whose pictures it names. Raises SourceError."""
    path = PurePosixPath("" if given else table.name)
    folders = [str(p) if str(p) != "." else "" for p in path.parents] or [""]
    said = _split_of_list(table.name)
    split = said if said in images.splits else None
    failure: SourceError | None = None
    for folder in folders:
        try:
            return rows_of(table, images.index(folder, split), images.index(folder, None), said)
        except SourceError as error:
            failure = failure or error
            if split is not None:
                try:
                    return rows_of(table, images.index(folder, None), None, said)
                except SourceError:
                    continue
    assert failure is not None
    raise failure


def _split_of_list(path: str) -> str | None:
    """The split that a list's name or its folders name, as in `train_labels.csv` and `test/metadata.csv`."""
    name = PurePosixPath(path)
    return next((s for word in (name.stem, *reversed(name.parts[:-1])) if (s := canonical_split(word))), None)


def _merged(
    images: ListedImages,
    rows: dict[str, ListRow],
    unclear: dict[str, str],
    missing: list[Entry],
    lists: set[str],
    given: bool,
) -> Labelled:
    result = Labelled([], dict.fromkeys(sorted(lists), 0))
    classes = {canonical_emotion(row.label) for row in rows.values() if row.label}
    silent = f"{next(iter(lists))} gives it no class" if len(lists) == 1 else "No list gives it a class"
    for entry in images.entries:
        if entry.path in lists:
            continue
        row = rows.get(entry.path)
        emotion = entry.found is not None and is_emotion(entry.found)
        if row:
            split = row.split or entry.split or row.list_split
            entry = replace(entry, split=split, valence=row.valence, arousal=row.arousal, group=row.group)
        if emotion and not given:
            other = row is not None and row.label and is_emotion(row.label)
            result.overruled += bool(other and canonical_emotion(row.label) != entry.label)  # type: ignore[union-attr]
        elif entry.path in unclear:
            entry = _unlabelled(entry, unclear[entry.path])
        elif row and row.label:
            entry = with_class(entry, entry.split, row.label)
            result.used[row.table] += 1
        elif entry.path not in images.images:
            entry = replace(entry, label=None, found=None)
        elif not (emotion or (entry.found or "").isdecimal() or entry.label in classes):
            entry = _unlabelled(entry, silent)
        result.entries.append(entry)
    result.entries += missing
    return result


def _unlabelled(entry: Entry, reason: str) -> Entry:
    problem = entry.problem or reason
    return replace(entry, label=None, found=None, problem=problem, kind="" if entry.problem else UNLABELLED)
