"""What is balanced besides the class: columns of the manifest as numbers, and how even they came out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import SplitError
from fer_core.data.manifest import readable

CLASS = "class"
BALANCE: tuple[str, ...] = (CLASS, "source", "brightness", "mode")
"""What can be balanced: the class always, the source, five bands of brightness, gray against colour."""
BANDS = 5


def check(balance: Sequence[str]) -> None:
    """Raise SplitError for a name that is not one of `BALANCE`."""
    if unknown := [name for name in balance if name not in BALANCE]:
        raise SplitError(
            "This cannot be balanced",
            received=", ".join(unknown),
            hint=f"Use one or more of: {', '.join(BALANCE)}",
        )


def values(table: pd.DataFrame, name: str) -> pd.Series:
    """The values of one of `BALANCE` for every row, as text.

    Raises:
        SplitError: another name.
    """
    if name == CLASS:
        return table["label"].astype("str")
    check([name])
    if name not in table:
        raise SplitError("This version has no such column to balance", received=name)
    if name == "brightness":
        band = pd.qcut(table["brightness"].rank(method="average"), BANDS, labels=False, duplicates="drop")
        return (band.fillna(0).astype(int) + 1).astype("str")
    return table[name].astype("str")


def codes(table: pd.DataFrame, balance: Sequence[str]) -> NDArray[np.int64] | None:
    """int64 (n,): stratum of each row from all columns but the class; None where only the class is balanced."""
    extra = [values(table, name) for name in balance if name != CLASS]
    if not extra:
        return None
    joined = extra[0]
    for column in extra[1:]:
        joined = joined + "\0" + column
    return pd.factorize(joined, sort=True)[0].astype(np.int64)


def evenness(manifest: pd.DataFrame, balance: Sequence[str]) -> pd.DataFrame:
    """How far each balanced column differs between splits.

    Returns:
        Index name; `values` (int), `worst`: percentage points by which the share of a value in a split is
        furthest from its share in all splits.
    """
    table = readable(manifest)
    used = table["split"] != UNASSIGNED
    rows = {}
    for name in balance:
        cross = pd.crosstab(table["split"][used], values(table, name)[used])
        shares = cross.div(cross.sum(axis=1).clip(lower=1), axis=0)
        off = (shares - cross.sum() / max(int(cross.to_numpy().sum()), 1)).abs()
        rows[name] = {"values": cross.shape[1], "worst": float(off.to_numpy().max(initial=0.0) * 100)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["values", "worst"])
