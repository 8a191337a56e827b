"""Atomic, durable writes: a reader, or a crash, finds either the old file or folder or the new one, never a part.

    write_json(path, {"images": 3})

    with new_file(path) as temporary:        # any kind: Parquet, npz, ONNX, Keras
        table.to_parquet(temporary)

    with new_folder(workspace.data / "faces") as folder:
        write_json(folder / "dataset.json", {})

New content is written to a temporary folder beside its target, named `.<target>.<8 hex digits>.tmp`. The writer holds a lock on
it, so `upkeep.sweep` can recognise and remove the folder of a process that was killed. When a function here returns, its
content has been synchronised to disk, unless it was called with `durable=False`.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

TEMPORARY = re.compile(r"^\..+\.[0-9a-f]{8}\.(tmp|gone)$")
"""Names of temporary folders beside a target, and of folders being removed."""
_CANNOT_WRITE = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES}
_SYNC_ALL = 200
"""A folder with more files is synchronised by one `os.sync()` instead of file by file."""


def write_atomic(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Write a file; its folder is made where it is missing."""
    with new_file(path, durable=durable) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """`write_atomic` of a JSON document (UTF-8, two-space indent)."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n", durable=durable)


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not JSON, or is nested too deeply.
    """
    return parse_json(path.read_text(encoding="utf-8"))


def parse_json(text: str | bytes) -> Any:
    """Parse JSON from an untrusted source.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error


@contextmanager
def new_file(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path to write to; on success it replaces `target`, on an error it is removed.

    Args:
        target: the file; its folder is made where it is missing.
        durable: synchronise to disk. False for content nobody needs after a crash, such as progress.
    """
    with temporary_path(target) as temporary:
        yield temporary
        replace(temporary, target, durable=durable)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder to fill; on success it is moved to `target`, on an error it is removed.

    Raises:
        OSError: `target` exists and is not an empty folder.
    """
    with _own_folder(target) as temporary:
        yield temporary
        replace(temporary, target)


@contextmanager
def skip_if_unwritable() -> Iterator[None]:
    """Ignore a full, read-only or forbidden disk in the block: for caches that can be computed again."""
    try:
        yield
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise


@contextmanager
def temporary_path(target: Path) -> Iterator[Path]:
    """Yield a path with the target's name in a hidden temporary folder beside it.

    The folder and everything in it is removed at the end; move what should stay out of it with `replace`.
    """
    with _own_folder(target) as folder:
        yield folder / target.name


@contextmanager
def _own_folder(target: Path) -> Iterator[Path]:
    """A new folder beside the target, locked while it is filled; what is left of it at the end is removed."""
    make_folder(target.parent)
    folder = _hidden(target, "tmp")
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def is_being_filled(folder: Path) -> bool:
    """Whether a process is still writing into this temporary folder; True where the file system has no locks."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def replace(source: Path, target: Path, *, durable: bool = True) -> None:
    """Atomically move a file or folder within one file system.

    A file replaces a file; a folder replaces an empty folder.

    Raises:
        OSError: the move is not possible; nothing has changed.
    """
    if durable:
        _synchronise(source)
    os.replace(source, target)
    if durable:
        synchronise(target.parent)


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents, synchronised to disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    synchronise(folder.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all it holds: at once for everybody who looks, for good, and what was interrupted leaves no half.

    Raises:
        OSError: it cannot be moved away; it is as it was.
    """
    gone = _hidden(folder, "gone")
    replace(folder, gone, durable=False)
    synchronise(folder.parent)
    shutil.rmtree(gone, ignore_errors=True)


def _hidden(target: Path, ending: str) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.{ending}")


def _synchronise(source: Path) -> None:
    if not source.is_dir():
        synchronise(source)
        return
    found = [source, *source.rglob("*")]
    if len(found) > _SYNC_ALL:
        os.sync()
        return
    for path in found:
        if not path.is_symlink() and (path.is_file() or path.is_dir()):
            synchronise(path)


def synchronise(path: Path) -> None:
    """Synchronise the content of a file, or the entries of a folder, to disk (`fsync`)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
