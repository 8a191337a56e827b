"""Curves of a run's probabilities, kept while its predictions stay the same: calibration, coverage, ROC, precision-recall.

Kept things are shared between draws and sessions: whoever gets one does not change it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from fer_core.base.arrays import Floats, Ints
from fer_core.charts import evaluation
from fer_core.charts.vega import VegaSpec
from fer_core.evaluation import curves
from fer_core.evaluation.calibration import fit_temperature, scaled, views_of
from fer_core.evaluation.metrics import calibration_error, read
from fer_core.inference.metadata import THRESHOLD
from fer_core.runs.run import Run
from fer_core.ui.compare.cached_runs import answered, stamp

if TYPE_CHECKING:
    import altair as alt

_specs: dict[Hashable, VegaSpec] = {}
_MOST = 64  # charts


@dataclass(frozen=True)
class Trust:
    """How far probabilities can be trusted.

    Attributes:
        reliability, coverage: tables of `evaluation.curves`, of the split shown.
        fit: risk against coverage on validation at that temperature, which thresholds are read from.
        error, after: calibration error as it is, and at the temperature fitted on validation.
        temperature: that temperature.
        views: of each image whose mean the answers it was fitted on are.
    """

    reliability: pd.DataFrame
    coverage: pd.DataFrame
    fit: pd.DataFrame
    error: float
    temperature: float
    after: float
    views: int


@st.cache_resource(max_entries=12, show_spinner=False)
def _arrays(folder: str, split: str, version: str, stamp: int) -> tuple[tuple[str, ...], Ints, Floats]:
    """Names, labels and probabilities, as `metrics.read`."""
    return read(answered(Run(Path(folder)), split, version).drop(columns=["said", "sure"]))


@st.cache_resource(max_entries=12, show_spinner=False)
def _trust(folder: str, split: str, version: str, stamps: tuple[int, int]) -> Trust:
    _, truth, p = _arrays(folder, split, version, stamps[0])
    _, fit_truth, fit_p = _arrays(folder, "val", version, stamps[1])
    temperature = fit_temperature(fit_truth, fit_p)
    return Trust(
        curves.reliability(truth, p),
        curves.risk_coverage(truth, p),
        curves.risk_coverage(fit_truth, scaled(fit_p, temperature)),
        calibration_error(truth, p),
        temperature,
        calibration_error(truth, scaled(p, temperature)),
        views_of(answered(Run(Path(folder)), "val", version)),
    )


def trust(run: Run, split: str, version: str) -> Trust:
    """How far a run's probabilities can be trusted.

    Raises:
        FerError: it has no predictions there, or none on validation to fit by.
    """
    stamps = stamp(run, split, version), stamp(run, "val", version)
    return _trust(str(run.folder), split, version, stamps)


@st.cache_resource(max_entries=12, show_spinner=False)
def _class_curves(folder: str, split: str, version: str, stamp: int, kind: str) -> pd.DataFrame:
    return curves.per_class(*_arrays(folder, split, version, stamp), kind)


def class_curves(run: Run, split: str, version: str, kind: str) -> pd.DataFrame:
    """ROC ("roc") or precision-recall ("pr") curves of the classes, see `evaluation.curves.per_class`."""
    return _class_curves(str(run.folder), split, version, stamp(run, split, version), kind)


@st.cache_data(max_entries=24, show_spinner=False)
def _class_figure(
    folder: str, split: str, version: str, stamp: int, kind: str, dark: bool
) -> VegaSpec | None:
    table = _class_curves(folder, split, version, stamp, kind)
    return None if table.empty else evaluation.class_curves(table, kind, dark=dark)


def class_figure(run: Run, split: str, version: str, kind: str, dark: bool) -> VegaSpec | None:
    """`class_curves` drawn; None where one class alone has no curve."""
    return _class_figure(str(run.folder), split, version, stamp(run, split, version), kind, dark)


@st.cache_data(max_entries=24, show_spinner=False)
def _trust_figures(
    folder: str, split: str, version: str, stamps: tuple[int, int], dark: bool
) -> tuple[VegaSpec, VegaSpec]:
    found = _trust(folder, split, version, stamps)
    return (
        evaluation.reliability_diagram(found.reliability, dark=dark),
        evaluation.coverage_curve(found.coverage, THRESHOLD, dark=dark),
    )


def trust_figures(run: Run, split: str, version: str, dark: bool) -> tuple[VegaSpec, VegaSpec]:
    """Reliability and coverage of `trust`, drawn."""
    stamps = stamp(run, split, version), stamp(run, "val", version)
    return _trust_figures(str(run.folder), split, version, stamps, dark)


def chart(build: Callable[[], alt.LayerChart], *key: Hashable) -> None:
    """Draw a chart that is built once per `key`, unchecked: against Altair's schema the tests of `charts` hold it.

    Args:
        build: makes the chart.
        key: of strings and numbers, the first unique on the page; the others say what the figure depends on.
    """
    if key not in _specs:
        if len(_specs) >= _MOST:
            _specs.clear()
        from altair.utils import schemapi  # takes half a second to import

        with schemapi.debug_mode(False):
            _specs[key] = build().to_dict(validate=False)
    st.vega_lite_chart(copy.deepcopy(_specs[key]), theme=None, key=str(key[0]))
