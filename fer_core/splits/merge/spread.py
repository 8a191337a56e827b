"""Where added images go, and what that does to the mix of classes and sources in every split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.emotions import UNASSIGNED, ordered_classes
from fer_core.base.errors import SplitError
from fer_core.data.manifest import counts
from fer_core.splits import balance
from fer_core.splits.allocate import allocate

Into = Literal["train", "all"]
TRAIN, ALL = "train", "all"
DEFAULT_INTO: Into = "all"
"""Where added images go unless asked otherwise: into train alone, they shift the mix of classes and sources between splits."""


def spread(
    taken: pd.DataFrame, manifest: pd.DataFrame, group: NDArray[np.int64], into: Into, seed: int
) -> NDArray[np.object_]:
    """A split for every added image.

    Args:
        taken: the added images; `label` and `pixel_hash` are read.
        manifest: the dataset they are added to, with its splits.
        group: int64 (n,), images of equal number stay on one side.
        into: "train" alone, or "all" splits in the shares they have now.
        seed: decides which image goes where.

    Raises:
        SplitError: there is no train split to add to, or no split at all.
    """
    images = _assigned(manifest)
    if into == TRAIN:
        if TRAIN not in images.index:
            raise SplitError(
                "This version has no train split to add to",
                received=", ".join(map(str, images.index)) or "no splits",
                hint="Make splits first, or add to all splits",
            )
        return np.full(len(taken), TRAIN, dtype=object)
    if images.empty:
        raise SplitError("This version has no splits to add to", hint="Make splits first")
    names = np.array([str(name) for name in images.index], dtype=object)
    share = images.sum(axis=1).to_numpy(np.float64)
    label = pd.Categorical(taken["label"], categories=list(ordered_classes(taken["label"].unique()))).codes
    order = np.argsort(
        taken["pixel_hash"].to_numpy(dtype=object), kind="stable"
    )  # content decides, not names
    own = pd.factorize(group[order])[0].astype(np.int64)
    chosen = allocate(own, label[order].astype(np.int64), share / share.sum(), seed)[own]
    result = np.empty(len(taken), dtype=object)
    result[order] = names[chosen]
    return result


def drifts(manifest: pd.DataFrame, choices: Mapping[Into, pd.DataFrame]) -> pd.DataFrame:
    """What each choice does to the mix of classes and of sources.

    Args:
        manifest: as it is.
        choices: the added images (label, split) of each choice, by name.

    Returns:
        Index "as it is" and the choices; `cramers_v` and `p` of class against split (NaN where they cannot be
        told), `points`: by how many percentage points a class's share in a split is furthest from its share
        in all splits, `worst`: which class and split that is, and `new`: {class: {split: share (0..1) of added
        images}} for every filled class.
    """
    table = manifest[["split", "label", "error"]]
    rows: dict[str, dict[str, object]] = {"as it is": _row(table, 0)}
    for name, added in choices.items():
        whole = pd.concat([table, added[["split", "label"]].assign(error="")], ignore_index=True)
        rows[name] = _row(whole, len(added))
    return pd.DataFrame.from_dict(rows, orient="index")


def _assigned(manifest: pd.DataFrame) -> pd.DataFrame:
    images = counts(manifest).drop(index=UNASSIGNED, errors="ignore")
    return images[images.sum(axis=1) > 0]


def _row(table: pd.DataFrame, added: int) -> dict[str, object]:
    """One line of `drifts`; the last `added` rows are the new ones."""
    images = _assigned(table)
    tested = balance.drift(images) or {}
    shares = images.div(images.sum(axis=1), axis=0)
    off = (shares - images.sum() / max(int(images.to_numpy().sum()), 1)).abs()
    split, name = divmod(int(np.argmax(off.to_numpy())), off.shape[1]) if off.size else (0, 0)
    tail = table.iloc[len(table) - added :]
    new = pd.crosstab(tail["label"], tail["split"]).reindex(columns=images.index, fill_value=0)
    return {
        "cramers_v": tested.get("cramers_v", np.nan),
        "p": tested.get("p", np.nan),
        "points": float(off.to_numpy().max(initial=0.0) * 100),
        "worst": f"{off.columns[name]} in {off.index[split]}" if off.size else "",
        "new": {
            str(label): {
                str(split): float(row[split] / max(images[label][split], 1)) for split in images.index
            }
            for label, row in new.iterrows()
        },
    }
