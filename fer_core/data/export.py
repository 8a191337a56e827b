"""Export: a version as files people can train from elsewhere."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.data.versions import Version
from fer_core.emotions import UNASSIGNED
from fer_core.errors import AlreadyExists, FerError, ImageError, NotFound, SourceError
from fer_core.workspace import new_folder

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset


def export_version(dataset: Dataset, version: Version, to: Path) -> dict[str, Any]:
    """Write `split/class/file` with the original bytes. Importing the result gives the same version id.

    Args:
        dataset: where the version belongs.
        version: what to write; files that do not decode are written too, where their folders place them.
        to: a folder that does not exist or is empty.

    Returns:
        version, images (files written), missing (paths that could not be read), to.

    Raises:
        AlreadyExists: the folder holds something.
        NotFound: the source is gone.
    """
    target = to.expanduser().resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise AlreadyExists("The place to export to is not empty", received=to, hint="Give a new or empty folder")
    manifest = dataset.manifest(version.id)
    missing = []
    try:
        if target.exists():
            target.rmdir()
        with new_folder(target) as folder, dataset.reader() as reader:
            for path, place in zip(manifest["path"], places(manifest), strict=True):
                try:
                    data = reader.read(path)
                except (ImageError, NotFound, SourceError):
                    missing.append(path)
                    continue
                file = folder / place
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
    except OSError as error:
        raise FerError(f"The export could not be written: {error}", received=to, hint="Check free space and permissions") from error
    return {"version": version.id, "images": len(manifest) - len(missing), "missing": missing, "to": str(target)}


def places(manifest: pd.DataFrame) -> list[str]:
    """Where each row goes: split/class/file, a number added where two files of one folder share a name."""
    only = set(manifest["split"]) == {UNASSIGNED}
    taken: set[str] = set()
    result = []
    for path, split, label in zip(manifest["path"], manifest["split"], manifest["label"], strict=True):
        parts = [label] if only or (split == UNASSIGNED and not label) else [split, label]
        name = PurePosixPath(path)
        stem, number = name.stem, 1
        place = "/".join([*filter(None, parts), name.name])
        while place.casefold() in taken:
            number += 1
            place = "/".join([*filter(None, parts), f"{stem}-{number}{name.suffix}"])
        taken.add(place.casefold())
        result.append(place)
    return result
