"""The entries of a source as an import takes them: with votes, under the dataset's class names, unwanted left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fer_core.base.emotions import CLASS_SETS, canonical_emotion
from fer_core.base.errors import SourceError
from fer_core.base.parsing import expand_home
from fer_core.data.importing.class_mapping import NUMBERINGS
from fer_core.data.importing.options import Options
from fer_core.data.importing.votes import UNCLEAR, join_votes, unclear_vote
from fer_core.data.readers import open_reader
from fer_core.data.readers.base import Entry, Reader, is_table
from fer_core.data.readers.text_table import load


@dataclass(frozen=True)
class SelectedEntries:
    """What of a source goes into a dataset.

    Attributes:
        entries: the files to read.
        listed: paths of all files of the source, those left out too.
        skipped: class, or reason -> images left out.
        vote_classes: what the votes of the entries count, in their order; empty without votes.
    """

    entries: list[Entry]
    listed: set[str]
    skipped: dict[str, int] = field(default_factory=dict)
    vote_classes: tuple[str, ...] = ()


def select_entries(reader: Reader, options: Options, *, strict: bool = True) -> SelectedEntries:
    """List a source and apply the options.

    Args:
        reader: the source.
        options: choices of the import.
        strict: whether a class in `names` or `skip` that the source does not have is an error.

    Raises:
        SourceError: such a class, votes that do not fit, or nothing left.
    """
    entries, vote_classes = list_entries(reader, options)
    if strict:
        _check_named(entries, options, bool(vote_classes))
    selected: list[Entry] = []
    skipped: Counter[str] = Counter()
    names = _names(options)
    skip = {name.casefold() for name in options.skip}
    wanted_classes = None if options.classes == "all" else set(CLASS_SETS[int(options.classes)])
    for entry in entries:
        renamed = _renamed(entry, names)
        reason = _left_out(entry, renamed, skip, wanted_classes, vote_classes)
        if reason:
            skipped[reason] += 1
        else:
            selected.append(renamed)
    if entries and not selected:
        raise SourceError("Every image is left out", received=", ".join(skipped), hint="Skip fewer classes")
    return SelectedEntries(selected, {e.path for e in entries}, dict(skipped), vote_classes)


def open_source(path: Path, options: Options) -> Reader:
    """The reader of a source as the options say. Raises SourceError."""
    return open_reader(
        path,
        [Path(label) for label in options.labels],
        lists=options.lists,
        delivery=options.delivery,
        choices=options.choices,
    )


def list_entries(reader: Reader, options: Options) -> tuple[list[Entry], tuple[str, ...]]:
    """All entries of a source with their votes, and the classes voted for. Raises SourceError."""
    entries = reader.entries()
    if not options.votes:
        return entries, reader.understood.vote_classes
    tables = [e for e in entries if is_table(e.path.rpartition("/")[0])]
    alone = reader.kind not in ("folder", "archive")
    rows = entries if alone else tables
    joined, classes = join_votes(
        rows or entries, load(expand_home(Path(options.votes))), by_position=bool(rows)
    )
    if not rows or alone:
        return joined, classes
    others = [e for e in entries if not is_table(e.path.rpartition("/")[0])]
    return [*joined, *others], classes


def _names(options: Options) -> dict[str, str]:
    """Lower-case name -> ours."""
    given = {**NUMBERINGS.get(options.numbering, {}), **options.names}
    return {theirs.casefold(): canonical_emotion(ours) for theirs, ours in given.items()}


def _renamed(entry: Entry, names: dict[str, str]) -> Entry:
    if entry.label is None or not names:
        return entry
    for own in (entry.found, entry.label):
        if own is not None and own.casefold() in names:
            return replace(entry, label=names[own.casefold()])
    return entry


def _left_out(
    entry: Entry, renamed: Entry, skip: set[str], wanted_classes: set[str] | None, vote_classes: Sequence[str]
) -> str:
    """The class or reason for which an entry is left out; "" where it is not."""
    if renamed.label is None:
        return ""
    name = entry.found or entry.label or ""
    if renamed.label == "" or {name.casefold(), renamed.label.casefold()} & skip:
        return name
    vote = unclear_vote(entry.votes, vote_classes)
    if vote.casefold() in skip and vote:
        return vote
    return name if wanted_classes is not None and renamed.label not in wanted_classes else ""


def _check_named(entries: Sequence[Entry], options: Options, voted: bool) -> None:
    found = {e.found for e in entries if e.found} | {e.label for e in entries if e.label}
    ours = set(_names(options).values())
    known = {name.casefold() for name in found | ours | set(UNCLEAR if voted else ())}
    for name in (*options.names, *options.skip):
        if name.casefold() not in known:
            shown = ", ".join(sorted(e for e in {e.found for e in entries} if e)[:20])
            raise SourceError("The source has no such class", received=name, hint=f"Found: {shown or 'none'}")
