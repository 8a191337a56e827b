"""Charts of trust and of two runs: valid, and they say in words what they show."""

from __future__ import annotations

import pandas as pd
import pytest

from fer_core.charts.evaluation import class_dumbbells, coverage_curve, reliability_diagram


@pytest.mark.parametrize("dark", [False, True])
def test_they_say_what_they_show(dark: bool) -> None:
    bins = pd.DataFrame({"confidence": [0.5, 0.9], "accuracy": [0.4, 0.95], "images": [10, 90]})
    assert "0.90 sure, 0.95 right" in reliability_diagram(bins, dark=dark).to_dict()["description"]
    curve = pd.DataFrame(
        {"threshold": [0.9, 0.7, 0.4], "coverage": [0.01, 0.6, 1], "precision": [0, 0.9, 0.8]}
    )
    words = coverage_curve(curve, 0.7, dark=dark).to_dict()
    assert words["description"].endswith("at 0.7: 60% answered, 90% right")
    assert "threshold" in str(coverage_curve(curve, 0.95, dark=dark).to_dict())
    classes = pd.DataFrame({"class": ["happy", "sad"], "a": [0.9, 0.5], "b": [0.8, 0.7], "support": [5, 6]})
    assert "sad 0.500 in A, 0.700 in B" in class_dumbbells(classes, dark=dark).to_dict()["description"]
