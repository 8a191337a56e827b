"""What a run costs: arithmetic and time per face, sizes of its files, energy of its training.

cost = measure(run)          # some seconds; kept as cost.json beside the run
cost = stored(run)           # {} until somebody measured, or after the model changed
"""

from __future__ import annotations

import os
import time
from statistics import median
from typing import TypedDict, cast

import numpy as np

from fer_core.base.atomic import skip_if_unwritable, write_json
from fer_core.base.errors import FerError, NotFound
from fer_core.base.jsonl import read_object
from fer_core.base.workspace import now
from fer_core.inference.flops import count_flops
from fer_core.inference.predictor import RUN_MODEL, Predictor
from fer_core.runs.run import Run

FILE = "cost.json"
SCHEMA = 1
BATCHES = (1, 32)
WATTS_PER_CORE = 10.0
"""Of a busy CPU core with its share of the board: between a laptop's 5 and a desktop's 15."""
_GPU_WATTS = (("h200", 700), ("h100", 700), ("b200", 1000), ("a100", 400), ("v100", 300), ("l40", 300), ("a10", 150),
              ("l4", 72), ("t4", 70), ("4090", 450), ("3090", 350), ("p100", 250), ("tpu", 200))  # fmt: skip
_GPU_OTHER = 250.0
BUSY = 0.5
"""Load per core above which times are not those of a machine at rest."""
_SECONDS = 1.0  # of timing per batch size, at most
_LEAST, _ROUNDS = 5, 200


class RunCost(TypedDict):
    """`cost.json`: what a run's model costs on this machine.

    Attributes:
        model_bytes, model_time: of `model.onnx`, by which is known whether it is still the one that was measured.
        keras_bytes: None without such a file.
        flops: None where the graph cannot be counted.
        ms: batch size -> median milliseconds per face.
        load: of the machine before, per core.
    """

    schema: int
    run: str
    model_bytes: int
    model_time: int
    keras_bytes: int | None
    flops: int | None
    ms: dict[str, float]
    threads: int
    cores: int
    load: float
    time: str


class TrainingCost(TypedDict):
    """What a training took; `watts` is an assumption, None of an unknown device, and `energy_wh` as `energy`."""

    parameters: int | None
    seconds: float
    watts: float | None
    energy_wh: float | None


class MeasuredRun(RunCost, TrainingCost):
    """What a run costs, model and training."""


def measure(run: Run, threads: int | None = None) -> RunCost:
    """Count and time the exported model on this CPU, and keep the result beside the run.

    Args:
        run: with a `model.onnx`.
        threads: CPU threads for one call; None for all.

    Returns:
        What was written.

    Raises:
        NotFound: the run has no exported model.
        ModelFileError: it cannot be loaded.
    """
    path = run.folder / RUN_MODEL
    if not path.is_file():
        raise NotFound(
            f"Run {run.id} has no exported model", received=RUN_MODEL, hint="It is written when training ends"
        )
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0] / cores
    model = Predictor.load(run.folder, threads=threads)
    try:
        flops: int | None = count_flops(path)
    except FerError:
        flops = None
    keras_file = run.folder / "best.keras"
    result: RunCost = {
        "schema": SCHEMA,
        "run": run.id,
        "model_bytes": path.stat().st_size,
        "model_time": path.stat().st_mtime_ns,
        "keras_bytes": keras_file.stat().st_size if keras_file.is_file() else None,
        "flops": flops,
        "ms": {str(batch): round(_time(model, batch), 4) for batch in BATCHES},
        "threads": threads or cores,
        "cores": cores,
        "load": round(load, 2),
        "time": now(),
    }
    with skip_if_unwritable():
        write_json(run.folder / FILE, result)
    return result


def _time(model: Predictor, batch: int) -> float:
    """Median milliseconds per face, from pixels to probabilities."""
    side, channels = model.input_size, 3 if model.color == "rgb" else 1
    pixels = np.random.default_rng(0).integers(0, 256, (batch, side, side, channels), dtype=np.uint8)
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < _LEAST or (time.perf_counter() - began < _SECONDS and len(taken) < _ROUNDS):
        start = time.perf_counter()
        model.predict(pixels, batch_size=batch)
        taken.append(time.perf_counter() - start)
    return 1000 * median(taken) / batch


def stored_cost(run: Run) -> RunCost | None:
    """What was measured of the model as it is; None where nothing was."""
    found = read_object(run.folder / FILE)
    try:
        about = (run.folder / RUN_MODEL).stat()
    except OSError:
        return None
    same = (found.get("schema"), found.get("run"), found.get("model_time"), found.get("model_bytes"))
    return cast(RunCost, found) if same == (SCHEMA, run.id, about.st_mtime_ns, about.st_size) else None


def was_busy(found: RunCost) -> bool:
    """Whether the machine had other work while it was measured, so that the times are too long."""
    return found.get("load", 0.0) > BUSY


def watts(device: str) -> float:
    """What a device draws at work, in watts: an assumption, by its name; of a CPU by its cores."""
    name = device.lower()
    if name.startswith("cpu") or not name:
        digits = "".join(c for c in name if c.isdigit())
        return WATTS_PER_CORE * int(digits or 2)
    number = max(1, name.count("gpu:") + name.count("tpu:"))
    return number * next((float(w) for key, w in _GPU_WATTS if key in name), _GPU_OTHER)


def energy(device: str, seconds: float) -> float | None:
    """Watt hours a training took, estimated: its time at `watts`; None where the device or the time is not known."""
    return watts(device) * seconds / 3600 if device and seconds else None


def spent(run: Run) -> TrainingCost:
    """What the training took."""
    about = run.summary()
    seconds, device = float(about["seconds"] or 0), str(about["device"] or "")
    return {
        "parameters": about["parameters"],
        "seconds": seconds,
        "watts": watts(device) if device else None,
        "energy_wh": energy(device, seconds),
    }
