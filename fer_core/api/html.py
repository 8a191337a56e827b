"""What a notebook shows of an object: a title, a line and a table, everything escaped."""

from __future__ import annotations

from html import escape

import pandas as pd

SHOWN = 20  # rows


def card(title: str, line: str, table: pd.DataFrame) -> str:
    """HTML of an object.

    Args:
        title, line: plain text.
        table: its first rows are shown.
    """
    more = f"<p>and {len(table) - SHOWN:,} more</p>" if len(table) > SHOWN else ""
    rows = table.head(SHOWN).to_html(escape=True, border=0, na_rep="–")
    return f"<div><strong>{escape(title)}</strong><p>{escape(line)}</p>{rows}{more}</div>"
