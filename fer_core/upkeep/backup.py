"""A copy of the workspace that is whole in itself, made while others work on it, and the way back.

    backup(workspace, Path("/mnt/backups/monday"))
    restore(Workspace(Path("/srv/fer")), Path("/mnt/backups/monday"))

A backup is a folder of plain files with `backup.json`, which lists them with their sums. What names other things is copied
before the things it names, so a dataset's newest version and a run's last epoch are always there. A journal is copied by
SQLite itself. A run that was at work is restored as one whose process died: it can be resumed.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fer_core.base import checksums, sqlite
from fer_core.base.atomic import new_file, new_folder, read_json, write_json
from fer_core.base.errors import AlreadyExists, FerError, NotFound
from fer_core.base.locks import LockHeld, folder_lock
from fer_core.base.parsing import expand_home
from fer_core.base.workspace import Workspace, now
from fer_core.data.datasets import Dataset, list_datasets
from fer_core.data.versions import lock
from fer_core.jobs.reporter import ProgressFn

FILE = "backup.json"
_FORMAT = 1
_PASSING = re.compile(r"^\..*\.(tmp|gone)$|\.lock$|-(wal|shm)$|^process\.json$")
"""What belongs to work that goes on, and means nothing elsewhere."""
_FIRST, _LAST = ("dataset.json", "run.json", "metrics.jsonl"), checksums.FILE


class Copied(NamedTuple):
    """What a backup holds, or what was restored.

    Attributes:
        files, bytes: how many.
        outside: dataset -> its source, where that is not in the backup: pictures of other sizes cannot be made without it.
    """

    files: int
    bytes: int
    outside: dict[str, str]


def backup(workspace: Workspace, to: Path, progress: ProgressFn | None = None) -> Copied:
    """Copy datasets, runs and models to a new folder, whole or not at all.

    Raises:
        AlreadyExists: there is something at `to`.
        FerError: `to` is in the workspace's own folders, or cannot be written.
    """
    to = expand_home(to).resolve()
    if to.exists():
        raise AlreadyExists("There is something at this place already", received=to, hint="Name a new folder")
    if any(to.is_relative_to(folder) for folder in (workspace.data, workspace.models)):
        raise FerError(
            "A backup cannot be inside what it copies", received=to, hint="Name a folder elsewhere"
        )
    datasets, sums = list_datasets(workspace), dict[str, tuple[int, str]]()
    try:
        with new_folder(to) as folder:
            for source in _in_order(workspace, datasets):
                name = source.relative_to(workspace.root).as_posix()
                with suppress(FileNotFoundError):  # moved on meanwhile, as a progress file does
                    if source.name == "journal.sqlite":
                        copied = _copy_journal(source, folder / name)
                        sums |= {f"{name}{ending}": told for ending, told in copied.items()}
                    else:
                        sums[name] = _copy(source, folder / name)
                if progress:
                    progress(len(sums), 0, "files copied")
            outside = _outside(datasets)
            write_json(folder / FILE, {"format": _FORMAT, "time": now(), "files": sums, "outside": outside})
    except OSError as error:
        raise FerError(f"The backup could not be written ({error.strerror})", received=to) from error
    return Copied(len(sums), sum(size for size, _ in sums.values()), outside)


def _in_order(workspace: Workspace, datasets: Iterable[Dataset]) -> Iterator[Path]:
    """Files to copy; the small ones of a dataset while nobody makes a version of it."""
    for dataset in datasets:
        later = []
        with lock(dataset.folder):
            for path in _files(dataset.folder):
                inside = path.relative_to(dataset.folder).parts
                if len(inside) == 1 or inside[0] == "versions":
                    yield path
                else:
                    later.append(path)
        yield from later
    yield from _files(workspace.models)


def _files(folder: Path) -> list[Path]:
    """The files below a folder, linked folders too: what names others first, sums last, for a file may be replaced meanwhile by
    one noted before."""
    found, been = list[Path](), set[Path]()
    for root, folders, names in os.walk(folder, followlinks=True):
        if (real := Path(root).resolve()) in been:  # a link to a folder above
            folders.clear()
            continue
        been.add(real)
        folders[:] = [name for name in folders if not _PASSING.search(name)]
        found += [
            path for name in names if not _PASSING.search(name) and (path := Path(root, name)).is_file()
        ]
    rank = {name: place for place, name in enumerate(_FIRST)} | {_LAST: len(_FIRST) + 1}
    return sorted(found, key=lambda path: (rank.get(path.name, len(_FIRST)), path))


def _copy_journal(source: Path, target: Path) -> dict[str, tuple[int, str]]:
    """Copy a journal by SQLite; a damaged one as it lies, with the log that has what it lacks. Ending -> size and sum."""
    settled = target.with_name(f".{target.name}.settled")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with folder_lock(source.parent):
            sqlite.snapshot(source, settled)
        return {"": _copy(settled, target)}
    except (sqlite3.Error, LockHeld) as error:
        trouble = sqlite.diagnose(error, source)
        if trouble == "damaged" or not source.exists():
            parts = {"": source, "-wal": source.with_name(f"{source.name}-wal")}
            return {
                ending: _copy(part, target.with_name(target.name + ending))
                for ending, part in parts.items()
                if not ending or part.exists()
            }
        hint = sqlite.REMEDIES[trouble]
        raise FerError(f"A journal could not be copied ({error})", received=source, hint=hint) from error
    finally:
        settled.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file; its size and BLAKE2b-128."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.blake2b(digest_size=16), 0
    with open(source, "rb") as file, open(target, "wb") as copy:
        while block := file.read(1 << 20):
            digest.update(block)
            size += copy.write(block)
    return size, digest.hexdigest()


def _outside(datasets: Iterable[Dataset]) -> dict[str, str]:
    found = {}
    for dataset in datasets:
        with suppress(FerError):
            if not dataset.source_path.resolve().is_relative_to(dataset.folder.resolve()):
                found[dataset.name] = str(dataset.source_path)
    return found


def restore(workspace: Workspace, source: Path, progress: ProgressFn | None = None) -> Copied:
    """Bring what a backup holds into a workspace. Done again after an interruption, it goes on.

    Everything is checked before anything is written; a dataset, run or model appears whole.

    Raises:
        NotFound: this is no backup.
        AlreadyExists: something of the same name is there that is not alike; nothing was written.
        FerError: a file of the backup is damaged or gone; nothing was written.
    """
    source = expand_home(source).resolve()
    files, outside = _listed(source)
    for number, (name, (size, digest)) in enumerate(files.items(), start=1):
        if not _alike(source / name, size, digest):
            hint = "Nothing was restored; use another backup"
            raise FerError("A file of the backup is damaged or gone", received=source / name, hint=hint)
        if progress:
            progress(number, len(files), "files checked")
    units: dict[str, list[str]] = {}
    for name in files:
        units.setdefault(_unit(name), []).append(name)
    missing = [unit for unit in units if not (workspace.root / unit).exists()]
    for unit in units.keys() - missing:
        if not all(_alike(workspace.root / name, *files[name]) for name in units[unit]):
            raise AlreadyExists(
                "The workspace has something else of this name; nothing was restored",
                received=unit,
                hint="Set FER_HOME to an empty folder, or move it away",
            )
    for number, unit in enumerate(missing, start=1):
        target = workspace.root / unit
        if (source / unit).is_dir():
            with new_folder(target) as folder:
                for name in units[unit]:
                    _copy(source / name, folder / PurePosixPath(name).relative_to(unit))
        else:
            with new_file(target) as temporary:
                _copy(source / unit, temporary)
        if progress:
            progress(number, len(missing), "datasets, runs and files restored")
    return Copied(len(files), sum(size for size, _ in files.values()), outside)


def _unit(name: str) -> str:
    """What appears at once: a dataset, a run, an entry of models/."""
    parts = PurePosixPath(name).parts
    return "/".join(parts[: 3 if parts[:2] == ("models", "runs") else 2])


def _listed(source: Path) -> tuple[dict[str, tuple[int, str]], dict[str, str]]:
    try:
        found = read_json(source / FILE)
        if found["format"] != _FORMAT:
            raise ValueError
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in found["files"].items()}
        if any(
            ".." in PurePosixPath(name).parts or PurePosixPath(name).parts[0] not in ("data", "models")
            for name in files
        ):
            raise ValueError
        return files, {str(name): str(path) for name, path in found["outside"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        hint = "Name a folder that `fer backup` made"
        raise NotFound("This is no backup, or its list is damaged", received=source, hint=hint) from error


def _alike(path: Path, size: int, digest: str) -> bool:
    try:
        if path.stat().st_size != size:
            return False
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest() == digest
    except OSError:
        return False
