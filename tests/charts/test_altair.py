from __future__ import annotations

import json
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.charts.classes import class_bars, class_counts
from fer_core.charts.quality import precision_by_distance, score_histogram
from fer_core.charts.splits import split_shares
from fer_core.charts.theme import DARK, LIGHT, spread
from fer_core.emotions import SPLIT_COLORS, colors

COUNTS = pd.DataFrame(
    {"sad": [3722, 1068, 32], "happy": [3687, 1759, 32], "Boredom": [5, 0, 1]}, index=["train", "val", "test"]
)
SHARES = pd.DataFrame({"test": [1, 10], "train": [74, 80], "val": [25, 10]}, index=["before", "after"])
DISTANCES = pd.DataFrame(
    {"distance": [0, 2, 4, 6], "same": [1.0, 0.9, 0.74, 0.5], "pairs": [900, 120, 140, 200]}
)


def figures(dark: bool) -> dict[str, alt.LayerChart]:
    return {
        "stacked": class_counts(COUNTS, dark=dark),
        "grouped": class_counts(COUNTS, stacked=False, dark=dark),
        "probabilities": class_bars({"sad": 0.39, "neutral": 0.52, "happy": 0.09}, threshold=0.7, dark=dark),
        "shares": split_shares(SHARES, dark=dark),
        "distances": precision_by_distance(DISTANCES, chosen=2, dark=dark),
        "scores": score_histogram(np.linspace(0, 1, 101), threshold=0.25, dark=dark),
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


def test_class_counts_hold_the_table_in_canonical_order() -> None:
    spec = spec_of(class_counts(COUNTS))
    (bars,) = layers(spec, "bar")
    drawn = pd.DataFrame(rows(spec, bars))
    assert drawn.pivot(index="split", columns="class", values="images").loc["val"].to_dict() == {
        "sad": 1068,
        "happy": 1759,
        "Boredom": 0,
    }
    assert bars["encoding"]["x"]["sort"] == ["happy", "sad", "Boredom"]
    assert bars["encoding"]["color"]["scale"] == {
        "domain": ["train", "val", "test"],
        "range": [SPLIT_COLORS[s] for s in ("train", "val", "test")],
    }
    assert bars["encoding"]["y"]["axis"]["format"] == ",d"
    (totals,) = layers(spec, "text")
    assert {row["class"]: row["total"] for row in rows(spec, totals)} == {
        "sad": 4822,
        "happy": 5478,
        "Boredom": 6,
    }
    (grouped,) = layers(spec_of(class_counts(COUNTS, stacked=False)), "bar")
    assert grouped["encoding"]["xOffset"]["field"] == "split"
    assert grouped["encoding"]["y"]["stack"] is None


def test_eight_classes_get_slanted_names() -> None:
    many = pd.DataFrame({name: [1] for name in colors(list("abcdefgh"))}, index=["train"])
    (bars,) = layers(spec_of(class_counts(many)), "bar")
    assert bars["encoding"]["x"]["axis"]["labelAngle"] == -40


def test_class_bars_are_sorted_and_coloured() -> None:
    spec = spec_of(figures(False)["probabilities"])
    _, bars = layers(spec, "bar")
    assert [row["class"] for row in rows(spec, bars)] == ["neutral", "sad", "happy"]
    assert bars["encoding"]["color"]["scale"]["range"] == [
        colors(["neutral"])["neutral"],
        "#0072B2",
        "#E69F00",
    ]
    assert bars["encoding"]["x"]["scale"]["domain"] == [0, 1]
    (line,) = layers(spec, "rule")
    assert rows(spec, line) == [{"value": 0.7}]
    top = spec_of(class_bars({"a": 0.1, "b": 0.7, "c": 0.2}, top=2))
    assert [row["class"] for row in rows(top, layers(top, "bar")[1])] == ["b", "c"]
    canonical = spec_of(class_bars({"sad": 0.9, "happy": 0.1}, sort=False))
    assert [row["class"] for row in rows(canonical, layers(canonical, "bar")[1])] == ["happy", "sad"]


def test_split_shares_add_up() -> None:
    spec = spec_of(split_shares(SHARES))
    (bars,) = layers(spec, "bar")
    drawn = pd.DataFrame(rows(spec, bars))
    assert drawn.groupby("bar")["share"].sum().to_dict() == pytest.approx({"before": 1, "after": 1})
    assert drawn[drawn["bar"] == "before"]["split"].tolist() == ["train", "val", "test"]
    assert (drawn["end"] > drawn["start"]).all()
    (words,) = layers(spec, "text")
    assert [row["text"] for row in rows(spec, words)] == ["74.0 / 25.0 / 1.0 %", "80.0 / 10.0 / 10.0 %"]


def test_distances_up_to_the_chosen_one_stand_out() -> None:
    spec = spec_of(figures(False)["distances"])
    (bars,) = layers(spec, "bar")
    assert [row["used"] for row in rows(spec, bars)] == [True, True, False, False]
    assert "2: 90%" in spec["description"]


def test_score_histogram_counts_every_score_once() -> None:
    scores = pd.Series([0.0, 0.1, 0.24, 0.25, 0.9, 1.0, np.nan])
    spec = spec_of(score_histogram(scores, threshold=0.25, bins=20))
    (bars,) = layers(spec, "bar")
    drawn = pd.DataFrame(rows(spec, bars))
    assert drawn["images"].sum() == 6
    assert drawn.loc[drawn["flagged"], "images"].sum() == 3
    (words,) = layers(spec, "text")
    assert rows(spec, words)[0]["text"] == "3 below 0.25"
    assert len(layers(spec_of(score_histogram(scores)), "rule")) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0.01, 0.3))
def test_spread_keeps_order_centre_and_distance(positions: list[float], gap: float) -> None:
    moved = spread(positions, gap)
    assert sum(moved) == pytest.approx(sum(positions), abs=1e-6)
    pairs = sorted(zip(positions, moved, strict=True))
    gaps = np.diff(sorted(m for _, m in pairs))
    assert (gaps >= gap - 1e-9).all()


def test_spread_leaves_what_is_far_apart() -> None:
    assert spread([0.9, 0.1, 0.5], 0.1) == pytest.approx([0.9, 0.1, 0.5])
