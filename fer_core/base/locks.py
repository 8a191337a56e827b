"""File locks between processes and threads.

    with locked(folder / ".lock"):
        ...

A lock ends with the process that holds it, however that ends. Its file stays behind and means nothing.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fer_core.base.atomic import make_folder

_PATIENCE = 30.0  # seconds


class LockHeld(Exception):
    """Somebody else holds the lock."""


@contextmanager
def locked(path: Path, *, wait: bool = True, patience_s: float = 0.0) -> Iterator[None]:
    """Hold an exclusive lock in the block.

    Args:
        path: the lock file, created with its folder if missing; may be the very file that is written in the block.
        wait: wait for the holder.
        patience_s: without `wait`, so long all the same: a process that is killed holds its locks until all its threads are gone.

    Raises:
        LockHeld: somebody else holds it and `wait` is False.
    """
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    end = time.monotonic() + patience_s
    try:
        if wait:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        while not wait and not _taken(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= end:
                raise LockHeld(str(path))
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def folder_lock(folder: Path, *, exclusive: bool = False) -> Iterator[None]:
    """Hold a shared, or exclusive, lock on a folder in the block; no file is created.

    Does nothing if the folder is missing or its file system has no locks.

    Raises:
        LockHeld: it could not be had within half a minute.
    """
    descriptor = None
    how, end = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, time.monotonic() + _PATIENCE
    try:
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            while not _taken(descriptor, how):
                if time.monotonic() > end:
                    raise LockHeld(f"{folder} is in use")
                time.sleep(0.01)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _taken(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
