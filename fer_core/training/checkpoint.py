"""What training writes to disk while it goes on: plain arrays in `.npz` files, written in milliseconds, never pickle.

checkpoints/best.npz          weights of the best epoch so far
checkpoints/last.npz          everything to go on from the end of the last epoch
checkpoints/best-state.npz    the same of the best epoch: where a fork can start
checkpoints/epoch-0012.npz    the same of an epoch, with `training.checkpoints = "every"`
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from fer_core.base.checksums import checked_file, file_state
from fer_core.base.errors import RunError
from fer_core.runs.records import Epoch

if TYPE_CHECKING:
    import keras

_ABOUT = "about"


@dataclass(frozen=True)
class TrainingState:
    """Training at the end of an epoch.

    Attributes:
        epoch: how many epochs are done.
        row: the epoch's line of `metrics.jsonl`.
        model: all variables of the model but its metrics: weights, statistics, random states.
        optimizer: all variables of the optimizer but the learning rate.
        learning_rate: of an optimizer whose rate is not a schedule over steps; else None.
        callbacks: what each callback that counts has counted, by its class name.
        stages_ended: after how many epochs early stopping ended a stage.
        memory: running answers of the training images, of a loss that remembers them.
    """

    epoch: int
    row: Epoch
    model: list[np.ndarray]
    optimizer: list[np.ndarray]
    learning_rate: float | None
    callbacks: dict[str, dict[str, float | None]]
    stages_ended: list[int] = field(default_factory=list)
    memory: list[np.ndarray] = field(default_factory=list)


def save_weights(path: Path, weights: Sequence[np.ndarray]) -> None:
    """Write the arrays of `model.get_weights()` to an `.npz` file, whole or not at all."""
    _save(path, {f"{index:04d}": weight for index, weight in enumerate(weights)})


def load_weights(path: Path) -> list[np.ndarray]:
    """The arrays for `model.set_weights()`.

    Raises:
        RunError: the file does not hold what was written.
    """
    _refuse_damaged(path)
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[name] for name in sorted(arrays.files)]


def save_network(path: Path, model: keras.Model) -> None:
    """Write a `.keras` file that opens with Keras alone: the network, and nothing of how it was trained.

    The optimizer's state would belong to the last epoch, not to the best, and its class is one of ours.
    """
    model.compiled = False
    with checked_file(path) as temporary:
        model.save(temporary)


def save_state(path: Path, state: TrainingState) -> None:
    """Write a state, whole or not at all."""
    about = {
        "epoch": state.epoch,
        "row": state.row,
        "learning_rate": state.learning_rate,
        "callbacks": state.callbacks,
        "stages_ended": state.stages_ended,
    }
    arrays = {f"model-{index:04d}": array for index, array in enumerate(state.model)}
    arrays |= {f"optimizer-{index:04d}": array for index, array in enumerate(state.optimizer)}
    arrays |= {f"memory-{index:04d}": array for index, array in enumerate(state.memory)}
    _save(path, {**arrays, _ABOUT: np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)})


def load_state(path: Path) -> TrainingState:
    """A state that `save_state` wrote.

    Raises:
        RunError: the file is damaged or something else.
    """
    _refuse_damaged(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(arrays[_ABOUT].tobytes())
            model, optimizer, memory = (
                [arrays[name] for name in sorted(arrays.files) if name.startswith(part)]
                for part in ("model-", "optimizer-", "memory-")
            )
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise RunError(
            "The checkpoint cannot be read", received=path.name, hint="Start the run again from its recipe"
        ) from error
    return TrainingState(**about, model=model, optimizer=optimizer, memory=memory)


def _refuse_damaged(path: Path) -> None:
    if path.is_file() and file_state(path) == "damaged":
        raise RunError(
            "The checkpoint cannot be read: it does not hold what was written",
            received=path,
            hint="Take it from a backup, or train again from the recipe",
        )


def _save(path: Path, arrays: Mapping[str, Any]) -> None:
    with checked_file(path) as temporary:
        np.savez(temporary, **arrays)
