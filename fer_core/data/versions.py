"""Immutable versions of a dataset: a manifest, how it came about, and its content as its id."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core.base.atomic import new_folder, read_json
from fer_core.base.checksums import file_state, record_checksum, write_checked
from fer_core.base.emotions import SPLITS, ordered_splits
from fer_core.base.errors import ManifestError, NotFound
from fer_core.base.locks import locked
from fer_core.data.manifest import check_manifest, counts, readable, unlabelled
from fer_core.data.records import Tally

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
        counts: `count_images` of its manifest.
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

    @property
    def images_per_split(self) -> dict[str, int]:
        """Images in each split that can be trained on and judged: those without a class are not among them."""
        return {split: sum(classes.values()) for split, classes in self.counts["counts"].items()}


def count_images(manifest: pd.DataFrame) -> Tally:
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
        record_checksum(temporary / "manifest.parquet")
        write_version_file(temporary, version)


def write_version_file(folder: Path, version: Version) -> None:
    """Write `version.json` into a version's folder."""
    record = asdict(version)
    del record["name"]  # a version never changes; its name may
    write_checked(folder / "version.json", record)


def list_versions(folder: Path) -> list[Version]:
    """The versions below a dataset's folder that can be read, oldest first, with the names and notes people gave them."""
    return _read_versions(folder)[0]


def damaged_files(folder: Path) -> list[ManifestError]:
    """What cannot be read of versions, names and notes: every other version is as it was."""
    return _read_versions(folder)[1]


def _read_versions(folder: Path) -> tuple[list[Version], list[ManifestError]]:
    found, damaged, notes = [], [], {}
    try:
        notes = version_notes(folder)
    except ManifestError as error:
        damaged.append(error)
    for path in sorted((folder / "versions").glob("[0-9a-f]*/")):
        try:
            record = read_json(path / "version.json")
            if not (isinstance(record["number"], int) and record["counts"]["images"] >= 0):
                raise ValueError
            found.append(Version(**{**record, **notes.get(record["id"], {})}))
        except (OSError, ValueError, TypeError, KeyError):
            damaged.append(
                ManifestError(
                    "A version file is missing or damaged",
                    received=path / "version.json",
                    hint="Its version cannot be used, and what it says of its parents is not known; take the file from a backup",
                )
            )
    return sorted(found, key=lambda version: version.number), damaged


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
        raise _bad_names(folder) from error
    if not isinstance(found, dict) or not all(isinstance(notes, dict) for notes in found.values()):
        raise _bad_names(folder)
    return {
        version: {k: str(notes[k]) for k in ("name", "note") if k in notes}
        for version, notes in found.items()
    }


def _bad_names(folder: Path) -> ManifestError:
    hint = "Versions are whole but have lost the names and notes people gave them; take it from a backup, or remove it"
    return ManifestError("The file of version names is damaged", received=folder / ANNOTATIONS, hint=hint)


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
        if file_state(path) == "damaged":
            raise ValueError("It does not hold what was written; `fer doctor` tells what else is damaged")
        return check_manifest(pd.read_parquet(path))
    except (OSError, ValueError, KeyError) as error:
        raise ManifestError("A manifest is missing or damaged", received=path, hint=str(error)) from error


def read_columns(folder: Path, version_id: str, columns: list[str]) -> pd.DataFrame:
    """Some columns of a version's manifest, unchecked: for look-ups that should not read it all."""
    return pd.read_parquet(folder / "versions" / version_id / "manifest.parquet", columns=columns)


def lock(folder: Path) -> AbstractContextManager[None]:
    """Only one process at a time adds versions to a dataset."""
    return locked(folder / ".lock")
