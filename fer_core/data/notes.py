"""What people know about a dataset and its classes, in words: what tells a class apart, and what it is confused with.

Notes lie beside the versions in `notes.json`, hold for all of them, and go with the dataset into its report.

    write_note(dataset, "Raised inner brows", label="sad", kind="distinguishes")
    read_notes(dataset)["classes"]["sad"]["distinguishes"]
"""

from __future__ import annotations

from typing import Any

from fer_core.data.dataset import Dataset
from fer_core.data.versions import lock
from fer_core.errors import FerError, ManifestError
from fer_core.workspace import now, read_json, write_json

FILE = "notes.json"
KINDS: dict[str, str] = {"distinguishes": "Told apart by", "confuses": "Confused with"}
"""What a note about a class says."""
MAX_NOTE = 4000


def read_notes(dataset: Dataset) -> dict[str, Any]:
    """All notes, JSON-ready.

    Returns:
        `dataset` (text), `classes` {class: {"distinguishes": text, "confuses": text}}, with the notes that are
        there only, and `changed` (UTC, ISO 8601; "" where nothing was ever written).

    Raises:
        ManifestError: the file is damaged.
    """
    path = dataset.folder / FILE
    try:
        found = read_json(path)
        classes = {
            str(name): {kind: str(told[kind]) for kind in KINDS if told.get(kind)}
            for name, told in found.get("classes", {}).items()
        }
        return {
            "dataset": str(found.get("dataset", "")),
            "classes": {name: told for name, told in classes.items() if told},
            "changed": str(found.get("changed", "")),
        }
    except FileNotFoundError:
        return {"dataset": "", "classes": {}, "changed": ""}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ManifestError(
            "The file of notes is damaged", received=path, hint="Mend or remove it"
        ) from error


def write_note(
    dataset: Dataset, text: str, *, label: str | None = None, kind: str = "distinguishes"
) -> dict[str, Any]:
    """Keep a note about the dataset, or about one of its classes; "" takes it away.

    Args:
        dataset: whose it is.
        text: up to `MAX_NOTE` characters.
        label: the class it is about; None for the dataset.
        kind: one of `KINDS`; of a class only.

    Returns:
        `read_notes`, as they are now.

    Raises:
        FerError: too long, or another kind.
    """
    clean = text.strip()
    if len(clean) > MAX_NOTE:
        raise FerError(f"A note has at most {MAX_NOTE:,} characters", received=f"{len(clean):,}")
    if kind not in KINDS:
        raise FerError("kind must be one of {" + ", ".join(KINDS) + "}", received=kind)
    with lock(dataset.folder):
        notes = read_notes(dataset)
        if label is None:
            notes["dataset"] = clean
        else:
            notes["classes"].setdefault(label, {})[kind] = clean
        write_json(dataset.folder / FILE, notes | {"changed": now()})
    return read_notes(dataset)
