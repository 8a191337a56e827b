"""The journal as a file: decisions that can be replayed on another copy of the images.

A patch is a JSON document with every entry of a journal, undo included, and where the images lie, so that
decisions find the same pictures under other names (see `review.matching`). Importing adds the entries that
are not known yet and changes nothing else; importing twice changes nothing, and two copies that import each
other's patches agree on what holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.base.atomic import parse_json, write_json
from fer_core.base.errors import AlreadyExists, DecisionError, FerError, NotFound
from fer_core.base.tables import column_values, row_dicts
from fer_core.base.workspace import now
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.review.store import COLUMNS

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset

FORMAT = "fer-review-patch"
SCHEMA = 1
MAX_BYTES = 512 * 2**20
_FIELDS = [name for name in COLUMNS if name != "id"]
_TEXT = [name for name in _FIELDS if name not in ("soft_label", "shown")]
_AHEAD = timedelta(days=1)


def build_patch(dataset: Dataset) -> dict[str, Any]:
    """The patch of a dataset as a JSON-ready document: format, schema, dataset, version, created, entries."""
    table = Journal(dataset.journal_path).decisions(active_only=False)
    paths: dict[str, str] = {}
    for version in (dataset.versions()[0].id, dataset.head):
        manifest = dataset.manifest(version)
        paths.update(zip(column_values(manifest["image_id"]), column_values(manifest["path"]), strict=True))
    entries = row_dicts(table[_FIELDS])
    for entry in entries:
        entry["path"] = entry["path"] or paths.get(entry["image_id"], "")
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "dataset": dataset.name,
        "version": dataset.head,
        "created": now(),
        "entries": entries,
    }


def export_patch(dataset: Dataset, path: Path) -> int:
    """Write the patch of a dataset to a file; returns the number of entries.

    Raises:
        AlreadyExists: there is a file of that name.
        DecisionError: nothing was ever decided, or the file cannot be written.
    """
    if path.exists():
        raise AlreadyExists("There is a file of that name", received=path, hint="Choose another name")
    patch = build_patch(dataset)
    if not patch["entries"]:
        raise DecisionError("There are no decisions to export", received=dataset.name)
    try:
        write_json(path, patch)
    except OSError as error:
        raise DecisionError("The patch cannot be written", received=error) from error
    return len(patch["entries"])


def import_patch(dataset: Dataset, source: Path | bytes) -> dict[str, int]:
    """Take over the entries of a patch: all that are new, or none.

    Args:
        dataset: another copy of the same images.
        source: the file, or its content.

    Returns:
        entries (in the patch), new (added now), matched and missing: decisions about images of which this
        dataset has the id or the pixels, and of which it has not. Missing ones are kept, and reported by
        `review.apply.preview`; they hold should the images come.

    Raises:
        NotFound: there is no such file.
        DecisionError: no patch, damaged, of a newer schema, or about other images altogether.
    """
    patch = _parse(source)
    entries = [_entry(number, entry) for number, entry in enumerate(patch["entries"], start=1)]
    ids: set[str] = set()
    hashes: set[str] = set()
    for version in (dataset.versions()[0].id, dataset.head):
        manifest = dataset.manifest(version)
        ids.update(column_values(manifest["image_id"]))
        hashes.update(column_values(manifest["pixel_hash"]))
    hashes.discard("")
    about = [entry for entry in entries if entry["image_id"] or entry["pixel_hash"]]
    matched = sum(
        bool(entry["image_id"] in ids or {entry["pixel_hash"], entry["other"]} & hashes) for entry in about
    )
    if about and not matched:
        raise DecisionError(
            "This patch is about other images: none of them is in this dataset",
            received=f"{len(about)} decisions made on {patch.get('dataset', 'an unnamed dataset')!r}",
            hint="Choose the dataset it was made on, or a copy of it",
        )
    new = Journal(dataset.journal_path).merge(entries)
    return {"entries": len(entries), "new": new, "matched": matched, "missing": len(about) - matched}


def _parse(source: Path | bytes) -> dict[str, Any]:
    name = source.name if isinstance(source, Path) else "the patch"
    try:
        if isinstance(source, Path) and source.stat().st_size > MAX_BYTES:
            raise DecisionError("This file is too large to be a patch", received=name)
        patch = parse_json(source.read_bytes() if isinstance(source, Path) else source)
    except FileNotFoundError as error:
        raise NotFound("There is no such patch file", received=source) from error
    except (OSError, ValueError) as error:
        hint = "A patch is the JSON file that `fer review NAME export` writes"
        raise DecisionError(f"This is not a patch file ({error})", received=name, hint=hint) from error
    if (
        not isinstance(patch, dict)
        or patch.get("format") != FORMAT
        or not isinstance(patch.get("entries"), list)
    ):
        hint = "A patch is the JSON file that `fer review NAME export` writes"
        raise DecisionError("This JSON file is not a patch", received=name, hint=hint)
    if patch.get("schema") != SCHEMA:
        raise DecisionError(
            "This patch was written by another version of the app",
            received=f"schema {patch.get('schema')!r}",
            hint=f"This version reads schema {SCHEMA}. Nothing was changed",
        )
    return patch


def _entry(number: int, entry: Any) -> dict[str, Any]:
    """An entry, checked as if it were decided here."""
    try:
        if not isinstance(entry, Mapping) or not all(isinstance(entry.get(name), str) for name in _TEXT):
            raise DecisionError("It lacks a field, or one is not text")
        when = datetime.fromisoformat(entry["time"]).astimezone(UTC)
        if when > datetime.now(UTC) + _AHEAD:
            raise DecisionError("It was made in the future", received=entry["time"])
        checked: dict[str, Any] = {name: entry.get(name) for name in _FIELDS}
        checked["time"] = when.isoformat(timespec="microseconds")
        checked["shown"] = dict(entry.get("shown") or {})
        if entry["action"] == "undo":
            if not (entry["target"] and entry["key"]):
                raise DecisionError("An undo needs what it undoes")
            return {**checked, "soft_label": None}
        decision = Decision(**{name: checked[name] for name in Decision.__dataclass_fields__})
    except (FerError, ValueError, TypeError, AttributeError) as error:
        hint = "Nothing was imported"
        raise DecisionError(f"Entry {number} of the patch is damaged ({error})", hint=hint) from error
    return {**checked, "label": decision.label, "soft_label": decision.soft_label}
