"""Several exported models that answer as one: the mean of their probabilities.

ensemble = Ensemble.load(Path("models/ensembles/three-seeds"))
probabilities = ensemble.predict(crops)           # uint8 (n, h, w) or (n, h, w, 3) -> float32 (n, classes)

A folder of an ensemble holds `ensemble.json` and a copy of each member's ONNX file, so it stands by itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.base.errors import ModelFileError
from fer_core.base.jsonl import read_object
from fer_core.base.workspace import Workspace
from fer_core.inference.metadata import DescribedModel, ModelMetadata, parse
from fer_core.inference.predictor import DEFAULT_BATCH, Predictor

FILE = "ensemble.json"
"""Name of the description inside an ensemble's folder."""
_TINY = 1e-30


class Ensemble(DescribedModel):
    """Loaded members with their weights; a `Classifier`. Safe to share between threads.

    Attributes:
        metadata: of the whole: the classes, the largest input size, `rgb` if a member needs it, the temperature that
            belongs to the mean, and the threshold.
        members: the models.
        weights: float64 (members,), sum 1.
        path: the folder.
    """

    def __init__(
        self, members: Sequence[Predictor], weights: Sequence[float], metadata: ModelMetadata, path: Path
    ) -> None:
        self.members = tuple(members)
        self.weights = np.asarray(weights, dtype=np.float64) / np.sum(weights)
        self.metadata = metadata
        self.path = path
        self._columns = [_columns(member, metadata.classes) for member in self.members]

    @classmethod
    def load(cls, folder: Path | str, *, threads: int | None = None) -> Ensemble:
        """Open every member.

        Raises:
            ModelFileError: no description, a member missing or damaged, or one that answers with other classes.
        """
        path = Path(folder)
        found = _description(path)
        members, weights = [], []
        for entry in found["members"]:
            try:
                name, weight = Path(str(entry["file"])).name, float(entry["weight"])
            except (KeyError, TypeError, ValueError) as error:
                raise ModelFileError(
                    f"A member of the ensemble {path.name} is not described", received=entry
                ) from error
            members.append(Predictor.load(path / name, threads=threads))
            weights.append(weight)
        if not weights or min(weights) <= 0:
            raise ModelFileError(
                f"The ensemble {path.name} needs members with weights above 0", received=weights
            )
        return cls(members, weights, parse(found.get("metadata") or {}, FILE), path)

    def prepare(self, pixels: np.ndarray) -> np.ndarray:
        """Crops in the size and colour that loses nothing for any member: uint8 (n, size, size, 1 or 3)."""
        best = max(self.members, key=lambda m: (m.color == self.color, m.input_size))
        return best.prepare(pixels)

    def predict(
        self, pixels: np.ndarray, *, flip: bool = False, batch_size: int = DEFAULT_BATCH
    ) -> np.ndarray:
        """The weighted mean of the members' probabilities, as `Predictor.predict`."""
        total = np.zeros((len(pixels), len(self.classes)))
        for member, weight, columns in zip(self.members, self.weights, self._columns, strict=True):
            total += weight * member.predict(pixels, flip=flip, batch_size=batch_size)[:, columns]
        temperature = self.metadata.temperature
        if temperature != 1:
            total = np.maximum(total, _TINY) ** (1 / temperature)
            total /= total.sum(axis=1, keepdims=True)
        return total.astype(np.float32)


def _description(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(
            f"The ensemble {folder.name} has no readable {FILE}",
            received=error,
            hint="Build it again on Compare",
        ) from error
    if not isinstance(found, dict) or not isinstance(found.get("members"), list):
        raise ModelFileError(f"The {FILE} of {folder.name} lists no members", received=folder.name)
    return found


def _columns(member: Predictor, classes: Sequence[str]) -> list[int]:
    if set(member.classes) != set(classes):
        raise ModelFileError(
            f"{member.path.name} answers with other classes than the ensemble",
            received=", ".join(member.classes),
            hint=f"All members must answer with {', '.join(classes)}",
        )
    return [member.classes.index(name) for name in classes]


def saved_ensembles(workspace: Workspace) -> list[dict[str, Any]]:
    """The saved ensembles, newest first: what `ensemble.json` says, and `folder`."""
    found = []
    for path in (workspace.models / "ensembles").glob(f"*/{FILE}"):
        if document := read_object(path):
            found.append({**document, "name": path.parent.name, "folder": path.parent})
    return sorted(found, key=lambda e: (str(e.get("created", "")), e["name"]), reverse=True)
