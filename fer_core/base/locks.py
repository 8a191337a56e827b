"""One lock for all that only one process, or thread, may do at a time.

    with locked(folder / ".lock"):
        ...

A lock is a file, and ends with the process that holds it, however that ends; the file stays and means nothing.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
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
