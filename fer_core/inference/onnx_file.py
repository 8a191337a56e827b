"""Open an ONNX file safely and read the shapes of its input and output.

A model file is data, never code: pickles and archives of other frameworks are refused by their first bytes,
before anything tries to load them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime

from fer_core.base.checksums import file_state
from fer_core.base.errors import ModelFileError, first_line

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x80", "a pickle, which can run any code when opened"),
    (b"PK", "a zip archive, such as a .keras or PyTorch file"),
    (b"\x89HDF", "an HDF5 file, such as Keras weights"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{", "JSON"),
)
_HINT = "Export the model to ONNX; a run's own export is model.onnx in its folder"


@dataclass(frozen=True)
class Graph:
    """Names and shapes of a model's single input and its output; None where the graph leaves a size open.

    Attributes:
        input, output: tensor names.
        batch: fixed batch size, or None for any.
        sides: height and width.
        channels: number of channels.
        channels_first: NCHW, as PyTorch exports it, instead of NHWC.
        outputs: values per picture.
    """

    input: str
    output: str
    batch: int | None
    sides: tuple[int | None, int | None]
    channels: int | None
    channels_first: bool
    outputs: int | None

    def describe(self) -> str:
        """One line for messages: what goes in and what comes out."""
        height, width = ("any" if side is None else str(side) for side in self.sides)
        channels = "any number of" if self.channels is None else str(self.channels)
        outputs = "an unknown number of" if self.outputs is None else str(self.outputs)
        return f"input {height} x {width} with {channels} channel(s), {outputs} outputs"


class Session(Protocol):
    """What an open file does; an ONNX Runtime session is one."""

    def run(self, outputs: Sequence[str], feeds: Mapping[str, np.ndarray], /) -> Sequence[Any]: ...


def open_session(path: Path, threads: int | None = None) -> tuple[onnxruntime.InferenceSession, Graph]:
    """Open a classifier's ONNX file on the CPU.

    Args:
        path: the file.
        threads: CPU threads for one call; None for all.

    Raises:
        ModelFileError: another kind of file, a damaged one, or a graph that takes no batch of pictures.
    """
    refuse_other_formats(path)
    try:
        session = cpu_session(path, threads)
    except Exception as error:  # ONNX Runtime's errors share no base class of their own
        raise ModelFileError(
            f"{path.name} is not an ONNX model that can be opened", received=first_line(error), hint=_HINT
        ) from error
    return session, _graph(path, session)


def cpu_session(model: Path | bytes, threads: int | None = None) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU, of a file or its content; ONNX Runtime's own errors pass through."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # warnings about opset and unused initialisers would fill the app's log
    # Waiting threads sleep instead of spinning: a training run may need the cores more.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def refuse_other_formats(path: Path) -> None:
    """Raise ModelFileError for what cannot be read, is empty, or is a pickle, an archive or JSON by its first bytes."""
    try:
        with open(path, "rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelFileError("The model file cannot be read", received=error) from error
    if not start:
        raise ModelFileError("The model file is empty", received=path.name, hint=_HINT)
    if file_state(path) == "damaged":
        raise ModelFileError(
            "The model file does not hold what was written",
            received=path,
            hint="Take it from a backup, or train again from the run's recipe",
        )
    for signature, what in _SIGNATURES:
        if start.startswith(signature):
            raise ModelFileError(
                f"Only ONNX models are opened; this is {what}", received=path.name, hint=_HINT
            )


def _graph(path: Path, session: onnxruntime.InferenceSession) -> Graph:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        received = "; ".join(f"{i.name}: {i.type} {list(i.shape)}" for i in inputs)
        raise ModelFileError(
            f"{path.name} is not a picture classifier",
            received=received,
            hint="It must take one float32 batch of pictures, (n, h, w, c) or (n, c, h, w)",
        )
    batch, *shape = (size if isinstance(size, int) and size > 0 else None for size in inputs[0].shape)
    first = shape[0] in (1, 3) and shape[2] not in (1, 3)
    sides = (shape[1], shape[2]) if first else (shape[0], shape[1])
    answer = outputs[0].shape
    count = answer[1] if len(answer) == 2 and isinstance(answer[1], int) else None
    return Graph(
        input=inputs[0].name,
        output=outputs[0].name,
        batch=batch,
        sides=sides,
        channels=shape[0] if first else shape[2],
        channels_first=first,
        outputs=count,
    )
