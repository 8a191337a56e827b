"""The worker that opens Keras files from elsewhere, in safe mode; see `inference.foreign`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import keras
import numpy as np

from fer_core.base.atomic import new_file
from fer_core.base.errors import ModelFileError, first_line
from fer_core.inference.foreign import LITERT_ENDING, ImportRequest
from fer_core.inference.onnx_file import open_session
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import serve
from fer_core.models import registry, starting
from fer_core.recipes.recipe import parse
from fer_core.training.failures import failure_message
from fer_core.training.onnx_export import DEEP_TOLERANCE, compare, write_graph

_OPSET = 17
_CLASSES = 2  # of the head that is not looked at


def work(folder: Path, asked: ImportRequest, report: ProgressFn) -> dict[str, object]:
    """Convert, or say whether it fits a recipe."""
    logging.disable(logging.WARNING)
    source = Path(asked["source"])
    if source.suffix.lower() == LITERT_ENDING:
        from_litert(source, Path(asked["target"]), report)
        return {}
    report(0, 0, "opening the file")
    network = starting.open_keras(source)
    if asked["recipe"]:
        model = registry.build(parse(asked["recipe"]).model, _CLASSES)
        starting.copy_weights(model, network, head=False)
        return {}
    check_classifier(network, source.name)
    report(0, 0, "converting, and comparing with Keras")
    with new_file(Path(asked["target"])) as temporary:
        try:
            write_graph(network, temporary)
            difference = compare(network, temporary)
        except Exception as error:  # the converter and ONNX Runtime share no error class
            raise ModelFileError(
                f"{source.name} cannot be converted to ONNX", received=first_line(error)
            ) from error
        if not difference <= DEEP_TOLERANCE:
            raise ModelFileError(
                f"{source.name} answers otherwise once it is converted", received=f"{difference:.1e}"
            )
    return {}


def from_litert(source: Path, target: Path, report: ProgressFn) -> None:
    """Convert a LiteRT file, and compare both on one picture of noise.

    Raises:
        ModelFileError: it holds operations of its own, is no picture classifier, or answers otherwise once it is converted.
    """
    import tensorflow
    import tf2onnx

    report(0, 0, "converting, and comparing with LiteRT")
    with new_file(target) as temporary:
        try:
            interpreter = tensorflow.lite.Interpreter(model_path=str(source))
            interpreter.allocate_tensors()
            (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
            tf2onnx.convert.from_tflite(str(source), opset=_OPSET, output_path=str(temporary))
        except Exception as error:  # neither reader has an error class of its own
            raise ModelFileError(
                f"{source.name} cannot be converted to ONNX", received=first_line(error)
            ) from error
        session, graph = open_session(temporary)
        if taken["dtype"] != np.float32:
            raise ModelFileError(f"{source.name} does not take numbers", received=str(taken["dtype"]))
        noise = np.random.default_rng(0).random(tuple(taken["shape"]), dtype=np.float32)
        interpreter.set_tensor(taken["index"], noise)
        interpreter.invoke()
        (answer,) = session.run([graph.output], {graph.input: noise})
        difference = float(np.abs(answer - interpreter.get_tensor(given["index"])).max())
        if not difference <= DEEP_TOLERANCE:
            raise ModelFileError(
                f"{source.name} answers otherwise once it is converted", received=f"{difference:.1e}"
            )


def check_classifier(network: keras.Model, name: str) -> None:
    """Raise ModelFileError for what does not take one batch of square pictures and give one row of numbers for each."""
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        received = f"{len(network.inputs)} inputs, {len(network.outputs)} outputs"
    else:
        taken, given = network.input_shape, network.output_shape
        square = len(taken) == 4 and taken[1] and taken[1] == taken[2] and taken[3] in (1, 3)
        if square and len(given) == 2 and given[1] and given[1] > 1:
            return
        received = f"{tuple(taken)} to {tuple(given)}"
    raise ModelFileError(
        f"{name} is not a picture classifier",
        received=received,
        hint="It must take (n, side, side, 1 or 3) and answer with (n, classes)",
    )


if __name__ == "__main__":
    sys.exit(serve(work, failure_message))
