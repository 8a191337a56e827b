"""Immutable versions of a dataset: a manifest, how it came about, and its content as its id."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.base.atomic import new_folder, read_json, write_json
from fer_core.base.emotions import SPLITS, ordered_splits
from fer_core.base.errors import ManifestError, NotFound
from fer_core.base.locks import locked
from fer_core.data.manifest import check_manifest, counts, readable, unlabelled
from fer_core.data.records import Tally

if TYPE_CHECKING:
    pass


ANNOTATIONS = "annotations.json"


@dataclass(frozen=True)
class Version:
    """One version of a dataset.

    Attributes:
        id: 16 hex digits of its content; the same content has the same id on any machine.
        number: 1 for the import, then counting up.
        parent: id of the version it was made from; None for the import.
        operation: what made it, such as "import", "stratify", "review".
        parameters: of the operation, JSON-ready.
        counts: `tally` of its manifest.
        created: UTC, ISO 8601.
        note: free text.
        name: what people call it; "" where they do not.
    """

    id: str
    number: int
    parent: str | None
    operation: str
    parameters: dict[str, Any] = field(default_factory=dict)
    counts: Tally = field(default_factory=Tally)
    created: str = ""
    note: str = ""
    name: str = ""


def tally(manifest: pd.DataFrame) -> Tally:
    """What a manifest holds."""
    bare = unlabelled(manifest)["split"].value_counts()
    table = counts(manifest)
    images = len(readable(manifest))
    table = table.reindex(list(ordered_splits({*SPLITS, *table.index, *bare.index})), fill_value=0)
    return {
        "images": images,
        "unreadable": len(manifest) - images - int(bare.sum()),
        "splits": {str(split): int(n + bare.get(split, 0)) for split, n in table.sum(axis=1).items()},
        "classes": {str(name): int(n) for name, n in table.sum(axis=0).items()},
        "counts": {str(s): {str(c): int(n) for c, n in row.items()} for s, row in table.iterrows()},
    }


def write_version(folder: Path, version: Version, manifest: pd.DataFrame) -> None:
    """Write one version's folder, whole or not at all."""
    with new_folder(folder / "versions" / version.id) as temporary:
        manifest.to_parquet(temporary / "manifest.parquet", index=False, compression="zstd")
        record = asdict(version)
        del record["name"]  # a version never changes; its name may
        write_json(temporary / "version.json", record)


def list_versions(folder: Path) -> list[Version]:
    """The versions below a dataset's folder, oldest first, with the names and notes people gave them."""
    found = []
    notes = version_notes(folder)
    for path in (folder / "versions").glob("[0-9a-f]*/version.json"):
        try:
            record = read_json(path)
            found.append(Version(**{**record, **notes.get(record["id"], {})}))
        except (ValueError, TypeError, KeyError) as error:
            raise ManifestError("A version file is damaged", received=path, hint=str(error)) from error
    return sorted(found, key=lambda version: version.number)


def version_notes(folder: Path) -> dict[str, dict[str, str]]:
    """Names and notes given to versions later: id -> {name, note}.

    Raises:
        ManifestError: the file is damaged.
    """
    try:
        found = read_json(folder / ANNOTATIONS)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ManifestError("The file of version names is damaged", received=folder / ANNOTATIONS) from error
    return {
        version: {k: str(notes[k]) for k in ("name", "note") if k in notes}
        for version, notes in found.items()
    }


def find_version(versions: list[Version], reference: str | None, head: str) -> Version:
    """The version of that name, id, unique start of an id, or number ("v3"); the head for None.

    Raises:
        NotFound: none, or more than one, is meant.
    """
    reference = (reference or head).strip().lower()
    named = [v for v in versions if v.name and v.name.lower() == reference]
    if named:
        return named[0]
    numbered = re.fullmatch(r"v(\d+)", reference)
    if numbered:
        found = [v for v in versions if v.number == int(numbered[1])]
    else:
        found = [v for v in versions if v.id.startswith(reference)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"v{v.number} ({v.id})" for v in versions[-8:])
    what = "More than one version starts like this" if found else "There is no such version"
    raise NotFound(what, received=reference, hint=f"Known: {known}")


def read_manifest(folder: Path, version_id: str) -> pd.DataFrame:
    """The manifest of a version.

    Raises:
        ManifestError: the file is missing or damaged.
    """
    path = folder / "versions" / version_id / "manifest.parquet"
    try:
        return check_manifest(pd.read_parquet(path))
    except (OSError, ValueError, KeyError) as error:
        raise ManifestError("A manifest is missing or damaged", received=path, hint=str(error)) from error


def read_columns(folder: Path, version_id: str, columns: list[str]) -> pd.DataFrame:
    """Some columns of a version's manifest, unchecked: for look-ups that should not read it all."""
    return pd.read_parquet(folder / "versions" / version_id / "manifest.parquet", columns=columns)


def lock(folder: Path) -> AbstractContextManager[None]:
    """Only one process at a time adds versions to a dataset."""
    return locked(folder / ".lock")
