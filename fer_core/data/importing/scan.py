"""From the files of a source to manifest rows and pictures.

One thread reads and decodes; behind it a second one measures whole batches, which is work inside NumPy, SciPy
and Pillow and runs beside Python. More threads would only wait for each other: reading a small picture is
mostly Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import FerError, ImageError
from fer_core.base.patterns import Pattern
from fer_core.data import heif, image_measures
from fer_core.data.images import SUFFIXES, Picture, decode, pixel_hash, to_gray
from fer_core.data.importing.checkpoint import ImportCheckpoint, SavedRow, StampedRow
from fer_core.data.manifest import COLUMNS, ImageRow, check_manifest, file_hash, image_id
from fer_core.data.pixels import SIZE, PixelWriter
from fer_core.data.readers.base import (
    NO_EMOTION,
    OTHER,
    UNLABELLED,
    UNREADABLE,
    Entry,
    Reader,
    is_table,
    suffix_of,
)
from fer_core.data.readers.file_kinds import what_it_is
from fer_core.data.sources import MAIN
from fer_core.jobs.reporter import ProgressFn

_BATCH = 512
_BATCH_PIXELS = 8_000_000  # large pictures travel in smaller batches


@dataclass
class SourceScan:
    """What a source holds: a manifest, and the files that are in no row of it, each with the reason."""

    manifest: pd.DataFrame
    problems: list[dict[str, str]]


def scan_source(
    reader: Reader,
    pixels: PixelWriter,
    progress: ProgressFn | None = None,
    *,
    entries: Sequence[Entry],
    checkpoint: ImportCheckpoint | None = None,
    subject_pattern: str = "",
) -> SourceScan:
    """Read, decode and measure files of a source.

    A file that claims to be a picture, or is one, gets a row, with `error` where it does not decode, or shows no emotion by
    its source. Any other file, and a picture in no class folder, is a problem. Nothing is left out.

    Args:
        reader: the source.
        pixels: receives the gray 48x48 picture of every readable row, in row order.
        progress: told before the first batch and after each.
        entries: the files, in the order of the rows.
        checkpoint: what was read before, and where to keep what is read until the end.
        subject_pattern: as `Options.subject_pattern`.
    """
    rows: list[ImageRow] = []
    problems: list[dict[str, str]] = []
    done = 0

    def collect(measured: Future[_Measured]) -> None:
        nonlocal done
        batch = measured.result()
        first = pixels.append(batch.pictures)
        for row in batch.rows:
            if row["row"] >= 0:
                row["row"] += first
        if checkpoint and batch.fresh:
            stamped: list[StampedRow] = [{**batch.rows[i], "stamp": batch.stamps[i]} for i, _ in batch.fresh]
            checkpoint.add(stamped, batch.pictures[[i for _, i in batch.fresh]])
        rows.extend(batch.rows)
        problems.extend(batch.problems)
        done += batch.files
        if progress:
            progress(done, len(entries), "images")

    if progress:
        progress(0, len(entries), "images")
    try:
        with ThreadPoolExecutor(1) as pool:
            waiting: Future[_Measured] | None = None
            for items in _batches(reader, entries, checkpoint):
                following = pool.submit(_measure, items)
                if waiting:
                    collect(waiting)
                waiting = following
            if waiting:
                collect(waiting)
    finally:
        if checkpoint:
            checkpoint.save()
    return SourceScan(_table(rows, entries, subject_pattern), problems)


def _table(rows: list[ImageRow], entries: Sequence[Entry], subject_pattern: str) -> pd.DataFrame:
    """The manifest, with votes, subjects, groups and affect where there are any."""
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    votes = {entry.path: list(entry.votes) for entry in entries if entry.votes is not None}
    if votes:
        table["votes"] = pd.Series([votes.get(path) for path in table["path"]], dtype="object")
    if subject_pattern:
        pattern = Pattern(subject_pattern)
        table["subject"] = [pattern.subject(path) for path in table["path"]]
    elif subjects := {entry.path: entry.subject for entry in entries if entry.subject}:
        table["subject"] = [subjects.get(path, "") for path in table["path"]]
    if groups := {entry.path: entry.group for entry in entries if entry.group}:
        table["group"] = [groups.get(path, "") for path in table["path"]]
    for name in ("valence", "arousal"):
        said = {e.path: value for e in entries if (value := getattr(e, name)) is not None}
        if said:
            table[name] = [said.get(path, np.nan) for path in table["path"]]
    return check_manifest(table)


@dataclass(slots=True)
class _Item:
    """One file, read: a picture or the reason why there is none."""

    entry: Entry
    picture: Picture | None = None
    file_hash: str = ""
    error: str = ""
    kind: str = ""
    kept: SavedRow | None = None


@dataclass(slots=True)
class _Measured:
    """A batch, measured.

    `row` counts from the batch's first picture; `fresh` has the row and picture of what was read just now, `stamps`
    those of all rows.
    """

    files: int
    rows: list[ImageRow]
    problems: list[dict[str, str]]
    pictures: NDArray[np.uint8]
    fresh: list[tuple[int, int]]
    stamps: list[str]


def _batches(
    reader: Reader, entries: Sequence[Entry], checkpoint: ImportCheckpoint | None
) -> Iterator[list[_Item]]:
    batch: list[_Item] = []
    pixels = 0
    for entry in entries:
        stays = entry.label is not None or entry.kind == NO_EMOTION
        kept = checkpoint.find(entry) if checkpoint and stays else None
        item = _Item(entry, kept=kept, error=entry.problem) if kept else _read(reader, entry)
        batch.append(item)
        pixels += item.picture.pixels.size if item.picture else 0
        if len(batch) >= _BATCH or pixels >= _BATCH_PIXELS:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def _read(reader: Reader, entry: Entry) -> _Item:
    item = _Item(entry, error=entry.problem)
    other = "" if suffix_of(entry.path) in SUFFIXES else what_it_is(entry.path)
    if entry.problem and entry.kind != NO_EMOTION:
        item.kind = OTHER if other and not is_table(entry.path) else UNREADABLE
        return item
    try:
        data = reader.read(entry.path)
        item.file_hash = file_hash(data)
        item.picture = decode(data)
    except ImageError as error:
        item.error = other or error.message
        claims = suffix_of(entry.path) in SUFFIXES | heif.SUFFIXES or entry.label is not None
        item.kind = OTHER if other or not claims else UNREADABLE
    except FerError as error:
        item.error = str(error)
    if item.picture and entry.label is None and entry.kind != NO_EMOTION:
        item.picture, item.error, item.kind = None, "The picture lies in no class folder", UNLABELLED
    return item


def _measure(items: list[_Item]) -> _Measured:
    """Rows of a batch in its order; pictures of one size are measured together."""
    rows: list[ImageRow] = []
    problems: list[dict[str, str]] = []
    stamps: list[str] = []
    kept: list[int] = []
    grays: list[NDArray[np.uint8]] = []
    fresh: list[tuple[int, int]] = []  # row and picture of what has to be measured
    for item in items:
        if item.kept:
            before, picture = item.kept
            rows.append({**before, **_split_and_label(item.entry), "row": len(grays), "error": item.error})
            stamps.append("")
            kept.append(len(grays))
            grays.append(picture)
            continue
        if item.picture is None and (item.entry.label is None or suffix_of(item.entry.path) not in SUFFIXES):
            problems.append({"path": item.entry.path, "reason": item.error, "kind": _kind(item)})
            continue
        row = _row(item, len(grays))
        rows.append(row)
        stamps.append(item.entry.stamp)
        if item.picture is not None:
            fresh.append((len(rows) - 1, len(grays)))
            grays.append(to_gray(item.picture.pixels))
    pictures = np.empty((len(grays), SIZE, SIZE), dtype=np.uint8)
    for place in kept:
        pictures[place] = grays[place]
    by_shape: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for pair in fresh:
        by_shape.setdefault(grays[pair[1]].shape, []).append(pair)
    for members in by_shape.values():
        stack = np.stack([grays[i] for _, i in members])
        pictures[[i for _, i in members]] = image_measures.resize_stack(stack, SIZE)
        hashes = image_measures.phash_stack(stack)
        scores = image_measures.quality_stack(stack)
        for (i, _), phash, (brightness, contrast, sharpness) in zip(members, hashes, scores, strict=True):
            rows[i] |= {"brightness": brightness, "contrast": contrast}
            rows[i] |= {"sharpness": sharpness, "phash": phash}
    return _Measured(len(items), rows, problems, pictures, fresh, stamps)


def _kind(item: _Item) -> str:
    """What kind of thing a file is that becomes no row."""
    said = item.entry.kind if item.entry.kind != NO_EMOTION else ""  # of one that does not decode
    return said or item.kind or UNREADABLE


def _split_and_label(entry: Entry) -> ImageRow:
    """The part of a row that the source's names decide."""
    return {"split": entry.split or UNASSIGNED, "label": entry.label or ""}


def _row(item: _Item, number: int) -> ImageRow:
    """A manifest row that lacks what is measured in batches."""
    entry, picture = item.entry, item.picture
    return {
        "image_id": image_id(MAIN, entry.path),
        "row": number if picture else -1,
        "path": entry.path,
        "source": MAIN,
        **_split_and_label(entry),
        "width": picture.width if picture else 0,
        "height": picture.height if picture else 0,
        "mode": picture.mode if picture else "",
        "format": picture.format if picture else "",
        "file_hash": item.file_hash,
        "pixel_hash": pixel_hash(picture.pixels) if picture else "",
        "phash": 0,
        "brightness": 0.0,
        "contrast": 0.0,
        "sharpness": 0.0,
        "error": item.error,
    }
