"""CSV that a spreadsheet shows and does not run.

A cell that begins like a formula gets an apostrophe before it, as OWASP advises ("CSV Injection"): classes, paths and remarks
come from people. Files that a program reads back, such as exports of a dataset, are written as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_BEGINS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV without its index; numbers stay as they are."""
    return table.map(_cell).rename(columns=_cell).to_csv(index=False)


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_BEGINS) else value
