"""Two reviewers decide one face without knowing of each other: the second is told, and both opinions stay in the journal.

found = earlier_opinions(journal, [key])       # keys of decisions, or the ids of steps and batches
opinions_sentence(found)                                # "Ada had decided on it: sad (2026-11-30 10:32 UTC). All ..."
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fer_core.review.journal import Journal
from fer_core.review.store import UNDONE, reading

_QUERY = f"""SELECT mine.who, mine.image_id, e.who, e.action, e.label, e.time FROM entries mine JOIN entries e
    ON e.image_id = mine.image_id AND e.subject = mine.subject AND e.id < mine.id
    WHERE (mine.key = ? OR mine.batch = ?) AND mine.action <> 'undo' AND mine.image_id <> '' AND NOT {UNDONE}
    ORDER BY e.id"""


class Opinion(NamedTuple):
    """What somebody else had decided on an image: relabel, keep, ...; the class of a relabel; when, UTC in ISO 8601."""

    image_id: str
    who: str
    action: str
    label: str
    time: str


def earlier_opinions(journal: Journal, ids: Iterable[str]) -> list[Opinion]:
    """What others had decided on the same images before some entries, and nobody undid; the latest of each person.

    Args:
        journal: with the entries in it.
        ids: keys or batches of entries. Whoever gave no name is one person, and so are names that differ in case alone.
    """
    found: dict[tuple[str, str], Opinion] = {}
    with reading(journal.path) as connection:
        for name in ids:
            for mine, *row in () if connection is None else connection.execute(_QUERY, (name, name)):
                said = Opinion(*row)
                if said.who.casefold() != mine.casefold():
                    found[said.image_id, said.who.casefold()] = said
    return list(found.values())


def opinions_sentence(opinions: list[Opinion]) -> str:
    """Who had decided what, and when, in a sentence; "" of none.

    >>> opinions_sentence([Opinion("a1", "Ada", "relabel", "sad", "2026-11-30T10:32:05.000001+00:00")])
    'Ada had decided on this face: sad (2026-11-30 10:32 UTC). All opinions are kept; the latest one holds.'
    """
    if not opinions:
        return ""
    first = opinions[0]
    said = first.label if first.action == "relabel" else first.action
    when = first.time[:16].replace("T", " ")
    told = f"{first.who or 'Somebody without a name'} had decided on this face: {said} ({when} UTC)"
    more = len(opinions) - 1
    rest = (
        f", and {more:,} more {'opinion' if more == 1 else 'opinions'} of others were there" if more else ""
    )
    return f"{told}{rest}. All opinions are kept; the latest one holds."
