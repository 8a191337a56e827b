"""Small pieces of HTML the pages share: chips, stat cards, tables, bars. Pure functions; everything is escaped.

Verdicts carry an icon and a word, never colour alone. Classes are in `style.css`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from markupsafe import Markup, escape

from fer_core.base.emotions import SPLIT_COLORS, emotion_colors

Verdict = Literal["good", "warn", "bad", "info", "none"]

_WORDS: dict[Verdict, str] = {"good": "good", "warn": "warning", "bad": "bad", "info": "note", "none": "none"}


Cell = str | int | float
"""`Markup`, such as the result of `chip`, stays as it is; other text is escaped."""


def esc(value: object) -> Markup:
    """Text for HTML: `Markup` as it is, whole numbers with thousands separators, anything else escaped."""
    return escape(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value)


def chip(verdict: Verdict, text: str, title: str = "") -> Markup:
    """A verdict: icon (drawn by the style sheet) and word on a tinted pill. `title` is its tooltip."""
    tooltip = f' title="{escape(title)}"' if title else ""
    label = f"{_WORDS[verdict]}: {text}"
    return Markup(
        f'<span class="fer-chip {verdict}" role="note" aria-label="{escape(label)}"{tooltip}>'
        f'<i aria-hidden="true"></i>{escape(text)}</span>'
    )


def run_name(text: str) -> Markup:
    """The name of a run in a table, wide enough for the usual ones to stay on one line."""
    return Markup(f'<span class="fer-run">{escape(text)}</span>')


def heading(text: str, aside: str = "", *chips: Markup) -> str:
    """The title of a card, with a quiet remark and verdicts beside it."""
    remark = f"<small>{escape(aside)}</small>" if aside else ""
    return f'<div class="fer-h" role="heading" aria-level="2">{escape(text)} {remark}{" ".join(chips)}</div>'


_QUIET: tuple[Cell, ...] = (0, "0", "–")
"""Numbers that are zero or not known do not call for attention."""


def stats(items: Iterable[tuple[Cell, str]]) -> str:
    """The strip of numbers that matter on a page: (value, what it is)."""
    cards = "".join(
        f'<div class="fer-stat{" quiet" if v in _QUIET else ""}"><b>{esc(v)}</b><span>{escape(t)}</span></div>'
        for v, t in items
    )
    return f'<div class="fer-stats">{cards}</div>'


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    numeric: Iterable[int] = (),
    current: int | None = None,
    shade: Mapping[tuple[int, int], float] | None = None,
    caption: str = "",
) -> str:
    """A dense table. `numeric`: columns to right-align; `current`: row to mark; `shade`: (row, column) -> 0..1."""
    right = set(numeric)
    tint = shade or {}

    def cls(column: int) -> str:
        return ' class="num"' if column in right else ' class="wrap"'

    head = "".join(
        f"<th{cls(i)} scope='col'>{escape(h)}</th>" if h else f"<td{cls(i)}></td>"
        for i, h in enumerate(header)
    )
    body = []
    for r, row in enumerate(rows):
        cells = []
        for c, value in enumerate(row):
            strength = tint.get((r, c), 0.0)
            style = (
                f' style="background:color-mix(in srgb,#4C6EF5 {strength * 45:.0f}%,transparent)"'
                if strength > 0
                else ""
            )
            cells.append(f"<td{cls(c)}{style}>{esc(value)}</td>")
        mark = ' class="on"' if r == current else ""
        body.append(f"<tr{mark}>{''.join(cells)}</tr>")
    label = f' aria-label="{escape(caption)}"' if caption else ""
    return (
        f'<div class="fer-scroll"><table class="fer-table"{label}><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def class_name(name: str, all_names: Iterable[str] = ()) -> Markup:
    """A class with its colour as a dot before it, so that the text keeps full contrast."""
    color = emotion_colors([*all_names, name])[name]
    dot = f'<span class="fer-dot" style="background:{color}"></span>'
    return Markup(f'<span class="fer-name">{dot}{escape(name)}</span>')


def bars(values: Mapping[str, float], *, limit: int | None = None) -> str:
    """Probability bars, largest first, each in its class colour."""
    palette = emotion_colors(values)
    rows = sorted(values.items(), key=lambda kv: -kv[1])[:limit]
    cells = "".join(
        f'<span>{escape(k)}</span><span class="fer-bar" role="img" aria-label="{escape(k)} {v:.0%}">'
        f'<i style="width:{max(v, 0.004):.1%};background:{palette[k]}"></i></span><span class="num">{v:.2f}</span>'
        for k, v in rows
    )
    return f'<div class="fer-bars">{cells}</div>'


def split_bar(shares: Mapping[str, float], label: str) -> str:
    """Shares of the splits (0..1) as one bar in three neutrals."""
    parts = "".join(
        f'<i style="flex:{max(v, 0.0001):.5f};background:{SPLIT_COLORS.get(k, "#ADB5BD")}" title="{escape(k)} {v:.1%}"></i>'
        for k, v in shares.items()
    )
    words = ", ".join(f"{k} {v:.1%}" for k, v in shares.items())
    return f'<div class="fer-split" role="img" aria-label="{escape(label)}: {escape(words)}">{parts}</div>'


def facts(pairs: Iterable[tuple[str, Cell]]) -> str:
    """What is known about one thing, as term and value."""
    return (
        '<dl class="fer-facts">'
        + "".join(f"<dt>{escape(k)}</dt><dd>{esc(v)}</dd>" for k, v in pairs)
        + "</dl>"
    )


def progress(share: float) -> str:
    """A slim bar for a share between 0 and 1."""
    percent = min(max(share, 0.0), 1.0)
    return (
        f'<div class="fer-progress" role="progressbar" aria-label="progress" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{percent * 100:.0f}"><i style="width:{percent:.2%}"></i></div>'
    )


def plural(count: int, word: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """`48 s`, `3 min`, `2.5 h`: how a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
