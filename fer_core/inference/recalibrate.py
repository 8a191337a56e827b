"""Write a temperature and a threshold into an ONNX file that carries its metadata, and leave the rest of it as it is.

apply(run.folder / "model.onnx", temperature=1.31, threshold=0.62)
"""

from __future__ import annotations

import shutil
from pathlib import Path

from fer_core.base.checksums import checked_file
from fer_core.inference.metadata import METADATA_KEY, ModelMetadata, parse
from fer_core.inference.predictor import Predictor

_SHOWN = 0.005


def apply(path: Path, temperature: float, threshold: float | None = None) -> ModelMetadata:
    """Replace the temperature, and the threshold where one is given, in a model's metadata.

    Args:
        path: an ONNX file; it is replaced whole or not at all.
        temperature: above 0; logits are divided by it before softmax.
        threshold: 0..1, below which an answer is called uncertain; None keeps that of the file.

    Returns:
        The metadata as they are now in the file.

    Raises:
        ModelFileError: the file cannot be used, or a number is out of range; nothing is written then.
    """
    import onnx  # a third of a second, and no page needs it to be drawn

    old = Predictor.load(path).metadata
    fields = {"temperature": temperature} | ({} if threshold is None else {"threshold": threshold})
    made = parse({**old.model_dump(), **fields}, path.name)
    model = onnx.load(path)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, {**kept, METADATA_KEY: made.to_json()})
    with checked_file(path) as temporary:
        onnx.save(model, temporary)
    return made


def carries(metadata: ModelMetadata, temperature: float, threshold: float) -> bool:
    """Whether a model has these numbers already, as far as they are shown: two digits after the point."""
    apart = max(abs(metadata.temperature - temperature), abs(metadata.threshold - threshold))
    return apart < _SHOWN


def copy_as_trained(source: Path, target: Path) -> None:
    """Copy a model, without a temperature that was applied: that of an ensemble is fitted on members without one.

    Raises:
        ModelFileError: as `apply`.
    """
    shutil.copyfile(source, target)
    if Predictor.load(target).metadata.temperature != 1:
        apply(target, 1.0)


def uncalibrated(path: Path) -> Predictor:
    """A model as it was trained, whatever temperature was applied since: what is measured must not depend on it.

    Raises:
        ModelFileError: as `Predictor.load`.
    """
    found = Predictor.load(path)
    if found.metadata.temperature == 1:
        return found
    return Predictor.load(path, metadata=found.metadata.model_copy(update={"temperature": 1.0}))
