"""Keeping a dataset in order: names and notes of versions, going back to one, removing the whole.

A version itself never changes; what people call it stands beside it in `annotations.json`.
"""

from __future__ import annotations

from typing import TypedDict

from fer_core.base.atomic import read_json, remove_folder
from fer_core.base.checksums import write_checked
from fer_core.base.errors import AlreadyExists, BadName, FerError, RunError
from fer_core.base.workspace import check_name
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import list_datasets
from fer_core.data.versions import ANNOTATIONS, Version, lock, version_notes
from fer_core.runs.store import busy_runs

_MAX_NOTE = 2000


def annotate(
    dataset: Dataset, version: str | None, *, name: str | None = None, note: str | None = None
) -> Version:
    """Give a version a name, by which it can be asked for, and a note; "" takes either away, None leaves it.

    Raises:
        NotFound: no such version.
        BadName: a name that cannot be, or that reads like a number or id.
        AlreadyExists: another version has the name.
    """
    chosen = dataset.version(version)
    if name:
        name = check_name(name, "version")
        lower = name.lower()
        if lower.removeprefix("v").isdecimal() or (len(lower) >= 4 and set(lower) <= set("0123456789abcdef")):
            raise BadName("A version's name must not read like its number or id", received=name)
    if note is not None and len(note) > _MAX_NOTE:
        raise BadName(f"A note has at most {_MAX_NOTE:,} characters", received=f"{len(note):,}")
    with lock(dataset.folder):
        known = version_notes(dataset.folder)
        for other, other_notes in known.items():
            if name and other != chosen.id and other_notes.get("name", "").lower() == name.lower():
                raise AlreadyExists("Another version has that name", received=name)
        changes = {"name": name, "note": note}
        own = known.get(chosen.id, {}) | {key: value for key, value in changes.items() if value is not None}
        write_checked(dataset.folder / ANNOTATIONS, known | {chosen.id: own})
    return dataset.version(chosen.id)


def revert(dataset: Dataset, version: str) -> Version:
    """Make a version the newest state again. Later versions stay and can be gone back to in the same way.

    Raises:
        NotFound: no such version.
    """
    chosen = dataset.version(version)
    with lock(dataset.folder):
        path = dataset.folder / "dataset.json"
        write_checked(path, read_json(path) | {"head": chosen.id})
    return chosen


class RemovalSummary(TypedDict):
    """What removing a dataset would delete.

    Attributes:
        bytes: on disk.
        owned_source: whether a copy of the source is among it.
        source: path of the files that stay; "" where the copy is the source.
        needed_by: datasets that read files from it.
        busy_runs: runs that are training on it.
    """

    name: str
    versions: int
    bytes: int
    owned_source: bool
    source: str
    needed_by: list[str]
    busy_runs: list[str]


def removal_summary(dataset: Dataset) -> RemovalSummary:
    """What removing a dataset would delete."""
    size = sum(f.stat().st_size for f in dataset.folder.rglob("*") if f.is_file() and not f.is_symlink())
    owned = bool(dataset.about["source"].get("owned"))
    others = [d for d in list_datasets(dataset.workspace) if d.name != dataset.name]
    return {
        "name": dataset.name,
        "versions": len(dataset.versions()),
        "bytes": size,
        "owned_source": owned,
        "source": "" if owned else str(dataset.source_path),
        "needed_by": [d.name for d in others if _reads_from(d, dataset)],
        "busy_runs": busy_runs(dataset.workspace, dataset.name),
    }


def removal_objection(found: RemovalSummary) -> FerError | None:
    """Why a dataset cannot be removed now; None where nothing stands against it."""
    if found["busy_runs"]:
        return RunError(
            "Runs are training on this dataset",
            received=", ".join(found["busy_runs"]),
            hint="Stop them first",
        )
    if found["needed_by"]:
        return AlreadyExists(
            "Other datasets hold images whose files are in this one",
            received=", ".join(found["needed_by"]),
            hint="Remove them first",
        )
    return None


def _reads_from(other: Dataset, dataset: Dataset) -> bool:
    try:
        return any(path.is_relative_to(dataset.folder.resolve()) for path in other.sources.values())
    except FerError:  # a damaged neighbour does not keep this one from being removed
        return False


def remove(dataset: Dataset) -> RemovalSummary:
    """Delete a dataset's folder in the workspace: versions, decisions, pixels, and an owned copy of its source.

    Source files elsewhere are not touched, nor are runs trained on it.

    Returns:
        `removal_summary` as they were.

    Raises:
        RunError: runs are training on it.
        AlreadyExists: other datasets read files from it.
        FerError: the folder cannot be moved away.
    """
    found = removal_summary(dataset)
    if against := removal_objection(found):
        raise against
    folder = dataset.folder
    try:
        remove_folder(folder)
    except OSError as error:
        raise FerError(f"The dataset could not be removed ({error.strerror})", received=folder) from error
    return found
