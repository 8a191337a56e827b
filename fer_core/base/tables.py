"""Columns and rows of a DataFrame as Python objects, fast also where text is stored by Arrow."""

from __future__ import annotations

from typing import Any

import pandas as pd


def column_values(column: pd.Series) -> list[Any]:
    """The values of a column as Python objects."""
    return list(column.to_numpy(dtype=object))


def row_dicts(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries, as `to_dict("records")`."""
    names = [str(name) for name in table]
    columns = [column_values(table[name]) for name in table]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
