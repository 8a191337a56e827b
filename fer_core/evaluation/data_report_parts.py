"""The pieces a report is put together from: verdicts, tables, bars, faces. Text in, HTML out; everything is escaped."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image


def each(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


class Raw(str):
    """HTML that is already safe."""


def text(value: object) -> str:
    """Text for HTML: `Raw` as it is, whole numbers with thousands separators, anything else escaped."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return f"{value:,}"
    return html.escape(str(value))


def chip(verdict: str, words: str) -> Raw:
    """A verdict (good, look, bad or none) with its mark and words."""
    return Raw(f'<span class="chip {verdict}">{text(words)}</span>')


def section(title: str, aside: str, body: str) -> str:
    """A titled part; "" where it has no content."""
    return f"<section><h2>{text(title)}<small>{text(aside)}</small></h2>{body}</section>" if body else ""


def stats(items: Iterable[tuple[object, str]]) -> str:
    """The numbers that matter: (value, what it is)."""
    cards = "".join(f'<div class="stat"><b>{text(v)}</b><span>{text(w)}</span></div>' for v, w in items)
    return f'<div class="stats">{cards}</div>'


def banner(verdict: str, *paragraphs: str) -> str:
    """What a reader must not miss, framed in the colour of its verdict."""
    return f'<div class="banner {verdict}">{"".join(f"<p>{words}</p>" for words in paragraphs)}</div>'


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    numeric: Iterable[int] = (),
    shade: Mapping[tuple[int, int], float] | None = None,
) -> str:
    """A table. `numeric`: columns to right-align; `shade`: (row, column) -> 0..1."""
    right, tint = set(numeric), shade or {}

    def mark(column: int) -> str:
        return ' class="n"' if column in right else ""

    head = "".join(f'<th scope="col"{mark(i)}>{text(word)}</th>' for i, word in enumerate(header))
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{mark(c)}{_tinted(tint.get((r, c), 0.0))}>{text(value)}</td>' for c, value in enumerate(row)
        )
        + "</tr>"
        for r, row in enumerate(rows)
    )  # fmt: skip
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _tinted(strength: float) -> str:
    return f' style="background:rgba(var(--tint),{strength * 0.42:.2f})"' if strength > 0 else ""


def bar(share: float, color: str) -> Raw:
    """A bar of a share between 0 and 1."""
    width = min(max(share, 0.0), 1.0)
    return Raw(f'<div class="bar" style="--k:{color}"><i style="width:{width:.1%}"></i></div>')


def dot(name: str, color: str) -> Raw:
    """A class with its colour."""
    return Raw(f'<span class="dot" style="--k:{color}"></span>{text(name)}')


def face(pixels: NDArray[np.uint8], alt: str) -> Raw:
    """A picture, uint8 (h, w), at home in the page."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    return Raw(f'<img alt="{text(alt)}" title="{text(alt)}" src="data:image/png;base64,{data}">')


def strip(faces: Iterable[tuple[NDArray[np.uint8], str, str, str]], kind: str = "") -> str:
    """Faces in a row that breaks: (pixels, what it is for those who do not see it, first and second line below)."""
    figures = "".join(
        f"<figure>{face(pixels, alt)}{_caption(first, second)}</figure>"
        for pixels, alt, first, second in faces
    )
    return f'<div class="strip {kind}">{figures}</div>' if figures else ""


def _caption(first: str, second: str) -> str:
    if not first and not second:
        return ""
    return f"<figcaption>{f'<b>{text(first)}</b>' if first else ''}{text(second)}</figcaption>"
