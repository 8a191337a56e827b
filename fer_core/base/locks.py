"""One lock for all that only one process, or thread, may do at a time.

    with locked(folder / ".lock"):
        ...

A lock is a file, and ends with the process that holds it, however that ends; the file stays and means nothing.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fer_core.base.atomic import make_folder


class LockHeld(Exception):
    """Somebody else holds the lock, and it was not to be waited for."""


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock inside.

    Args:
        path: the lock's file, made where it is missing, with its folder; or a file that is written while it is held.
        wait: for whoever holds it; else `LockHeld` is raised.

    Raises:
        Locked: somebody else holds it.
    """
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockHeld(str(path)) from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def holding(folder: Path, *, alone: bool = False, seconds: float = 30.0) -> Iterator[None]:
    """Use what is in a folder together with others, or `alone`: whoever comes then waits. Makes no file.

    Where the folder is missing or its disk knows no locks, everybody uses it.

    Raises:
        LockHeld: others have used it for so many seconds.
    """
    descriptor = None
    how, end = fcntl.LOCK_EX if alone else fcntl.LOCK_SH, time.monotonic() + seconds
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
