# ruff: noqa: E501  the style sheet
"""A comparison as one HTML file that needs nothing else: to mail, to keep, to put beside a paper.

Everything is escaped; there is no script in it and nothing is loaded from elsewhere.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fer_core import __version__
from fer_core.evaluation.pair import Pair
from fer_core.workspace import now

_CSS = """
:root { color-scheme: light dark; --ink: #212529; --paper: #fff; --line: #dee2e6; --quiet: #868e96; --blue: #3b5bdb; --good: #2b8a3e; --bad: #e03131; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ecef; --paper: #15171c; --line: #343a40; --quiet: #909aa4; --blue: #748ffc; --good: #51cf66; --bad: #ff6b6b; } }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: var(--paper); max-width: 1040px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.12rem; margin: 2.2rem 0 .5rem; } p.about { color: var(--quiet); margin: .2rem 0 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); border-bottom: 2px solid var(--line); padding: .25rem .6rem; white-space: nowrap; }
td { border-bottom: 1px solid var(--line); padding: .32rem .6rem; } .num { text-align: right; white-space: nowrap; }
.side { display: flex; flex-wrap: wrap; gap: 2rem; } .side h3 { font-size: .92rem; margin: .2rem 0 .3rem; }
td.cell { text-align: center; min-width: 3.2rem; border: 1px solid var(--line); } .verdict { font-size: 1.05rem; }
.good { color: var(--good); } .bad { color: var(--bad); } svg { display: block; }
"""


def render(
    title: str,
    about: str,
    board: pd.DataFrame,
    pair: Pair | None = None,
    settings: pd.DataFrame | None = None,
) -> str:
    """The document.

    Args:
        title: such as `faces4: validation of version 3`.
        about: one sentence under it.
        board: a row per run in the order of the ranks, columns as they shall read; `low`, `accuracy` and `high`
            (0..1) also become a bar.
        pair: two runs held against each other, A and B.
        settings: index the setting, one column per run: what differs.
    """
    parts = [
        f"<h1>{_esc(title)}</h1><p class='about'>{_esc(about)}</p>",
        "<h2>Leaderboard</h2>",
        _board(board),
        "<p class='about'>Bars are 95 % intervals. Runs that share a rank (=) cannot be told apart by McNemar's test on "
        "the same images, copies counted together, corrected for all pairs (Holm).</p>",
    ]
    if pair is not None:
        parts += [_verdict(pair), _matrices(pair), _classes(pair)]
    if settings is not None and len(settings):
        parts += [
            "<h2>What differs</h2>",
            _table(["setting", *settings.columns], _rows(settings.reset_index()), set()),
        ]
    parts.append(f"<p class='about'>FER Workbench {_esc(__version__)}, {_esc(now())}</p>")
    body = "\n".join(parts)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{_esc(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_CSS}</style></head><body>{body}</body></html>\n"
    )


def _esc(value: object) -> str:
    return html.escape(str(value))


def _rows(table: pd.DataFrame) -> list[list[str]]:
    return [[_esc(_word(v)) for v in row] for row in table.to_numpy(dtype=object)]


def _word(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], numeric: set[int]) -> str:
    """Cells are HTML already."""

    def cls(column: int) -> str:
        return " class='num'" if column in numeric else ""

    head = "".join(f"<th{cls(i)}>{_esc(h)}</th>" for i, h in enumerate(header))
    body = "".join(
        "<tr>" + "".join(f"<td{cls(i)}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _board(board: pd.DataFrame) -> str:
    ends = board[["low", "accuracy", "high"]].apply(pd.to_numeric, errors="coerce")
    low, high = float(ends["low"].min()), float(ends["high"].max())
    shown = board.drop(columns=["low", "high"])
    place = list(shown.columns).index("accuracy")
    rows = _rows(shown)
    for row, (a, b, c) in zip(rows, ends.to_numpy(), strict=True):
        row.insert(place, "" if np.isnan(a) else _bar(a, b, c, low, max(high, low + 0.01)))
    header = [*shown.columns[:place], "95 %", *shown.columns[place:]]
    numeric = {i + (i >= place) for i, n in enumerate(shown) if pd.api.types.is_numeric_dtype(shown[n])}
    return _table(header, rows, numeric)


def _bar(a: float, b: float, c: float, low: float, high: float) -> str:
    x = [6 + 128 * (v - low) / (high - low) for v in (a, b, c)]
    words = f"{b:.3f}, 95 % from {a:.3f} to {c:.3f}"
    return (
        f"<svg width='140' height='14' role='img' aria-label='{words}'><title>{words}</title>"
        f"<line x1='{x[0]:.1f}' x2='{x[2]:.1f}' y1='7' y2='7' stroke='var(--quiet)' stroke-opacity='.55' stroke-width='5' stroke-linecap='round'/>"
        f"<circle cx='{x[1]:.1f}' cy='7' r='4.5' fill='var(--blue)'/></svg>"
    )


def _verdict(pair: Pair) -> str:
    v: Mapping[str, Any] = pair.verdict
    low, high = (100 * end for end in v["interval"])
    word = (
        "cannot be told apart"
        if not v["told_apart"]
        else "B is better"
        if v["difference"] > 0
        else "B is worse"
    )
    tone = "" if not v["told_apart"] else " good" if v["difference"] > 0 else " bad"
    return (
        f"<h2>B {_esc(pair.names[1])} against A {_esc(pair.names[0])}</h2><p class='verdict{tone}'>{word}: "
        f"{100 * v['difference']:+.1f} points, 95 % from {low:+.1f} to {high:+.1f}, p {v['p']:.2g}</p>"
        f"<p>B fixed {v['fixed']:,} and broke {v['broke']:,} of {v['images']:,} images.</p>"
    )


def _matrices(pair: Pair) -> str:
    a, b = pair.confusion("a"), pair.confusion("b")
    parts = [_matrix("A", a, pair.classes, None), _matrix("B", b, pair.classes, None)]
    parts.append(_matrix("B − A", b - a, pair.classes, max(int(np.abs(b - a).max()), 1)))
    return (
        "<h2>Confusion</h2><p class='about'>Row: label, column: answer; images.</p><div class='side'>"
        + "".join(parts)
        + "</div>"
    )


def _matrix(name: str, counts: Any, classes: Sequence[str], top: int | None) -> str:
    head = "".join(f"<th>{_esc(c)}</th>" for c in classes)
    body = []
    for i, label in enumerate(classes):
        cells = []
        for j in range(len(classes)):
            value = int(counts[i, j])
            if top is None:
                tone, share = "var(--blue)", value / max(int(counts[i].sum()), 1)
            else:
                tone, share = "var(--good)" if (value > 0) == (i == j) else "var(--bad)", abs(value) / top
            tint = f"background:color-mix(in srgb, {tone} {52 * share:.0f}%, transparent)"
            text = f"{value:,}" if top is None else f"{value:+,}" if value else "0"
            cells.append(f"<td class='cell' style='{tint}'>{text}</td>")
        body.append(f"<tr><th>{_esc(label)}</th>{''.join(cells)}</tr>")
    return f"<div><h3>{_esc(name)}</h3><table><tr><th></th>{head}</tr>{''.join(body)}</table></div>"


def _classes(pair: Pair) -> str:
    table = pair.per_class()
    rows = [
        [
            _esc(r["class"]),
            f"{r['a']:.3f}",
            f"{r['b']:.3f}",
            f"{r['b'] - r['a']:+.3f}",
            f"{int(r['support']):,}",
        ]
        for r in table.to_dict("records")
    ]
    return "<h2>Class by class, F1</h2>" + _table(["class", "A", "B", "B − A", "images"], rows, {1, 2, 3, 4})
