from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from fer_core.charts.confusion import confusion_matrix, describe

NAMES = ["sad", "happy", "neutral"]
COUNTS = pd.DataFrame([[300, 4, 1196], [1, 699, 0], [0, 0, 0]], index=NAMES, columns=NAMES)


@pytest.mark.parametrize("dark", [False, True])
def test_every_cell_has_count_and_share(dark: bool) -> None:
    figure = confusion_matrix(COUNTS, dark=dark)
    json.loads(figure.to_json())
    heat, points = figure.data
    assert list(heat.y) == ["happy", "neutral", "sad"]
    np.testing.assert_allclose(heat.z[2], [4 / 1500, 1196 / 1500, 0.2])
    assert (heat.z[1] == 0).all()
    words = {(a.y, a.x): a.text for a in figure.layout.annotations}
    assert words["sad", "neutral"] == "1,196<br>80%"
    assert words["sad", "happy"] == "4<br><1%"
    assert words["neutral", "sad"] == "0<br>0%"
    assert len(words) == 9
    assert ["sad", "neutral", 1196] in [list(c) for c in points.customdata]
    assert figure.layout.title.text is None
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.yaxis.autorange == "reversed"


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_their_cell(dark: bool) -> None:
    shares = np.linspace(0, 1, 8)
    table = (np.stack([shares, 1 - shares], axis=1) * 1000).round().astype(int)
    for index, row in enumerate(table):
        counts = pd.DataFrame([row, [0, 1]], index=["a", "b"], columns=["a", "b"])
        figure = confusion_matrix(counts, dark=dark)
        (low, high) = (rgb(color) for _, color in figure.data[0].colorscale)
        word = next(a for a in figure.layout.annotations if (a.y, a.x) == ("a", "a"))
        cell = low + (high - low) * row[0] / row.sum()
        assert contrast(cell, rgb(word.font.color)) >= 4.5, (index, word.font.color)


def test_a_chosen_cell_is_framed() -> None:
    (frame,) = confusion_matrix(COUNTS, chosen=("sad", "neutral")).layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0.5, 1.5, 1.5, 2.5)
    assert not confusion_matrix(COUNTS).layout.shapes


def test_description() -> None:
    assert describe(COUNTS) == (
        "Confusion matrix of 3 classes: 999 of 2,200 right; most often sad is read as neutral (80%)"
    )
    perfect = pd.DataFrame(np.eye(3, dtype=int), index=NAMES, columns=NAMES)
    assert describe(perfect).endswith("3 of 3 right")


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=float)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    def luminance(color: np.ndarray) -> float:
        c = color / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)
