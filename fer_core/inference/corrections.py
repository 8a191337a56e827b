"""Faces somebody chose to keep: "this is wrong", with the right label, and prompted poses of a report card.

Nothing is kept unless a person agrees to `CONSENT`; then the face is a PNG under `data/.kept/<set>/<label>/`, and a
line in `kept.jsonl` says when, what the model had said, and what was agreed to. `to_dataset` makes a dataset of it;
deleting the folder deletes everything.
"""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from fer_core.base.atomic import write_atomic
from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import AlreadyExists, DecisionError, TooFewImages
from fer_core.base.jsonl import append_line
from fer_core.base.workspace import Workspace, check_name, now
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.data.images import pixel_hash

CONSENT = (
    "I may keep this face: it shows me, or somebody who agreed. It is stored on the machine this app runs on, "
    "with the label I give, until somebody deletes it, and may be used for training."
)
WRONG, REPORT = "corrections", "report-card"
_SETS = (WRONG, REPORT)


def corrections_folder(workspace: Workspace, kind: str = WRONG) -> Path:
    """Where the faces of a set lie."""
    if kind not in _SETS:
        raise ValueError(f"`kind` must be one of {_SETS}. Received: kind={kind!r}")
    return workspace.data / ".kept" / kind


def keep_face(
    workspace: Workspace,
    face: np.ndarray,
    label: str,
    *,
    agreed: bool,
    said: str = "",
    model: str = "",
    kind: str = WRONG,
) -> Path:
    """Keep one face under its right label.

    Args:
        workspace: where.
        face: uint8 (h, w), (h, w, 1) or (h, w, 3).
        label: the right one.
        agreed: whether the person agreed to `CONSENT`.
        said: what the model had answered.
        model: its name.
        kind: `WRONG` or `REPORT`.

    Returns:
        The file. A face kept before under another label moves to the new one.

    Raises:
        DecisionError: nobody agreed.
        BadName: a label that cannot be a folder's name.
    """
    if not agreed:
        raise DecisionError(
            "Nothing was kept", received="no consent", hint="Agree to keeping this face first"
        )
    name = check_name(canonical_emotion(label), "label")
    flat = face[..., 0] if face.ndim == 3 and face.shape[2] == 1 else face
    place = corrections_folder(workspace, kind)
    identity = pixel_hash(flat)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(buffer, "PNG")
    path = place / name / f"{identity}.png"
    write_atomic(path, buffer.getvalue())
    for other in place.glob(f"*/{identity}.png"):
        if other != path:
            other.unlink()
    line = {"time": now(), "file": f"{name}/{path.name}", "label": name, "said": said, "model": model}
    append_line(place / "kept.jsonl", {**line, "consent": CONSENT}, durable=True)
    return path


def counts(workspace: Workspace, kind: str = WRONG) -> dict[str, int]:
    """Faces kept, by label."""
    return dict(
        Counter(path.parent.name for path in sorted(corrections_folder(workspace, kind).glob("*/*.png")))
    )


def to_dataset(workspace: Workspace, name: str, kind: str = WRONG) -> Dataset:
    """Make a dataset of what was kept; its pictures are copied, so that later ones do not change it.

    Raises:
        TooFewImages: nothing was kept.
        AlreadyExists, BadName: the name is taken, or is none.
    """
    if not counts(workspace, kind):
        raise TooFewImages("No face has been kept yet", received=kind, hint="Mark an answer as wrong first")
    if (workspace.data / check_name(name)).exists():
        raise AlreadyExists("A dataset has that name", received=name, hint="Choose another")
    return import_dataset(workspace, corrections_folder(workspace, kind), name, copy=True)
