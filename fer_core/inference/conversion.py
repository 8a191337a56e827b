"""Start a conversion in a process of its own, and say what came of it. Keras stays out of this process.

report = convert(run, "litert", "int8")
report["file"], report["bytes"], report["agreement"]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from fer_core.errors import JobError, ModelFileError
from fer_core.runs.run import Run

FORMATS: tuple[str, ...] = ("onnx", "litert")
QUANTIZE: tuple[str, ...] = ("none", "float16", "int8")
CHECKED = 500
"""Pictures on which the converted model is compared with Keras."""
CALIBRATION = 200
"""Pictures of validation, others than those, from which int8 learns its ranges."""
_SUFFIX = {"onnx": ".onnx", "litert": ".tflite"}


def target(run: Run, to: str, quantize: str) -> Path:
    """Where the file goes unless another place is named: `converted/` in the run's folder."""
    what = "" if quantize == "none" else f"-{quantize}"
    return run.folder / "converted" / f"{run.id}{what}{_SUFFIX[to]}"


def convert(run: Run, to: str, quantize: str = "none", path: Path | None = None) -> dict[str, Any]:
    """Write a run's model in another format and compare it with Keras.

    Args:
        run: a run that has ended with a model.
        to: one of `FORMATS`.
        quantize: one of `QUANTIZE`.
        path: the file; None takes `target`.

    Returns:
        run, to, quantize, file, bytes, keras_bytes, images (compared), agreement (share with the same likeliest
        class), largest_difference and mean_difference of a probability, ms and keras_ms of one picture on one thread.

    Raises:
        ModelFileError: the run has no Keras model, or the converter refused it.
        JobError: the process died.
    """
    if to not in FORMATS or quantize not in QUANTIZE:
        raise ValueError(
            f"`to` must be one of {FORMATS} and `quantize` one of {QUANTIZE}. Received: {to!r}, {quantize!r}"
        )
    place = (path or target(run, to, quantize)).resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "fer_core.inference.convert_to",
        str(run.folder),
        to,
        quantize,
        str(place),
    ]
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "FER_HOME": str(run.workspace.root)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    try:
        report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["no word"])[-1][:200]
        raise JobError("The conversion died", received=last) from None
    if "error" in report:
        raise ModelFileError(report["error"])
    return report
