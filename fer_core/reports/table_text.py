r"""A table as text for other programs: CSV, Markdown or LaTeX.

>>> table = pd.DataFrame({"run": ["a_b"], "accuracy": [0.91234]})
>>> print(as_text(table, "markdown"), end="")
| run | accuracy |
| --- | --- |
| a_b | 0.9123 |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from fer_core.base.csv_text import csv_text
from fer_core.reports import markdown

_LATEX = {c: "\\" + c for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def as_text(table: pd.DataFrame, kind: str) -> str:
    """A table as "csv", "markdown" or "latex"; missing values are empty."""
    if kind == "csv":
        return csv_text(table)
    rows: list[list[str]] = [[str(name) for name in table]]
    rows += [[_cell(value) for value in row] for row in table.to_numpy(dtype=object)]
    clean: Callable[[str], str] = markdown.escape if kind == "markdown" else _tex
    rows = [[clean(cell) for cell in row] for row in rows]
    if kind == "markdown":
        lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
        return "".join("| " + " | ".join(line) + " |\n" for line in lines)
    columns = "".join("r" if pd.api.types.is_numeric_dtype(table[name]) else "l" for name in table)
    typeset = [" & ".join(row) + r" \\" for row in rows]
    head = rf"\begin{{tabular}}{{{columns}}}" + "\n\\hline\n"
    return head + typeset[0] + "\n\\hline\n" + "\n".join(typeset[1:]) + "\n\\hline\n\\end{tabular}\n"


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _tex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in " ".join(text.split()))
