"""Read faces with an exported model: ONNX Runtime, no TensorFlow.

predictor = Predictor.load(Path("models/runs/0041-compact"))
probabilities = predictor.predict(crops)          # uint8 (n, h, w) or (n, h, w, 3) -> float32 (n, classes)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fer_core.base.errors import ModelFileError, first_line
from fer_core.data.images import resize, to_gray
from fer_core.inference.isolated import open_file
from fer_core.inference.metadata import (
    DescribedModel,
    ModelMetadata,
    parse,
    read_sidecar,
    sidecar,
)
from fer_core.inference.onnx_file import Graph, Session

RUN_MODEL = "model.onnx"
"""Name of the exported model inside a run's folder."""
DEFAULT_BATCH = 256
_ROUNDED = 1e-3
_SUM = 0.05  # off 1 at most: int8 answers in steps of 1/256 for each class
_IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
_IMAGENET_STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)


class Classifier(Protocol):
    """What reading a photo needs of a model. `Predictor` is one; what averages several models is another."""

    @property
    def metadata(self) -> ModelMetadata: ...

    def prepare(self, pixels: np.ndarray) -> np.ndarray: ...

    def predict(self, pixels: np.ndarray, *, flip: bool = False) -> np.ndarray: ...


class Predictor(DescribedModel):
    """A loaded model. Safe to share between threads.

    Use `load`; the constructor takes an open session and metadata that fit each other.

    Attributes:
        metadata: classes, input size, colour, temperature, threshold and origin.
        path: the ONNX file.
    """

    def __init__(self, session: Session, graph: Graph, metadata: ModelMetadata, path: Path) -> None:
        self.metadata = metadata
        self.path = path
        self._session = session
        self._graph = graph

    @classmethod
    def load(
        cls,
        model: Path | str,
        *,
        metadata: Mapping[str, Any] | ModelMetadata | None = None,
        threads: int | None = None,
        isolated: bool = False,
    ) -> Predictor:
        """Open a model and run it once, so that the first real answer is not the slow one.

        Metadata come from the argument, else from the file itself, else from the JSON file beside it.

        Args:
            model: an ONNX file, or a run's folder that holds `model.onnx`.
            metadata: what the file does not say about itself, see `ModelMetadata`.
            threads: CPU threads for one call; None lets ONNX Runtime take every core.
            isolated: the file is from elsewhere: a process of its own opens and runs it, see `inference.isolated`.

        Raises:
            ModelFileError: missing, not ONNX, without metadata, metadata that do not fit the graph, or no probabilities.
        """
        path = _model_file(Path(model))
        session, graph, embedded = open_file(path, threads, isolated=isolated)
        found = _metadata(path, embedded, graph, metadata)
        _check_fit(path, graph, found)
        predictor = cls(session, graph, found, path)
        predictor.warm_up()
        return predictor

    def warm_up(self) -> None:
        """Run the graph once on a black picture.

        Raises:
            ModelFileError: the graph does not run, or answers with another number of classes.
        """
        shape = (1, self.input_size, self.input_size, self.metadata.channels)
        outputs = self._run(np.zeros(shape, dtype=np.uint8))
        if outputs.ndim != 2 or outputs.shape[1] != len(self.classes):
            raise ModelFileError(
                f"{self.path.name} answers with shape {outputs.shape}, not one value per class",
                received=", ".join(self.classes),
                hint="List one class per output, in output order",
            )
        self._calibrated(outputs)

    def predict(
        self, pixels: np.ndarray, *, flip: bool = False, batch_size: int = DEFAULT_BATCH
    ) -> np.ndarray:
        """Class probabilities of face crops.

        Args:
            pixels: uint8 (n, h, w) gray or (n, h, w, 3) RGB; any size and either colour, converted once.
            flip: average with the answers for the mirrored crops.
            batch_size: crops per run of the graph.

        Returns:
            float32 (n, classes); rows sum to 1.

        Raises:
            ValueError: pixels of another type or shape.
        """
        batch = self.prepare(pixels)
        parts = [
            self._probabilities(batch[i : i + batch_size], flip) for i in range(0, len(batch), batch_size)
        ]
        if not parts:
            return np.zeros((0, len(self.classes)), dtype=np.float32)
        return np.concatenate(parts)

    def prepare(self, pixels: np.ndarray) -> np.ndarray:
        """Crops as `predict` takes them, in the model's size and colour: uint8 (n, size, size, 1 or 3)."""
        if pixels.dtype != np.uint8 or not (
            pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] in (1, 3))
        ):
            raise ValueError(f"pixels must be uint8 (n, h, w[, 3]). Received: {pixels.dtype} {pixels.shape}")
        if pixels.ndim == 4 and pixels.shape[3] == 1:
            pixels = pixels[..., 0]
        if self.color == "gray" and pixels.ndim == 4:
            pixels = _stacked([to_gray(picture) for picture in pixels], pixels.shape[:3])
        size = self.input_size
        if pixels.shape[1:3] != (size, size):
            shape = (len(pixels), size, size, *pixels.shape[3:])
            pixels = _stacked([resize(picture, size) for picture in pixels], shape)
        if pixels.ndim == 3:
            pixels = pixels[..., None]
        if self.color == "rgb" and pixels.shape[3] == 1:
            pixels = np.repeat(pixels, 3, axis=3)
        return pixels

    def _probabilities(self, batch: np.ndarray, flip: bool) -> np.ndarray:
        result = self._calibrated(self._run(batch))
        if flip:
            result = (result + self._calibrated(self._run(batch[:, :, ::-1]))) / 2
        return result.astype(np.float32)

    def _calibrated(self, outputs: np.ndarray) -> np.ndarray:
        """float64 probabilities from what the graph answered, at the model's temperature."""
        outputs = outputs.astype(np.float64)
        temperature = self.metadata.temperature
        if not np.isfinite(outputs).all():
            raise ModelFileError(
                f"{self.path.name} answers with what are no numbers", received="NaN or infinite"
            )
        if self.metadata.output == "probabilities":
            self._check_probabilities(outputs)
            if temperature == 1:
                return outputs
            # softmax(log p / T) equals softmax(logits / T): the constant that softmax dropped cancels again.
            outputs = np.log(np.maximum(outputs, 1e-30))
        logits = outputs / temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def _check_probabilities(self, outputs: np.ndarray) -> None:
        """Raise ModelFileError for rows that are none: what is shown as a probability would be made up."""
        sums = outputs.sum(axis=1)
        negative, far = outputs < -_ROUNDED, np.abs(sums - 1) > _SUM
        if negative.any() or far.any():
            row = int(np.argmax(negative.any(axis=1) | far))
            raise ModelFileError(
                f"{self.path.name} answers with numbers that are no probabilities",
                received=f"lowest {outputs[row].min():.3g}, sum {sums[row]:.4g}",
                hint="Say that it answers with logits, and a softmax makes probabilities of them",
            )

    def _run(self, batch: np.ndarray) -> np.ndarray:
        scaled = _scaled(batch, self.metadata.scaling)
        if self._graph.channels_first:
            scaled = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
        step = self._graph.batch or len(scaled)
        try:
            parts = [self._run_step(scaled[i : i + step], step) for i in range(0, len(scaled), step)]
        except ModelFileError:
            raise
        except Exception as error:  # ONNX Runtime's errors share no base class of their own
            raise ModelFileError(f"{self.path.name} cannot be run", received=first_line(error)) from error
        return np.concatenate(parts)

    def _run_step(self, part: np.ndarray, step: int) -> np.ndarray:
        """One call; a graph of fixed batch size gets black pictures for those that are missing."""
        missing = step - len(part)
        if missing:
            part = np.concatenate([part, np.zeros((missing, *part.shape[1:]), dtype=part.dtype)])
        (outputs,) = self._session.run([self._graph.output], {self._graph.input: part})
        return np.asarray(outputs)[: step - missing]


def _model_file(model: Path) -> Path:
    if model.is_dir():
        path = model / RUN_MODEL
        if not path.is_file():
            raise ModelFileError(
                f"This folder holds no {RUN_MODEL}",
                received=model.name,
                hint="A run gets one when its first epoch has ended; give a run or an ONNX file",
            )
        return path
    if not model.is_file():
        raise ModelFileError(
            "Model file not found", received=model, hint="Give a run or the path of an ONNX file"
        )
    return model


def _metadata(
    path: Path,
    embedded: str | None,
    graph: Graph,
    given: Mapping[str, Any] | ModelMetadata | None,
) -> ModelMetadata:
    if given is not None:
        return parse(given, "the metadata given")
    if embedded is not None:
        return parse(embedded, path.name)
    beside = read_sidecar(path)
    if beside is not None:
        return beside
    raise ModelFileError(
        f"{path.name} does not say which classes it answers with, nor its input size and color",
        received=graph.describe(),
        hint=f"Put a {sidecar(path).name} beside it with one class per output, in output order, such as "
        '{"classes": ["happy", "sad"], "input_size": 48, "color": "gray"}',
    )


def _check_fit(path: Path, graph: Graph, metadata: ModelMetadata) -> None:
    """Refuse metadata that contradict the shapes the graph fixes."""
    size = metadata.input_size
    wrong = []
    if graph.channels not in (None, metadata.channels):
        wrong.append(
            f"color {metadata.color} is {metadata.channels} channel(s), the graph takes {graph.channels}"
        )
    if any(side not in (None, size) for side in graph.sides):
        wrong.append(f"input_size is {size}, the graph takes {' x '.join(map(str, graph.sides))}")
    if graph.outputs not in (None, len(metadata.classes)):
        wrong.append(f"{len(metadata.classes)} classes are named, the graph answers with {graph.outputs}")
    if wrong:
        raise ModelFileError(
            f"The metadata of {path.name} do not fit its graph: {'; '.join(wrong)}", received=graph.describe()
        )


def _scaled(batch: np.ndarray, scaling: str) -> np.ndarray:
    values = batch.astype(np.float32)
    if scaling == "none":
        return values
    if scaling == "symmetric":
        return values / np.float32(127.5) - np.float32(1)
    values /= np.float32(255)
    if scaling == "unit":
        return values
    mean, std = _IMAGENET_MEAN, _IMAGENET_STD
    if values.shape[3] == 1:
        mean, std = mean.mean(keepdims=True), std.mean(keepdims=True)
    return (values - mean) / std


def _stacked(pictures: list[np.ndarray], shape_if_empty: tuple[int, ...]) -> np.ndarray:
    return np.stack(pictures) if pictures else np.zeros(shape_if_empty, dtype=np.uint8)
