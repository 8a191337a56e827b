"""The doctor's look at a dataset: its file, its versions, its journal and its pixels."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.base.atomic import read_json, replace, temporary_path
from fer_core.base.checksums import FileState, checksum, record_created, recorded_files
from fer_core.base.errors import FerError
from fer_core.base.locks import LockHeld, folder_lock
from fer_core.base.workspace import now
from fer_core.data import notes, pixels, versions
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import check_manifest, content_id
from fer_core.data.versions import Version
from fer_core.review import lineage, salvage
from fer_core.upkeep.findings import Examination, Repair, place_aside, set_aside

_AT_ONCE = 4096  # pictures in memory
_BACKUP = "Take it from a backup (`fer restore`)"


def examine(found: Examination, dataset: Dataset) -> None:
    """Look at everything of one dataset."""
    folder = dataset.folder

    def has_head(path: Path) -> bool:
        return bool(dataset.head)

    found.look("dataset", folder / "dataset.json", "The dataset cannot be opened", _BACKUP, sound=has_head)
    names = folder / versions.ANNOTATIONS
    if names.exists():
        found.look(
            "dataset",
            names,
            "The names and notes of versions are not known",
            f"{_BACKUP}; --repair sets it aside",
            lambda: set_aside(found.workspace, names),
            lambda path: isinstance(versions.version_notes(folder), dict),
        )
    _notes(found, dataset)
    for place in sorted((folder / "versions").glob("[0-9a-f]*/")):
        _version(found, dataset, place)
    _lineage(found, dataset)
    _worked_out(found, dataset)
    _journal(found, dataset)
    _pixels(found, dataset)


def _notes(found: Examination, dataset: Dataset) -> None:
    path = dataset.folder / notes.FILE
    if not path.exists() and path.name not in recorded_files(path.parent):
        return
    repair = partial(set_aside, found.workspace, path) if path.exists() else None
    remedy = f"{_BACKUP}; --repair sets it aside" if repair else _BACKUP
    harm = "What people wrote about the classes is not known"
    found.look("dataset", path, harm, remedy, repair, lambda path: bool(notes.read_notes(dataset)))


def _version(found: Examination, dataset: Dataset, place: Path) -> None:
    manifest, about = place / "manifest.parquet", place / "version.json"

    def is_itself(path: Path) -> bool:
        return _content(path) == place.name

    said = found.look(
        "version",
        manifest,
        "The version cannot be used",
        f"{_BACKUP}; `fer revert {dataset.name} VERSION` goes back to another version",
        sound=is_itself,
    )
    whole = said in ("whole", "not checked")
    found.look(
        "version",
        about,
        "The version cannot be used, and what it was made from is not known",
        f"{_BACKUP}; --repair makes a new one from the manifest, without its history" if whole else _BACKUP,
        (lambda: _new_version_file(found, dataset, place)) if whole else None,
        lambda path: read_json(path)["id"] == place.name and isinstance(read_json(path)["number"], int),
    )

    for path in (place / name for name in sorted(recorded_files(place) - {manifest.name, about.name})):
        remedy = f"`fer certify {dataset.name} --version {place.name}` makes it again"
        repair = partial(set_aside, found.workspace, path) if path.exists() else None
        remedy = f"--repair sets it aside; {remedy}" if repair else remedy
        found.look("version", path, "What was checked of the split is not known", remedy, repair)


def _content(manifest: Path) -> str:
    try:
        return content_id(check_manifest(pd.read_parquet(manifest)))
    except FerError as error:
        raise ValueError from error


def _new_version_file(found: Examination, dataset: Dataset, place: Path) -> str:
    """Say again of a version what its manifest shows; its number is the first that no other one has."""
    manifest = check_manifest(pd.read_parquet(place / "manifest.parquet"))
    with versions.lock(dataset.folder):
        taken = {
            version.number for version in versions.list_versions(dataset.folder) if version.id != place.name
        }
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        about = place / "version.json"
        aside = f" {set_aside(found.workspace, about)}." if about.exists() else ""
        lost = "What made it, and from which version, was lost with its file"
        made = Version(
            place.name, number, None, "recovered", {}, versions.count_images(manifest), now(), lost
        )
        versions.write_version_file(place, made)
    return f"Made again from its manifest, as v{number}.{aside}"


def _lineage(found: Examination, dataset: Dataset) -> None:
    """Versions that others, or the dataset, name and that are not there at all."""
    there = {place.name for place in (dataset.folder / "versions").glob("[0-9a-f]*/")}
    named = {v.parent: f"v{v.number} was made from it" for v in dataset.versions() if v.parent}
    with suppress(FerError):  # said already
        named[dataset.head] = "It is the newest, so the dataset cannot be used without naming another version"
    for missing in sorted(set(named) - there):
        path = dataset.folder / "versions" / missing
        remedy = f"{_BACKUP}, or go back to another version (`fer revert {dataset.name} VERSION`)"
        found.add("version", path, "gone", named[missing], remedy)


def _worked_out(found: Examination, dataset: Dataset) -> None:
    """Rankings, comparisons, measures and maps, as far as they are there: each can be made again."""
    harm = "What it tells of labels and copies may be wrong"
    uploads = dataset.quality_dir / "probabilities"
    for folder, remedy in (
        (dataset.quality_dir, "--repair sets it aside; it is made again"),
        (uploads, "--repair sets it aside; upload it again"),
    ):
        for path in (folder / name for name in sorted(recorded_files(folder))):
            if path.exists():
                found.look("quality", path, harm, remedy, lambda path=path: set_aside(found.workspace, path))  # type: ignore[misc]


def _journal(found: Examination, dataset: Dataset) -> None:
    path = dataset.journal_path
    applied = any(version.operation == lineage.OPERATION for version in dataset.versions())
    if not path.exists():
        if applied or path.name in recorded_files(dataset.folder):
            remedy = f"{_BACKUP}; --repair begins an empty one"
            harm = "The decisions are lost; those that were applied stay in their versions"
            found.add("journal", path, "gone", harm, remedy, lambda: _new_journal(found, path))
        return
    said, wrong = _fault(path)
    found.add(
        "journal",
        path,
        said,
        f"Decisions cannot be read or made ({wrong})",
        f"{_BACKUP}; --repair keeps the entries that can be read",
        lambda: _new_journal(found, path),
    )


def _fault(path: Path) -> tuple[FileState, str]:
    try:
        wrong = salvage.find_damage(path) or ("it is empty" if not path.stat().st_size else "")
    except (OSError, LockHeld):  # held by somebody, or no room for a copy
        return "not checked", ""
    return "damaged" if wrong else "whole", wrong


def _new_journal(found: Examination, path: Path) -> str:
    """Of what can be read once the last who has the journal open has closed it: all that was acknowledged is in there."""
    if not path.exists():
        salvage.write_entries(path, [])
        return "A new journal holds nothing; how many entries are lost is not known."
    if _fault(path)[0] != "damaged":
        return "It was not found damaged again, so nothing was changed."
    if path.name not in recorded_files(path.parent):
        record_created(path)  # nobody begins another one meanwhile
    target, parts = place_aside(found.workspace, path), ("-wal", "-shm", "")
    replace(path, target, durable=False)
    try:
        with folder_lock(path.parent, exclusive=True):
            _move(path, target, parts)
            kept = salvage.read_entries(target)
            salvage.write_entries(path, kept.entries)
    except BaseException as error:
        _move(target, path, parts)
        if not isinstance(error, LockHeld):
            raise
        hint = "Close what reads or decides, and repair again; nothing was changed"
        raise FerError("The journal is in use all the time", received=path, hint=hint) from error
    lost = f"at least {kept.lost:,} are lost" if kept.entries else "how many are lost is not known"
    aside = target.relative_to(found.workspace.root).as_posix()
    return f"A new journal holds the {len(kept.entries):,} entries that could be read; {lost}. Set aside as {aside}."


def _move(source: Path, target: Path, endings: Iterable[str]) -> None:
    for ending in endings:
        with suppress(FileNotFoundError):
            replace(source.with_name(source.name + ending), target.with_name(target.name + ending))


def _pixels(found: Examination, dataset: Dataset) -> None:
    own = pixels.pixel_file(dataset.folder)
    for path in sorted({own, *own.parent.glob("[0-9]*.npy")}):
        remedy, repair = _mending(found, dataset, path, path == own)
        said: FileState
        try:
            bad = pixels.damaged_blocks(path)
            blocks, rows = pixels.read_blocks(path), len(pixels.open_pixels(path))
            checked = sum(count for first, count, _ in blocks if first < rows)
            said = (
                "damaged" if bad or rows < _rows(dataset) else "whole" if checked >= rows else "not checked"
            )
            harm = f"{sum(count for _, count, _ in bad):,} of {rows:,} pictures may be wrong"
        except FerError:
            said, harm = ("damaged" if path.exists() else "gone"), "No picture can be shown or trained on"
        found.add("pixels", path, said, harm, remedy, repair)


def _rows(dataset: Dataset) -> int:
    """How many rows the versions name that can be read."""
    try:
        rows = dataset.rows()["row"]
    except (FerError, OSError, ValueError):
        return 0
    return int(rows.max()) + 1 if len(rows) else 0


def _mending(found: Examination, dataset: Dataset, path: Path, own: bool) -> tuple[str, Repair]:
    if own:
        return (
            "--repair decodes the pictures from the source again, and keeps them where they are as they were",
            lambda: _decode_again(found, dataset, path),
        )
    return (
        "--repair sets it aside; it is made again from the source when it is needed",
        lambda: set_aside(found.workspace, path),
    )


def _decode_again(found: Examination, dataset: Dataset, path: Path) -> str:
    """Decode the pictures that are damaged from the source; they are kept if their sums are those noted at import."""
    blocks, old = pixels.read_blocks(path), None
    with suppress(FerError):
        old = pixels.open_pixels(path)
    count = max(_rows(dataset), 0 if old is None else len(old))
    lost = np.ones(count, dtype=bool)
    if old is not None:
        lost[: len(old)] = False
        for first, rows, _ in pixels.damaged_blocks(path):
            lost[first : first + rows] = True
    with versions.lock(dataset.folder), temporary_path(path) as temporary:
        made = dataset.make_pixels(
            temporary.with_name("decoded.npy"), count, pixels.SIZE, "gray", found.progress, lost
        )
        with pixels.PixelWriter(temporary, made.shape[1:]) as writer:
            for start in range(0, count, _AT_ONCE):
                part = np.array(made[start : start + _AT_ONCE])
                if old is not None:
                    kept = np.flatnonzero(~lost[start : start + _AT_ONCE])
                    part[kept] = old[start + kept]
                writer.append(part)
        new = pixels.open_pixels(temporary)
        known = [b for b in blocks if b[0] < count and lost[b[0] : b[0] + b[1]].any()]
        wrong = [b for b in known if checksum(new[b[0] : b[0] + b[1]].tobytes()) != b[2]]
        if wrong:
            raise FerError(
                "The source gives other pictures than those that were imported; nothing was changed",
                received=f"{sum(rows for _, rows, _ in wrong):,} pictures in blocks that differ",
                hint=_BACKUP,
            )
        aside = f" {set_aside(found.workspace, path)}." if path.exists() else ""
        replace(pixels.sums_file(temporary), pixels.sums_file(path))
        replace(temporary, path)
    proof = "they are as they were" if known else "whether they are as they were is not known"
    return f"{int(lost.sum()):,} pictures were decoded from the source again; {proof}.{aside}"
