"""What people know about a dataset and its classes, in words: what tells a class apart, and what it is confused with.

Notes lie beside the versions in `notes.json`, hold for all of them, and go with the dataset into its report.

    write_note(dataset, "Raised inner brows", label="sad", kind="distinguishes")
    write_note(dataset, "Look at the corners of the mouth", label="sad", other="neutral")
    read_notes(dataset)["classes"]["sad"]["distinguishes"]
"""

from __future__ import annotations

from typing import TypedDict

from fer_core.base.atomic import read_json
from fer_core.base.checksums import write_checked
from fer_core.base.emotions import ordered_classes
from fer_core.base.errors import FerError, ManifestError
from fer_core.base.workspace import now
from fer_core.data.dataset import Dataset
from fer_core.data.versions import lock

FILE = "notes.json"
KINDS: dict[str, str] = {"distinguishes": "Told apart by", "confuses": "Confused with"}
"""What a note about a class says."""
MAX_NOTE = 4000


class Notes(TypedDict):
    """`notes.json`, with the notes that are there only.

    Attributes:
        dataset: about all of it.
        classes: class -> kind, one of `KINDS` -> text.
        pairs: `pair_key` -> what separates the two.
        changed: UTC, ISO 8601; "" where nothing was ever written.
    """

    dataset: str
    classes: dict[str, dict[str, str]]
    pairs: dict[str, str]
    changed: str


def read_notes(dataset: Dataset) -> Notes:
    """All notes.

    Raises:
        ManifestError: the file is damaged.
    """
    path = dataset.folder / FILE
    try:
        found = read_json(path)
        classes = {
            str(name): {kind: str(notes[kind]) for kind in KINDS if notes.get(kind)}
            for name, notes in found.get("classes", {}).items()
        }
        return {
            "dataset": str(found.get("dataset", "")),
            "classes": {name: notes for name, notes in classes.items() if notes},
            "pairs": {str(pair): str(text) for pair, text in found.get("pairs", {}).items() if text},
            "changed": str(found.get("changed", "")),
        }
    except FileNotFoundError:
        return {"dataset": "", "classes": {}, "pairs": {}, "changed": ""}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ManifestError(
            "The file of notes is damaged", received=path, hint="Mend or remove it"
        ) from error


def write_note(
    dataset: Dataset,
    text: str,
    *,
    label: str | None = None,
    kind: str = "distinguishes",
    other: str | None = None,
) -> Notes:
    """Keep a note about the dataset, one of its classes, or what separates two of them; "" takes it away.

    Args:
        dataset: whose it is.
        text: up to `MAX_NOTE` characters.
        label: the class it is about; None for the dataset.
        kind: one of `KINDS`; of a class only.
        other: a second class: the note says what separates it from `label`.

    Returns:
        `read_notes`, as they are now.

    Raises:
        FerError: too long, another kind, or a pair of one class.
    """
    clean = text.strip()
    if len(clean) > MAX_NOTE:
        raise FerError(f"A note has at most {MAX_NOTE:,} characters", received=f"{len(clean):,}")
    if kind not in KINDS:
        raise FerError("kind must be one of {" + ", ".join(KINDS) + "}", received=kind)
    if other is not None and (label is None or label == other):
        raise FerError("What separates two classes is said of two classes", received=f"{label}, {other}")
    with lock(dataset.folder):
        notes = read_notes(dataset)
        if label is None:
            notes["dataset"] = clean
        elif other is not None:
            notes["pairs"][pair_key(label, other)] = clean
        else:
            notes["classes"].setdefault(label, {})[kind] = clean
        write_checked(dataset.folder / FILE, notes | {"changed": now()})
    return read_notes(dataset)


def pair_key(first: str, second: str) -> str:
    """Two classes in either order under one name: "sad or neutral" and "neutral or sad" are the same."""
    return " or ".join(ordered_classes({first, second}))
