from __future__ import annotations

import json
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.charts.copies import copies_by_distance
from fer_core.charts.progress import gain_bars, progress_chart
from fer_core.charts.theme import DARK, LIGHT, spread_labels

DISTANCES = pd.DataFrame(
    {"distance": [0, 2, 4, 6], "confirmed": [900, 108, 104, 100], "refused": [0, 12, 36, 100]}
)


RUNS = pd.DataFrame(
    {
        "number": [1, 2, 3],
        "name": ["0001-compact", "0002-compact", "0003-model_b"],
        "accuracy": [0.7, 0.68, 0.74],
        "record": [True, False, True],
        "words": ["the baseline", "no new best", "depth"],
        "images": [400, 400, 420],
        "part": [0, 0, 1],
    }
)
GAINS = pd.DataFrame(
    {
        "name": ["depth", "both"],
        "gain": [1.5, 2.0],
        "low": [0.2, 0.5],
        "high": [2.8, 3.5],
        "kind": ["one", "total"],
    }
)


def figures(dark: bool) -> dict[str, alt.LayerChart]:
    """Every figure made with Altair. Pages may build them unchecked: here they are held against the schema."""
    return {
        "distances": copies_by_distance(DISTANCES, chosen=2, dark=dark),
        "journey": progress_chart(RUNS, dark=dark),
        "gains": gain_bars(GAINS, dark=dark),
    }


def spec_of(chart: alt.LayerChart) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict()
    json.dumps(spec, allow_nan=False)
    return spec


def layers(spec: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]


def rows(spec: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    return list(spec["datasets"][(layer.get("data") or spec["data"])["name"]])


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", list(figures(False)))
def test_what_every_figure_shares(name: str, dark: bool) -> None:
    spec = spec_of(figures(dark)[name])
    assert "title" not in spec
    assert spec["background"] == "transparent"
    assert spec["width"] == "container"
    assert spec["autosize"]["type"] == "fit-x"
    assert len(spec["description"]) > 20
    palette = DARK if dark else LIGHT
    assert spec["config"]["axis"]["labelColor"] == palette.muted
    assert spec["config"]["text"]["color"] == palette.text
    assert any("tooltip" in layer["encoding"] for layer in spec["layer"])


def test_distances_up_to_the_chosen_one_stand_out() -> None:
    spec = spec_of(figures(False)["distances"])
    (bars,) = layers(spec, "bar")
    assert [row["used"] for row in rows(spec, bars)] == [True, True, False, False]
    assert "2: 108" in spec["description"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0.01, 0.3))
def test_spread_keeps_order_centre_and_distance(positions: list[float], gap: float) -> None:
    moved = spread_labels(positions, gap)
    assert sum(moved) == pytest.approx(sum(positions), abs=1e-6)
    pairs = sorted(zip(positions, moved, strict=True))
    gaps = np.diff(sorted(m for _, m in pairs))
    assert (gaps >= gap - 1e-9).all()


def test_spread_leaves_what_is_far_apart() -> None:
    assert spread_labels([0.9, 0.1, 0.5], 0.1) == pytest.approx([0.9, 0.1, 0.5])


def test_the_line_of_the_journey_joins_only_what_the_same_images_judged() -> None:
    spec = spec_of(progress_chart(RUNS))
    (line,) = layers(spec, "line")
    rows = pd.DataFrame(spec["datasets"][line["data"]["name"]])
    assert rows.groupby("stretch")["accuracy"].agg(list).tolist() == [[0.7, 0.7], [0.74, 0.74]]
    assert line["encoding"]["detail"]["field"] == "stretch"
    same = RUNS.assign(part=0)
    spec = spec_of(progress_chart(same))
    (line,) = layers(spec, "line")
    rows = pd.DataFrame(spec["datasets"][line["data"]["name"]])
    assert rows["stretch"].nunique() == 1
    assert rows["accuracy"].tolist() == [0.7, 0.7, 0.74, 0.74]
