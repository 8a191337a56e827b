"""Charts of trust and of two runs: valid, and they say in words what they show."""

from __future__ import annotations

import json

import altair as alt
import pandas as pd
import pytest

from fer_core.charts.evaluation import class_curves, class_dumbbells, coverage_curve, reliability_diagram
from fer_core.charts.theme import palette
from fer_core.charts.vega import VegaSpec

RELIABILITY = pd.DataFrame({"confidence": [0.5, 0.9], "accuracy": [0.4, 0.95], "images": [10, 90]})
COVERAGE = pd.DataFrame(
    {"threshold": [0.9, 0.7, 0.4], "coverage": [0.01, 0.6, 1], "precision": [0, 0.9, 0.8]}
)
CURVES = pd.DataFrame(
    {"class": ["sad"] * 3, "x": [0, 0.2, 1], "y": [0, 0.8, 1], "order": [0, 1, 2], "area": [0.8] * 3}
)
CLASSES = pd.DataFrame({"class": ["happy", "sad"], "a": [0.9, 0.5], "b": [0.8, 0.7], "support": [5, 6]})


def figures(dark: bool) -> dict[str, VegaSpec]:
    return {
        "reliability": reliability_diagram(RELIABILITY, dark=dark),
        "coverage": coverage_curve(COVERAGE, 0.7, dark=dark),
        "beyond": coverage_curve(COVERAGE, 0.95, dark=dark),
        "roc": class_curves(CURVES, "roc", dark=dark),
        "pr": class_curves(CURVES, "pr", dark=dark),
        "dumbbells": class_dumbbells(CLASSES, dark=dark),
    }


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", list(figures(False)))
def test_every_figure_is_valid_and_in_the_colours_of_its_theme(name: str, dark: bool) -> None:
    spec = figures(dark)[name]
    alt.LayerChart.from_dict(spec)  # raises where the schema does not hold
    json.dumps(spec, allow_nan=False)
    assert "title" not in spec
    assert spec["config"]["axis"]["labelColor"] == palette(dark).muted
    assert spec["autosize"]["type"] == "fit-x"


def test_a_wrong_figure_would_be_found() -> None:
    spec = figures(False)["roc"]
    spec["layer"][0]["mark"]["type"] = "sausage"
    with pytest.raises(Exception, match="sausage"):
        alt.LayerChart.from_dict(spec)


def test_they_say_what_they_show() -> None:
    said = {name: spec["description"] for name, spec in figures(False).items()}
    assert "0.90 sure, 0.95 right" in said["reliability"]
    assert said["coverage"].endswith("at 0.7: 60% answered, 90% right")
    assert said["roc"] == "ROC per class, area: sad 0.800"
    assert "sad 0.500 in A, 0.700 in B" in said["dumbbells"]


def test_a_threshold_nobody_reaches_is_not_marked() -> None:
    found = figures(False)
    assert len(found["coverage"]["layer"]) == 3
    assert len(found["beyond"]["layer"]) == 1


def test_the_diagonal_stands_behind_the_roc_curves_alone() -> None:
    found = figures(False)
    assert [layer["mark"].get("strokeDash") for layer in found["roc"]["layer"]] == [[4, 3], None]
    assert [layer["mark"].get("strokeDash") for layer in found["pr"]["layer"]] == [None]
