"""Export: a version as files people can train from elsewhere."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from fer_core.data.readers.base import disk_name
from fer_core.data.records import file_hash
from fer_core.data.versions import Version
from fer_core.emotions import UNASSIGNED
from fer_core.errors import AlreadyExists, BadName, FerError, NotFound, SourceError
from fer_core.workspace import new_folder

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset


def export_version(
    dataset: Dataset, version: Version, to: Path, format: Literal["folder"] = "folder"
) -> dict[str, Any]:
    """Write `split/class/file` with the original bytes. Importing the result gives the same version id.

    Files that do not decode are written too, where their rows place them. Where no image has a split, the
    tree is `class/file`. Names that meet in one folder get a number.

    Args:
        dataset: where the version belongs.
        version: what to write.
        to: a folder that does not exist or is empty; it appears whole or not at all.
        format: "folder", the only one so far.

    Returns:
        `version`, `images` (files written), `missing` [{path, reason}], `to`.

    Raises:
        AlreadyExists: the folder holds something.
        BadName: a class or split whose name cannot be a folder's.
        NotFound: the source is gone.
    """
    target = to.expanduser().resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise AlreadyExists(
            "The place to export to is not empty", received=to, hint="Give a new or empty folder"
        )
    if target.is_relative_to(dataset.source_path.resolve()):
        raise SourceError(
            "The place to export to lies inside the source", received=to, hint="Sources are never changed"
        )
    manifest = dataset.manifest(version.id)
    files = places(manifest)
    missing: list[dict[str, str]] = []
    try:
        if target.exists():
            target.rmdir()
        with dataset.reader() as reader, new_folder(target) as folder:
            for path, known, place in zip(manifest["path"], manifest["file_hash"], files, strict=True):
                try:
                    data = reader.read(path)
                except (NotFound, SourceError) as error:
                    missing.append({"path": path, "reason": error.message})
                    continue
                if file_hash(data) != known:
                    missing.append({"path": path, "reason": "The file has changed since it was imported"})
                    continue
                file = folder / disk_name(place)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
    except OSError as error:
        hint = "Check free space and permissions"
        raise FerError(
            f"The export could not be written ({error.strerror})", received=to, hint=hint
        ) from error
    written = len(manifest) - len(missing)
    return {"version": version.id, "images": written, "missing": missing, "to": str(target)}


def places(manifest: pd.DataFrame) -> list[str]:
    """Where each row goes: `split/class/file`, a number added where two files of one folder share a name.

    Names that differ in case only count as shared, since some file systems do not tell them apart.
    """
    splits = set(manifest["split"])
    for name in {*splits, *manifest["label"]}:
        _check_folder_name(name)
    taken: set[str] = set()
    result = []
    for path, split, label in zip(manifest["path"], manifest["split"], manifest["label"], strict=True):
        folder = label if splits == {UNASSIGNED} else f"{split}/{label}"
        name = PurePosixPath(path)
        place, number = f"{folder}/{name.name}", 1
        while place.casefold() in taken:
            number += 1
            place = f"{folder}/{name.stem}-{number}{name.suffix}"
        taken.add(place.casefold())
        result.append(place)
    return result


def _check_folder_name(name: str) -> None:
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise BadName(
            "A class or split has a name that cannot be a folder's",
            received=repr(name),
            hint="Relabel its images",
        )
