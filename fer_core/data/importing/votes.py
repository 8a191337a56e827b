"""How many people gave each class to an image: FER+ and tables like it.

FER+ goes with FER2013 line by line: its "Image name" is not the number of the row. Votes for images that are
files of their own are joined by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from fer_core.base.emotions import canonical_emotion, canonical_split, is_emotion
from fer_core.base.errors import SourceError
from fer_core.data.readers.base import Entry
from fer_core.data.readers.text_table import NameIndex, TextTable, file_column, named_column

UNCLEAR = ("unknown", "NF")
"""What voters chose where no emotion can be told, or where there is no face."""


def vote_columns(table: TextTable) -> dict[str, int]:
    """Class -> column: emotions in any spelling, "unknown" and "NF", with or without "votes_" before them."""
    found: dict[str, int] = {}
    for column, name in enumerate(table.header):
        word = name.strip().lower().removeprefix("votes_").removeprefix("vote_")
        own = next((u for u in UNCLEAR if u.lower() == word), None)
        if own or is_emotion(word):
            found.setdefault(own or canonical_emotion(word), column)
    return found


def join_votes(
    entries: Sequence[Entry], table: TextTable, *, by_position: bool
) -> tuple[list[Entry], tuple[str, ...]]:
    """Entries with their votes, and the classes voted for.

    Args:
        entries: in the order of the source.
        table: the votes.
        by_position: line by line, else by file name.

    Raises:
        SourceError: no votes in the table, another number of rows, or rows of other splits or names.
    """
    columns = vote_columns(table)
    if len([name for name in columns if name not in UNCLEAR]) < 2:
        raise SourceError("The table holds no votes", received=table.describe())
    counts = _counts(table, columns)
    if by_position:
        _check_positions(entries, table)
        return [replace(e, votes=v) for e, v in zip(entries, counts, strict=True)], tuple(columns)
    files = file_column(table, index := NameIndex(e.path for e in entries))
    if files is None:
        raise SourceError("No column of the votes names the images", received=table.name)
    of = {index.find(row[files]): votes for row, votes in zip(table.rows, counts, strict=True)}
    return [replace(e, votes=of.get(e.path)) for e in entries], tuple(columns)


def _counts(table: TextTable, columns: dict[str, int]) -> list[tuple[int, ...]]:
    found = []
    for number, row in enumerate(table.rows):
        words = [row[column] for column in columns.values()]
        if not all(word == "" or (word.isascii() and word.isdecimal()) for word in words):
            raise SourceError(
                f"Row {number + 1} of the votes is not all counts", received=", ".join(words)[:200]
            )
        found.append(tuple(int(word or 0) for word in words))
    return found


def _check_positions(entries: Sequence[Entry], table: TextTable) -> None:
    if len(entries) != len(table.rows):
        raise SourceError(
            "The votes have another number of rows than the images",
            received=f"{len(table.rows):,} rows of votes, {len(entries):,} images",
            hint="Votes go with a table of pictures line by line",
        )
    usage = named_column(table, ("usage", "split", "set"))
    if usage is None:
        return
    for number, (entry, word) in enumerate(zip(entries, table.values(usage), strict=True)):
        split = canonical_split(word)
        if split and entry.split and split != entry.split:
            raise SourceError(
                "The votes are of other images: splits differ line by line",
                received=f"row {number + 1} is {entry.split} in the images and {split} in the votes",
            )


def unclear_vote(votes: Sequence[int] | None, classes: Sequence[str]) -> str:
    """ "unknown" or "NF" where more people chose it than any emotion; "" where not, or without votes."""
    if votes is None or not len(votes):
        return ""
    best = max(range(len(classes)), key=lambda i: (votes[i], classes[i] not in UNCLEAR))
    return classes[best] if classes[best] in UNCLEAR and votes[best] else ""


def unclear_votes(manifest: pd.DataFrame, classes: Sequence[str]) -> pd.Series:
    """`unclear_vote` of every row of a manifest, by its index; "" everywhere where there are no votes."""
    if "votes" not in manifest:
        return pd.Series("", index=manifest.index, dtype="str")
    known = [None if v is None or np.isscalar(v) else v for v in manifest["votes"]]
    return pd.Series([unclear_vote(v, classes) for v in known], index=manifest.index, dtype="str")
