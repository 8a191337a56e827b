"""The curves of a run that is watched: lines, marks and branches, and specifications that Vega-Lite accepts."""

from __future__ import annotations

import json
from typing import Any

import altair as alt
import pytest

from fer_core.charts import curves
from fer_core.charts.rates import loss_by_rate
from fer_core.charts.theme import DARK, LIGHT
from fer_core.charts.vega import VegaSpec


def rows(epochs: int, top: float = 0.8) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch, "accuracy": top * epoch / epochs + 0.02, "val_accuracy": top * epoch / epochs,
            "loss": 2.0 / epoch, "val_loss": 2.2 / epoch, "learning_rate": 1e-3 / epoch,
        }
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip


def lines(spec: VegaSpec) -> list[VegaSpec]:
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]


def texts(spec: VegaSpec) -> set[str]:
    found = [layer for layer in spec["layer"] if layer["mark"]["type"] == "text"]
    return {point.get("text") or point["line"] for layer in found for point in layer["data"]["values"]}


def figures(dark: bool) -> dict[str, VegaSpec]:
    return {
        "accuracy": curves.curve(rows(30), "accuracy", best=27, others={"run 3": rows(20)}, dark=dark),
        "loss": curves.curve(rows(30), "loss", planned=75, forked_at=12, dark=dark),
        "one": curves.curve(rows(1), "accuracy", planned=75, dark=dark),
        "none": curves.curve([], "loss", planned=75, dark=dark),
        "gap": curves.gap_curve(rows(30), planned=40, dark=dark),
        "rate": curves.rate_curve(rows(30), dark=dark),
        "deep": curves.rate_curve(rows(300), dark=dark),
        "rates tried": loss_by_rate([1e-4, 1e-3, 1e-2], [2.0, 1.0, 9.0], [2.0, 1.5, 4.0], 5e-4, dark=dark),
    }


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", list(figures(False)))
def test_every_figure_is_valid_and_in_the_house_style(name: str, dark: bool) -> None:
    spec = figures(dark)[name]
    json.dumps(spec, allow_nan=False)
    alt.Chart.from_dict(spec)  # raises where the schema does not hold
    assert spec["config"]["axis"]["labelColor"] == (DARK if dark else LIGHT).muted
    assert len(spec["description"]) > 20
    assert any("tooltip" in layer["encoding"] for layer in spec["layer"])


def test_a_fork_is_drawn_as_a_branch() -> None:
    spec = curves.curve(rows(30), "accuracy", best=27, forked_at=12, others={"run 3": rows(30)})
    other, before, after = lines(spec)
    assert other["mark"]["strokeDash"]
    assert before["mark"]["strokeDash"]
    assert "strokeDash" not in after["mark"]
    assert {p["epoch"] for p in before["data"]["values"]} == set(range(1, 13))
    assert {p["epoch"] for p in after["data"]["values"]} == set(range(12, 31))  # they meet
    assert texts(spec) == {"fork 12", "best 27", "train", "val", "run 3"}


def test_the_axis_reaches_to_the_planned_end() -> None:
    for spec in (curves.curve(rows(3), "loss", planned=75), curves.gap_curve(rows(3), planned=75)):
        assert lines(spec)[-1]["encoding"]["x"]["scale"]["domain"] == [1, 75]


def test_the_axis_of_a_very_long_plan_leaves_the_curve_room() -> None:
    for done, end in ((0, 63), (3, 63), (15, 63), (16, 125), (200, 1000), (1200, 1200)):
        spec = curves.curve(rows(done), "loss", planned=1000)
        assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [1, end], done


def test_the_gap_is_in_points() -> None:
    (line,) = lines(curves.gap_curve(rows(10)))
    assert [round(p["value"], 6) for p in line["data"]["values"]] == [2.0] * 10
    low, high = line["encoding"]["y"]["scale"]["domain"]
    assert low < 0 < 5 < high


def test_a_rate_that_falls_far_is_drawn_on_a_logarithmic_axis() -> None:
    def scale(spec: VegaSpec) -> Any:
        return lines(spec)[0]["encoding"]["y"]["scale"].get("type")

    assert scale(curves.rate_curve(rows(30))) is None
    assert scale(curves.rate_curve(rows(300))) == "log"


def test_what_is_no_number_is_left_out() -> None:
    broken = rows(6)
    broken[3]["val_loss"], broken[4]["loss"] = float("nan"), None
    spec = curves.curve(broken, "loss")
    json.dumps([line["data"] for line in lines(spec)], allow_nan=False)
    assert len(lines(spec)[-1]["data"]["values"]) == 10


@pytest.mark.parametrize(
    ("best", "last", "side"), [(1, 2, "left"), (1, 40, "left"), (2, 2, "right"), (30, 40, "right")]
)
def test_the_best_epoch_is_named_where_there_is_room(best: int, last: int, side: str) -> None:
    spec = curves.curve(rows(last), "accuracy", best=best)
    (mark,) = [
        layer["mark"] for layer in spec["layer"]
        if layer["mark"]["type"] == "text" and any(p.get("text") == f"best {best}" for p in layer["data"]["values"])
    ]  # fmt: skip
    assert mark["align"] == side
    assert mark["dx"] == (4 if side == "left" else -4)


def test_smoothed_lines_keep_what_was_measured_behind_and_the_pointer_tells_every_run() -> None:
    table = rows(6)
    table[2]["val_loss"] = 9.0
    spec = curves.curve(table, "loss", smoothing=0.6, log=True, others={"run 3 compact · lr .004": rows(8)})
    measured, smooth = (
        {(p["line"], p["epoch"]): p["value"] for p in layer["data"]["values"]} for layer in lines(spec)[1::2]
    )
    assert measured["val", 3] == 9.0
    weights = [0.6**age for age in (2, 1, 0)]
    expected = sum(w * v for w, v in zip(weights, (2.2, 1.1, 9.0), strict=True)) / sum(weights)
    assert smooth["val", 3] == pytest.approx(expected)
    assert spec["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"
    (hover,) = [layer for layer in spec["layer"] if "params" in layer]
    at = {row["epoch"]: row for row in hover["data"]["values"]}
    assert (at[3]["val_loss"], at[3]["other0"]) == (9.0, pytest.approx(2.2 / 3))
    assert at[8] == {"epoch": 8, "other0": pytest.approx(2.2 / 8)}  # where this run is not yet
    assert hover["encoding"]["tooltip"][-1]["title"] == "run 3 compact · lr .004"
    alt.Chart.from_dict(spec)
    plain = curves.curve([{**row, "val_loss": 0.0} for row in rows(3)], "loss", log=True)
    assert "type" not in plain["layer"][0]["encoding"]["y"]["scale"]  # zero has no logarithm
