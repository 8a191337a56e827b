"""Imports at work say whose they are, so that what a killed one left can be told and removed."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from fer_core.base.atomic import remove_folder, write_json
from fer_core.base.jsonl import read_object
from fer_core.jobs.process import Process, this_process

_OWNER = ".importing"
_DAY = 86400.0


def mark_importing(folder: Path) -> None:
    """Say that this process fills the folder."""
    write_json(folder / _OWNER, this_process())


def mark_imported(folder: Path) -> None:
    """It is filled."""
    (folder / _OWNER).unlink()


def being_imported(folder: Path) -> bool:
    """Whether an import fills this folder, as it says itself; one of another machine is believed for a day.

    Versions before this one hold no lock meanwhile.
    """
    owner = Process.read(read_object(mark := folder / _OWNER))
    if owner is None or owner.here:
        return owner is not None and owner.alive
    with suppress(OSError):
        return time.time() - mark.stat().st_mtime < _DAY
    return False


def remove_abandoned(data: Path) -> None:
    """Remove what imports that were killed outright left behind on this machine."""
    for mark in data.glob(f".*.tmp/{_OWNER}"):
        owner = Process.read(read_object(mark))
        if owner and owner.here and not owner.alive:
            remove_folder(mark.parent)
