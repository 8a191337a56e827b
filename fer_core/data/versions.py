"""Versions: immutable manifests. The id is the hash of the content, so the same content is the same version anywhere."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.data.records import check_manifest, content_id, counts
from fer_core.errors import ManifestError, NotFound
from fer_core.workspace import new_folder, now, read_json, write_json

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

SCHEMA = 1


@dataclass(frozen=True)
class Version:
    """What made a version. `number` counts up within a dataset; `id` is the same on any machine.

    Attributes:
        parent: id of the version it was made from; None for what was imported.
        operation: import, review, stratify, ...
        parameters: of the operation, as JSON.
        counts: images, unreadable, and one entry per split.
        created: UTC, ISO 8601.
    """

    id: str
    number: int
    parent: str | None
    operation: str
    parameters: dict[str, Any]
    counts: dict[str, int]
    created: str
    note: str = ""
    schema: int = field(default=SCHEMA, repr=False)


def folder(dataset: Dataset) -> Path:
    """Where the versions of a dataset lie."""
    return dataset.folder / "versions"


def list_versions(dataset: Dataset) -> list[Version]:
    """All versions, oldest first."""
    found = [_read(path) for path in folder(dataset).glob("[0-9a-f]*/version.json")]
    return sorted(found, key=lambda v: v.number)


def find_version(dataset: Dataset, wanted: str | None) -> Version:
    """A version by id, by the start of its id, or by number (`v3`); None is the head.

    Raises:
        NotFound: none, or several.
    """
    versions = list_versions(dataset)
    text = dataset.head if wanted is None else wanted.strip()
    found = [v for v in versions if v.id == text] or [v for v in versions if f"v{v.number}" == text.lower()]
    found = found or [v for v in versions if text and v.id.startswith(text.lower())]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"v{v.number} {v.id}" for v in versions[-8:])
    what = "Several versions begin so" if found else f"Dataset {dataset.name} has no such version"
    raise NotFound(what, received=text, hint=f"Known: {known}")


def read_manifest(dataset: Dataset, version: str) -> pd.DataFrame:
    """The table of a version, checked against the schema.

    Raises:
        ManifestError: the file is missing or damaged.
    """
    path = folder(dataset) / version / "manifest.parquet"
    try:
        return check_manifest(pd.read_parquet(path))
    except (OSError, ValueError) as error:
        raise ManifestError("The manifest of this version cannot be read", received=f"{dataset.name} {version}: {error}") from error


def save_version(
    dataset: Dataset,
    manifest: pd.DataFrame,
    *,
    parent: str | None,
    operation: str,
    parameters: Mapping[str, Any] | None = None,
    note: str = "",
) -> Version:
    """Store a manifest as a version and make it the head. Content that is a version already is not stored twice.

    Args:
        dataset: where it belongs.
        manifest: with the columns of `records.COLUMNS`.
        parent: id of the version it was made from.
        operation: what made it.
        parameters: of the operation; plain JSON values.
        note: a person's remark.

    Raises:
        ManifestError: the table does not hold what the schema promises.
    """
    table = check_manifest(manifest)
    with _locked(dataset.folder):
        version = _store(dataset, table, parent, operation, dict(parameters or {}), note)
        dataset.set_head(version.id)
    return version


def _store(
    dataset: Dataset, table: pd.DataFrame, parent: str | None, operation: str, parameters: dict[str, Any], note: str
) -> Version:
    versions = list_versions(dataset)
    identity = content_id(table)
    for known in versions:
        if known.id == identity:
            return known
    per_split = {str(split): int(n) for split, n in counts(table).sum(axis=1).items()}
    unreadable = int((table["error"] != "").sum())
    version = Version(
        id=identity,
        number=max((v.number for v in versions), default=0) + 1,
        parent=parent,
        operation=operation,
        parameters=parameters,
        counts={"images": len(table) - unreadable, "unreadable": unreadable, **per_split},
        created=now(),
        note=note,
    )
    with new_folder(folder(dataset) / identity) as target:
        table.to_parquet(target / "manifest.parquet", index=False)
        write_json(target / "version.json", asdict(version))
    return version


def _read(path: Path) -> Version:
    try:
        table = read_json(path)
        return Version(**{name: table[name] for name in Version.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError("A version file cannot be read", received=f"{path.parent.name}: {error}") from error


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """One writer at a time, over processes."""
    with open(place / ".lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
