"""Files and folders that appear whole or not at all, and stay: whoever reads, and a crash, finds the old or the new one.

    write_json(path, {"images": 3})

    with new_file(path) as temporary:        # any kind: Parquet, npz, ONNX, Keras
        table.to_parquet(temporary)

    with new_folder(workspace.data / "faces") as folder:
        write_json(folder / "dataset.json", {})

What is written waits beside its target, in an entry named `.<target>.<8 hex digits>.tmp`. Whoever fills one holds its lock, so
one of a process that was killed can be told, and swept away (`upkeep.sweep`). When a function here returns, what it wrote is on
the disk, unless it was told `durable=False`.
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
"""Names of folders that wait beside their target, or are being removed."""
_CANNOT_WRITE = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES}
_SYNC_ALL = 200
"""Files of a folder beyond which the whole disk is synchronised once, rather than each file."""


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
        ValueError: it is none, or one nested too deeply.
    """
    return parse_json(path.read_text(encoding="utf-8"))


def parse_json(text: str | bytes) -> Any:
    """Parse JSON of anybody.

    Raises:
        ValueError: it is none, or one nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error


@contextmanager
def new_file(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """A path to write a file to, of the target's name; it takes the target's place at the end, and on an error is gone.

    Args:
        target: the file; its folder is made where it is missing.
        durable: on the disk at the end. False for what nobody needs after a crash, such as progress.
    """
    with temporary_path(target) as temporary:
        yield temporary
        replace(temporary, target, durable=durable)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which is moved to `target` at the end; on any error nothing is left behind.

    Raises:
        OSError: there is something at the target already, other than an empty folder.
    """
    with _own_folder(target) as temporary:
        yield temporary
        replace(temporary, target)


@contextmanager
def where_possible() -> Iterator[None]:
    """Inside, something is kept that can be worked out again: a disk that is full or read-only is no reason to fail."""
    try:
        yield
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise


@contextmanager
def temporary_path(target: Path) -> Iterator[Path]:
    """A path of the target's name in a hidden folder beside it, so that no listing of the target's folder shows it.

    The folder is removed at the end with all that is in it; `replace` takes out what is to stay.
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


def in_use(folder: Path) -> bool:
    """Whether somebody fills this temporary folder, as far as it can be known: where there are no locks, yes."""
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
    """Move a file or folder of the same file system to a name, at once for everybody who looks.

    A file there is replaced; so is an empty folder, by a folder.

    Raises:
        OSError: the move is not possible; both are as they were.
    """
    if durable:
        _synchronise(source)
    os.replace(source, target)
    if durable:
        synchronise(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing; on the disk when this returns."""
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
    """What a file holds, or which entries a folder has, is on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
