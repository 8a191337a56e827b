"""Making probabilities mean what they say, and saying "uncertain" where they do not suffice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_core.base.arrays import Floats, Ints
from fer_core.base.errors import NotFound, RunError
from fer_core.evaluation.curves import risk_coverage
from fer_core.evaluation.metrics import read
from fer_core.inference import recalibrate
from fer_core.inference.metadata import ModelMetadata
from fer_core.inference.predictor import RUN_MODEL
from fer_core.runs.run import Run

LOWEST, HIGHEST = 0.05, 20.0
VIEWS = {"none": 1, "flip": 2, "flip_shift": 10, "flip_shift_turn_light": 22}
"""Views of each image, by `training.test_time_augmentation`."""
_TINY = 1e-30
_RIGHT = 0.02  # a temperature so near 1 changes no probability by more than a rounding


def scaled(p: Floats, temperature: float) -> Floats:
    """Probabilities at another temperature (Guo et al., ICML 2017): softmax(log p / T). float64 (n, classes)."""
    logits = np.log(np.maximum(p, _TINY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_temperature(truth: Ints, p: Floats) -> float:
    """The temperature with the smallest log loss, between .05 and 20; fit it on validation, never on test.

    The loss is convex in 1 / T, so it has one minimum.
    """
    from scipy.optimize import minimize_scalar  # takes a moment to load

    logits = np.log(np.maximum(p, _TINY))
    logits -= logits.max(axis=1, keepdims=True)
    given = float(logits[np.arange(len(truth)), truth].mean())

    def loss(log_temperature: float) -> float:
        slope = float(np.exp(-log_temperature))
        return float(np.log(np.exp(logits * slope).sum(axis=1)).mean()) - slope * given

    ends = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-8})
    return float(np.exp(found.x))


def direction(temperature: float) -> str:
    """What a fitted temperature says of a model: "overconfident", "underconfident" or "about right"."""
    if abs(temperature - 1) <= _RIGHT:
        return "about right"
    return "overconfident" if temperature > 1 else "underconfident"


def threshold_for(curve: pd.DataFrame, precision: float) -> dict[str, float] | None:
    """The lowest threshold at which answers are right as often as wanted.

    Args:
        curve: `curves.risk_coverage` of validation.
        precision: wanted share of right answers among those given, 0..1.

    Returns:
        threshold, coverage (share of images answered) and precision (reached); None where no threshold reaches it.
    """
    good = curve[curve["precision"] >= precision]
    if good.empty:
        return None
    return {str(name): float(value) for name, value in good.iloc[-1].items()}


@dataclass(frozen=True)
class CalibrationFit:
    """What a run's answers on validation ask for.

    Attributes:
        temperature: see `fit_temperature`.
        threshold: the lowest at which answers at that temperature are right as often as wanted.
        coverage, precision: share of the images answered then, and of the answers that are right (0..1).
        images: of validation.
        views: of each image whose mean these answers are (`training.test_time_augmentation`); the model itself answers for
            one, so with more of them its own temperature is another.
    """

    temperature: float
    threshold: float
    coverage: float
    precision: float
    images: int
    views: int = 1


def fit(run: Run, precision: float) -> CalibrationFit:
    """Fit temperature and threshold on the validation predictions of a run, never on test.

    Args:
        run: with predictions of validation.
        precision: wanted share of right answers among those given, 0..1.

    Raises:
        NotFound: it has no predictions of validation.
        RunError: no threshold reaches that precision.
    """
    table = run.predictions("val")
    _, truth, p = read(table)
    temperature = fit_temperature(truth, p)
    found = threshold_for(risk_coverage(truth, scaled(p, temperature)), precision)
    if found is None:
        raise RunError(
            f"No threshold makes run {run.id} right so often on validation",
            received=f"{precision:.0%}",
            hint="Ask for less",
        )
    return CalibrationFit(
        temperature,
        found["threshold"],
        found["coverage"],
        found["precision"],
        len(truth),
        views_of(table),
    )


def views_of(predictions: pd.DataFrame) -> int:
    """Of how many views of each image a run's stored answers are the mean; 1 where they do not say."""
    return VIEWS.get(str(predictions.attrs.get("test_time_augmentation", "none")), 1)


def apply_to(run: Run, temperature: float, threshold: float | None) -> ModelMetadata:
    """Write temperature and threshold into the model that answers for a run on Try it and for `predict`.

    Raises:
        NotFound: the run has no exported model.
        ModelFileError: it cannot be used, or a number is out of range.
    """
    path = run.folder / RUN_MODEL
    if not path.is_file():
        raise NotFound(
            f"Run {run.id} has no exported model", received=RUN_MODEL, hint="It is written when training ends"
        )
    return recalibrate.apply(path, temperature, threshold)
