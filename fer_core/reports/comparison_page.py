"""A comparison of runs as one HTML file that needs nothing else: to mail, to keep, to put beside a paper."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.evaluation import run_pair
from fer_core.evaluation.data_axis.settings import told_sides
from fer_core.evaluation.run_pair import RunComparison
from fer_core.evaluation.votes.people import people_of
from fer_core.evaluation.votes.vote_agreement import PeopleAgreement
from fer_core.reports.templating import render
from fer_core.runs.run import Run

_START, _WIDTH = 6, 128  # pixels of the drawing of an interval


def of_runs(
    title: str, about: str, board: pd.DataFrame, runs: Sequence[Run], split: str, version: str | None = None
) -> str:
    """The document about runs; of two or more also what differs, and the first two held against each other.

    Args:
        title, about, board: as `page`.
        runs: the chosen ones, A first.
        split, version: they are judged by, as `run_pair.compare_runs`.
    """
    found = settings = None
    people = people_of(runs[0], split, version) if runs else None
    if len(runs) > 1:
        settings = run_pair.differing_settings(runs)[0]
        for run in runs[1:]:
            if run.version != runs[0].version:
                settings.loc[run_pair.TRAINING_DATA, run.id] = told_sides(runs[0], run)[1]
        with suppress(FerError):  # the leaderboard stands by itself
            found = run_pair.compare_runs(runs[0], runs[1], split, version)
    return page(title, about, board, found, settings, people)


@dataclass(frozen=True)
class Interval:
    """Ends and value (0..1), and where the three are drawn, pixels."""

    low: float
    value: float
    high: float
    x: list[str]


@dataclass(frozen=True)
class BoardLine:
    """A line of the leaderboard; an interval where it is known."""

    cells: list[str]
    ends: Interval | None


@dataclass(frozen=True)
class Board:
    """The leaderboard: which columns are numbers, and in which one intervals are drawn."""

    header: list[str]
    numeric: list[int]
    rows: list[BoardLine]
    whiskers: int


@dataclass(frozen=True)
class Tint:
    """A cell of a matrix: what it reads, how strong its colour is (0..1), and which."""

    words: str
    share: float
    tone: str


@dataclass(frozen=True)
class SettingsTable:
    """The settings that differ."""

    header: list[str]
    rows: list[list[str]]


def page(
    title: str,
    about: str,
    board: pd.DataFrame,
    pair: RunComparison | None = None,
    settings: pd.DataFrame | None = None,
    people: PeopleAgreement | None = None,
) -> str:
    """The document.

    Args:
        title: such as `faces4: validation of version 3`.
        about: one sentence under it.
        board: a row per run in the order of the ranks, columns as they shall read; `low`, `accuracy` and `high`
            (0..1) also become a bar.
        pair: two runs held against each other, A and B.
        settings: index the setting, one column per run: what differs.
        people: how far people agree on the images, where they voted.
    """
    differ = None
    if settings is not None and len(settings):
        differ = SettingsTable(["setting", *settings.columns], _words(settings.reset_index()))
    return render(
        "comparison.html",
        title=title,
        about=about,
        board=_board(board),
        pair=pair,
        people=people,
        verdict=None if pair is None else _verdict(pair),
        matrices=[] if pair is None else _matrices(pair),
        classes=[] if pair is None else pair.per_class().to_dict("records"),
        settings=differ,
    )


def _matrices(pair: RunComparison) -> list[list[list[Tint]]]:
    """Of A, of B, and B - A."""
    a, b = pair.confusion("a"), pair.confusion("b")
    return [_counts(a), _counts(b), _changes(b - a)]


def _words(table: pd.DataFrame) -> list[list[str]]:
    return [[_word(value) for value in row] for row in table.to_numpy(dtype=object)]


def _word(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _board(board: pd.DataFrame) -> Board:
    """The leaderboard with a drawing of each interval before its accuracy."""
    ends = board[["low", "accuracy", "high"]].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    known = ends[~np.isnan(ends).any(axis=1)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    reach = max(high - low, 0.01)
    shown = board.drop(columns=["low", "high"])
    at = list(shown.columns).index("accuracy")
    rows = []
    for cells, three in zip(_words(shown), ends, strict=True):
        drawn = None
        if not np.isnan(three).any():
            x = [f"{_START + _WIDTH * (v - low) / reach:.1f}" for v in three]
            drawn = Interval(float(three[0]), float(three[1]), float(three[2]), x)
        rows.append(BoardLine([*cells[:at], "", *cells[at:]], drawn))
    numeric = [i + (i >= at) for i, n in enumerate(shown) if pd.api.types.is_numeric_dtype(shown[n])]
    return Board([*shown.columns[:at], "95 %", *shown.columns[at:]], numeric, rows, at)


def _verdict(pair: RunComparison) -> tuple[str, str]:
    if not pair.verdict["told_apart"]:
        return "none", "not significant"
    return ("good", "B is better") if pair.verdict["difference"] > 0 else ("bad", "B is worse")


def _counts(counts: NDArray[Any]) -> list[list[Tint]]:
    """Cells of a confusion matrix, tinted by their share of the row."""
    totals = np.maximum(counts.sum(axis=1), 1)
    return [
        [Tint(f"{int(n):,}", float(n / total), "count") for n in row]
        for row, total in zip(counts, totals, strict=True)
    ]


def _changes(counts: NDArray[Any]) -> list[list[Tint]]:
    """Cells of a difference, tinted by whether it is for the better: more on the diagonal, fewer elsewhere."""
    top = max(int(np.abs(counts).max(initial=0)), 1)
    return [
        [
            Tint(f"{int(n):+,}" if n else "0", float(abs(n) / top), "good" if (n > 0) == (i == j) else "bad")
            for j, n in enumerate(row)
        ]
        for i, row in enumerate(counts)
    ]
