"""Start a conversion in a process of its own, and say what came of it. Keras stays out of this process.

report = convert(run, "litert", "int8")
report["file"], report["bytes"], report["agreement"]
"""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, cast

from fer_core.base.errors import JobError, ModelFileError
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import WorkerFailed, call
from fer_core.runs.run import Run

FORMATS: tuple[str, ...] = ("onnx", "litert")
QUANTIZE: tuple[str, ...] = ("none", "float16", "int8")
CHECKED = 500
"""Pictures on which the converted model is compared with Keras."""
CALIBRATION = 200
"""Pictures of validation, others than those, from which int8 learns its ranges."""
_SUFFIX = {"onnx": ".onnx", "litert": ".tflite"}


def default_target(run: Run, to: str, quantize: str) -> Path:
    """Where the file goes unless another place is named: `converted/` in the run's folder."""
    what = "" if quantize == "none" else f"-{quantize}"
    return run.folder / "converted" / f"{run.id}{what}{_SUFFIX[to]}"


class ConvertRequest(TypedDict):
    """What `workers.convert` is asked for; `run` is a folder, `target` a file."""

    run: str
    to: str
    quantize: str
    target: str


class Conversion(TypedDict):
    """A converted model, held against Keras.

    Attributes:
        images: on which both were compared.
        agreement: share with the same likeliest class.
        largest_difference, mean_difference: of a probability.
        ms, keras_ms: for one picture on one thread.
    """

    run: str
    to: str
    quantize: str
    file: str
    bytes: int
    keras_bytes: int
    images: int
    agreement: float
    largest_difference: float
    mean_difference: float
    ms: float
    keras_ms: float


def convert(
    run: Run, to: str, quantize: str = "none", path: Path | None = None, progress: ProgressFn | None = None
) -> Conversion:
    """Write a run's model in another format and compare it with Keras.

    Args:
        run: a run that has ended with a model.
        to: one of `FORMATS`.
        quantize: one of `QUANTIZE`.
        path: the file; None takes `default_target`.
        progress: told what goes on.

    Returns:
        What was written, and how it compares.

    Raises:
        ModelFileError: the run has no Keras model, or the converter refused it.
        JobError: the process died.
    """
    if to not in FORMATS or quantize not in QUANTIZE:
        raise ValueError(
            f"`to` must be one of {FORMATS} and `quantize` one of {QUANTIZE}. Received: {to!r}, {quantize!r}"
        )
    place = (path or default_target(run, to, quantize)).resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    asked: ConvertRequest = {"run": str(run.folder), "to": to, "quantize": quantize, "target": str(place)}
    try:
        return cast(Conversion, call("fer_core.workers.convert", asked, progress=progress))
    except WorkerFailed as error:
        if error.died:
            raise JobError("The conversion died", received=error.reason[:200]) from error
        raise ModelFileError(error.reason) from error
