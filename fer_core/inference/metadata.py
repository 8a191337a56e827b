"""What a model file must say about itself before its answers mean anything.

An exported run carries this as JSON in the ONNX file's `metadata_props`, under the key `fer`. For a file from
elsewhere the same JSON can lie beside it (`model.json` beside `model.onnx`) or be passed in.

    >>> ModelMetadata(classes=("happy", "sad"), input_size=48, color="gray").threshold
    0.7
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fer_core.base.atomic import parse_json
from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import ModelFileError

METADATA_KEY = "fer"
"""Key in the ONNX file's `metadata_props`."""
REQUIRED = ("classes", "input_size", "color")
"""Fields without which a model cannot be used."""

_DIGEST = "sha256"
THRESHOLD = 0.7
"""Probability below which an answer is called uncertain, where a model says nothing else."""

Scaling = Literal["none", "unit", "symmetric", "imagenet"]


class ModelMetadata(BaseModel):
    """How to feed a model and how to read it.

    Attributes:
        classes: one name per output, in output order.
        input_size: side of the square input, pixels.
        color: `gray` (one channel) or `rgb` (three).
        scaling: what the graph expects of a gray level 0..255: `none` as it is, `unit` divided by 255,
            `symmetric` to -1..1, `imagenet` unit, then ImageNet's channel means and deviations.
        output: whether the graph answers `probabilities` or `logits`.
        temperature: logits are divided by this before softmax (Guo et al. 2017); 1 changes nothing.
        threshold: below this top probability the answer is "uncertain".
        dataset, version, run, recipe: where the model comes from; empty where unknown.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    classes: tuple[str, ...] = Field(min_length=2)
    input_size: int = Field(ge=8, le=1024)
    color: Literal["gray", "rgb"]
    scaling: Scaling = "none"
    output: Literal["probabilities", "logits"] = "probabilities"
    temperature: float = Field(default=1.0, gt=0, le=100)
    threshold: float = Field(default=THRESHOLD, ge=0, le=1)
    dataset: str = ""
    version: str = ""
    run: str = ""
    recipe: str = ""

    @field_validator("classes")
    @classmethod
    def _distinct(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) != len(classes) or not all(name.strip() for name in classes):
            raise ValueError("class names must be distinct and not empty")
        return classes

    @property
    def channels(self) -> int:
        return 1 if self.color == "gray" else 3

    def to_json(self) -> str:
        """The JSON text that goes into `metadata_props["fer"]` or a `model.json`."""
        return self.model_dump_json()


def canonical_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Class names as the library spells them, in the same order: `angry` is `anger`, unknown ones stay as they are.

    Raises:
        ModelFileError: two of them are one class then.
    """
    found: dict[str, str] = {}
    for name in classes:
        ours = canonical_emotion(name)
        if ours in found:
            raise ModelFileError(
                f"Two outputs of the model are the class {ours}",
                received=f"{found[ours]}, {name}",
                hint="Name one class per output, in output order",
            )
        found[ours] = name
    return tuple(found)


class DescribedModel:
    """A model that says of itself what its metadata say."""

    metadata: ModelMetadata

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the columns that it answers with."""
        return self.metadata.classes

    @property
    def input_size(self) -> int:
        """Side of the square input, pixels; of several models the largest."""
        return self.metadata.input_size

    @property
    def color(self) -> Literal["gray", "rgb"]:
        """`gray` or `rgb`: what it was trained on; `rgb` if one of several models sees colours."""
        return self.metadata.color

    @property
    def threshold(self) -> float:
        """Below this top probability an answer is uncertain."""
        return self.metadata.threshold


def parse(source: str | Mapping[str, Any] | ModelMetadata, origin: str) -> ModelMetadata:
    """Metadata from JSON text or a mapping.

    Args:
        source: JSON text, a mapping, or metadata that is ready.
        origin: where it came from, for the message.

    Raises:
        ModelFileError: not JSON, a field missing, or a field that holds something else.
    """
    if isinstance(source, ModelMetadata):
        return source
    try:
        fields = parse_json(source) if isinstance(source, str) else dict(source)
    except ValueError as error:
        raise ModelFileError(f"The model metadata in {origin} is not JSON", received=error) from error
    if not isinstance(fields, dict):
        raise ModelFileError(
            f"The model metadata in {origin} is not a JSON object", received=repr(fields)[:80]
        )
    missing = [name for name in REQUIRED if name not in fields]
    if missing:
        raise ModelFileError(
            f"The model metadata in {origin} lacks {_listed(missing)}",
            received=", ".join(map(str, fields)) or "nothing",
            hint=f"A model needs {_listed(REQUIRED)}",
        )
    try:
        return ModelMetadata.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or "the metadata"
        message = f"The model metadata in {origin} cannot be used: {name}: {first['msg']}"
        raise ModelFileError(message, received=repr(first["input"])[:80]) from error


def sidecar(model: Path) -> Path:
    """The JSON file that speaks for a model file without metadata: `x.json` beside `x.onnx`."""
    return model.with_suffix(".json")


def sidecar_text(model: Path, metadata: ModelMetadata) -> dict[str, object]:
    """What is written beside a model, JSON-ready: its metadata, and the content of the file they belong to."""
    return {**metadata.model_dump(mode="json"), _DIGEST: _digest(model)}


def read_sidecar(model: Path) -> ModelMetadata | None:
    """Metadata from the JSON file beside a model; None where there is none, or it was written for another file's content.

    Raises:
        ModelFileError: the file is there but cannot be used.
    """
    path = sidecar(model)
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path.name} cannot be read", received=error) from error
    found = parse(text, path.name)
    written_for = parse_json(text).get(_DIGEST)
    return found if written_for is None or written_for == _digest(model) else None


def _digest(model: Path) -> str:
    try:
        with open(model, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
