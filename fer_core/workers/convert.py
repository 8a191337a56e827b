"""A run's model in other formats, each checked against Keras.

The worker behind `conversion.convert`; it imports Keras and TensorFlow, so nothing else imports it. Asked for run (its
folder), to, quantize and target; tells what was written, and how well and how fast it answers.

Quantisation, by LiteRT's converter (TensorFlow Lite):
    none      32-bit floats
    float16   weights as 16-bit floats: half the size
    int8      weights and activations as 8-bit integers, calibrated on validation pictures; a quarter of the size
ONNX is quantised by ONNX Runtime: int8 statically with the same pictures; float16 stores weights in 16 bits.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx

from fer_core.base.atomic import new_file, replace, write_atomic
from fer_core.base.checksums import checked_file
from fer_core.base.errors import ModelFileError, first_line
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import readable
from fer_core.inference.conversion import CALIBRATION, CHECKED, Conversion, ConvertRequest
from fer_core.inference.metadata import METADATA_KEY, ModelMetadata, parse
from fer_core.inference.onnx_file import cpu_session
from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import serve
from fer_core.runs.run import Run

Answer = Callable[[np.ndarray], np.ndarray]
_ROUNDS = 200


def work(folder: Path, asked: ConvertRequest, report: ProgressFn) -> Conversion:
    """Do what is asked for."""
    logging.disable(logging.WARNING)
    report(0, 0, "converting, and comparing with Keras")
    return convert(Run(Path(asked["run"])), asked["to"], asked["quantize"], Path(asked["target"]))


def convert(run: Run, to: str, quantize: str, target: Path) -> Conversion:
    """Convert, check, and put the file in place.

    Raises:
        ModelFileError: the run has no Keras model, or the conversion failed.
    """
    source = run.folder / "best.keras"
    if not source.is_file():
        raise ModelFileError(
            f"Run {run.id} has no Keras model", received="best.keras", hint="It is written when training ends"
        )
    model = keras.saving.load_model(source, compile=False, safe_mode=True)
    metadata = _metadata(run)
    checked, calibration = pictures(run, metadata)
    own = target.is_relative_to(run.folder)  # sums are noted beside files of the workspace alone
    with (checked_file if own else new_file)(target) as temporary:
        if to == "onnx":
            _onnx(run.folder / "model.onnx", temporary, quantize, calibration, metadata)
            answer = onnx_answer(temporary)
        else:
            _litert(model, temporary, quantize, calibration)
            answer = litert_answer(temporary)
        expected = np.asarray(keras.ops.convert_to_numpy(model(checked.astype(np.float32), training=False)))
        found = answer(checked)
        ms, keras_ms = _milliseconds(answer, checked), _milliseconds(_keras_answer(model), checked, 20)
    if to == "litert":
        write_atomic(target.with_suffix(".json"), metadata.model_dump_json(indent=2))
    agreement = float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
    return {
        "run": run.id,
        "to": to,
        "quantize": quantize,
        "file": str(target),
        "bytes": target.stat().st_size,
        "keras_bytes": source.stat().st_size,
        "images": len(checked),
        "agreement": agreement,
        "largest_difference": float(np.abs(found - expected).max()),
        "mean_difference": float(np.abs(found - expected).mean()),
        "ms": ms,
        "keras_ms": keras_ms,
    }


def pictures(run: Run, metadata: ModelMetadata) -> tuple[np.ndarray, np.ndarray]:
    """Up to 500 pictures to check on and up to 200 others to calibrate with, uint8 (n, h, w, c).

    Both from validation, disjoint; what validation lacks comes from train.
    """
    dataset = open_dataset(run.workspace, run.dataset)
    table = readable(dataset.manifest(run.version))
    order = np.random.default_rng(0).permutation(len(table))
    table = table.iloc[order]
    table = table.iloc[np.argsort(table["split"].to_numpy() != "val", kind="stable")]
    table = table[table["split"] != "test"]
    rows = table["row"].to_numpy(np.int64)
    half = min(CALIBRATION, len(rows) // 2)
    stored = dataset.pixels(metadata.input_size, metadata.color)
    pixels = [np.asarray(stored[np.sort(part)]) for part in (rows[half : half + CHECKED], rows[:half])]
    checked, calibration = (p[..., None] if p.ndim == 3 else p for p in pixels)
    return checked, calibration


def _metadata(run: Run) -> ModelMetadata:
    session = cpu_session(run.folder / "model.onnx")
    return parse(session.get_modelmeta().custom_metadata_map[METADATA_KEY], "model.onnx")


def _litert(model: keras.Model, path: Path, quantize: str, calibration: np.ndarray) -> None:
    import tensorflow as tf

    options: dict[str, Any] = {}
    if quantize != "none":
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        options["target_spec"] = {"supported_types": [tf.float16]}
    if quantize == "int8":
        options["representative_dataset"] = lambda: ([one[None].astype(np.float32)] for one in calibration)
    raw = path.with_suffix(".tflite")
    try:
        model.export(raw, format="litert", verbose=False, **options)
    except Exception as error:  # the converter raises whatever its C++ side says
        raise ModelFileError("LiteRT's converter refused this model", received=first_line(error)) from error
    if raw != path:
        replace(raw, path, durable=False)


def _onnx(source: Path, path: Path, quantize: str, calibration: np.ndarray, metadata: ModelMetadata) -> None:
    if quantize == "none":
        path.write_bytes(source.read_bytes())
        return
    if quantize == "float16":
        onnx.save(_half_weights(onnx.load(source)), path)
        return
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    name = cpu_session(source).get_inputs()[0].name

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._left: Iterator[np.ndarray] = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            one = next(self._left, None)
            return None if one is None else {name: one[None].astype(np.float32)}

    prepared = path.with_suffix(".prepared")  # beside the temporary file, and gone with it
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared, path, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, {METADATA_KEY: metadata.to_json()})
    onnx.save(graph, path)


def _half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large weights stored as 16-bit floats and cast back when the model is loaded: inputs and sums stay 32-bit."""
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < 64:
            continue
        name = weight.name
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def onnx_answer(path: Path) -> Answer:
    """uint8 (n, h, w, c) -> probabilities, by ONNX Runtime on one thread."""
    session = cpu_session(path, threads=1)
    name = session.get_inputs()[0].name
    return lambda pixels: np.asarray(session.run(None, {name: pixels.astype(np.float32)})[0])


def litert_answer(path: Path) -> Answer:
    """The same by LiteRT's interpreter, one picture at a time, on one thread."""
    import warnings

    import tensorflow as tf

    warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter.*")
    interpreter = tf.lite.Interpreter(model_content=path.read_bytes(), num_threads=1)
    place, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(place["index"], [1, *place["shape"][1:]])
    interpreter.allocate_tensors()

    def answer(pixels: np.ndarray) -> np.ndarray:
        rows = []
        for one in pixels:
            interpreter.set_tensor(place["index"], one[None].astype(np.float32))
            interpreter.invoke()
            rows.append(interpreter.get_tensor(out["index"])[0].copy())
        return np.array(rows)

    return answer


def _keras_answer(model: keras.Model) -> Answer:
    return lambda pixels: np.asarray(model(pixels.astype(np.float32), training=False))


def _milliseconds(answer: Answer, pixels: np.ndarray, rounds: int = _ROUNDS) -> float:
    """Median time of one picture, warm."""
    times = []
    for index in range(rounds):
        one = pixels[index % len(pixels)][None]
        started = time.perf_counter()
        answer(one)
        times.append((time.perf_counter() - started) * 1000)
    return float(np.median(times))


if __name__ == "__main__":
    sys.exit(serve(work))
