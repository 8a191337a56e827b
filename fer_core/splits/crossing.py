"""Copies across splits: pairs of pictures in, pairs of images between every two splits out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from fer_core.base.emotions import UNASSIGNED, ordered_splits
from fer_core.data.manifest import readable

KINDS: tuple[str, ...] = ("exact", "near", "mirrored")
"""What a copy can be: equal pixels, nearly so, or nearly so when mirrored."""


@dataclass(frozen=True)
class PairCounts:
    """What two splits, or all of them, share, in pairs of images.

    Attributes:
        checked: pairs there are.
        exact, near, mirrored: how many of them are copies; None where that kind was not compared.
    """

    checked: int
    exact: int | None
    near: int | None
    mirrored: int | None

    @property
    def copies(self) -> int:
        """Pairs that are known to be copies."""
        return (self.exact or 0) + (self.near or 0) + (self.mirrored or 0)


def assigned(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows that take part: readable and in a split."""
    table = readable(manifest)
    return table[table["split"] != UNASSIGNED]


def sizes_of(table: pd.DataFrame) -> dict[str, int]:
    """Images per split of `assigned` rows, in the usual order."""
    counted = table["split"].value_counts()
    return {name: int(counted[name]) for name in ordered_splits(counted.index)}


def equal(table: pd.DataFrame) -> pd.DataFrame:
    """Every picture that occurs more than once, as a pair with itself: first, second (pixel hashes), kind."""
    hashes = table["pixel_hash"][table["pixel_hash"].duplicated()].unique()
    return pd.DataFrame({"first": hashes, "second": hashes, "kind": "exact"})


def paired(table: pd.DataFrame, pairs: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of a table whose picture is in one of these pairs: all that `crossing_pairs` and `leaked_images` look at."""
    hashes = pd.concat([part[end] for part in pairs for end in ("first", "second")])
    return table[table["pixel_hash"].isin(hashes.unique())]


def crossing_pairs(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The pairs of pictures that two splits share: one row per pair of splits (`one`, `other`), with the number
    of pairs of images between them (`pairs`).

    Args:
        pairs: first, second (pixel hashes of `table`) and kind.
        table: `assigned` rows.
    """
    wanted = pd.unique(pd.concat([pairs["first"], pairs["second"]]))
    some = table[table["pixel_hash"].isin(wanted)]
    cross = some.groupby(["pixel_hash", "split"]).size().unstack(fill_value=0)
    first = cross.reindex(pairs["first"], fill_value=0)
    second = cross.reindex(pairs["second"], fill_value=0)
    parts = [pairs.assign(one="", other="", pairs=0).head(0)]
    same = (pairs["first"] == pairs["second"]).to_numpy()
    for one, other in combinations(ordered_splits(cross.columns), 2):
        number = first[one].to_numpy() * second[other].to_numpy()
        # Images of two different pictures meet both ways round; those of one picture are the same two splits.
        number = number + np.where(same, 0, first[other].to_numpy() * second[one].to_numpy())
        part = pairs.assign(one=one, other=other, pairs=number)
        parts.append(part[number > 0])
    return pd.concat(parts).sort_index(kind="stable")


def count_pairs(
    found: pd.DataFrame, sizes: dict[str, int], compared: Collection[str]
) -> tuple[PairCounts, dict[str, PairCounts]]:
    """All splits together, and every two of them ("train|val").

    Args:
        found: from `crossing_pairs`.
        sizes: `sizes_of` all rows.
        compared: the kinds that were looked for; of others nothing is known.
    """
    table = {}
    for one, other in combinations(sizes, 2):
        rows = found[(found["one"] == one) & (found["other"] == other)]
        table[f"{one}|{other}"] = PairCounts(sizes[one] * sizes[other], **_counts(rows, compared))
    whole = sum(pair.checked for pair in table.values())
    return PairCounts(whole, **_counts(found, compared)), table


def _counts(found: pd.DataFrame, compared: Collection[str]) -> dict[str, int | None]:
    number = found.groupby("kind")["pairs"].sum()
    return {kind: int(number.get(kind, 0)) if kind in compared else None for kind in KINDS}


def leaked_images(pairs: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The images that have a copy in another split.

    Args:
        pairs, table: as `crossing_pairs`.

    Returns:
        The rows of those images with `kind` and `other` (the split their copy is in): an image with copies of several
        kinds or in several splits has a row for each.
    """
    both = pd.concat(
        [pairs[["first", "second", "kind"]], pairs.rename(columns={"first": "second", "second": "first"})]
    )[["first", "second", "kind"]].drop_duplicates()
    there = table.loc[table["pixel_hash"].isin(both["second"]), ["pixel_hash", "split"]].drop_duplicates()
    where = both.merge(there.rename(columns={"pixel_hash": "second", "split": "other"}), on="second")
    where = where[["first", "kind", "other"]].drop_duplicates()
    here = table[table["pixel_hash"].isin(where["first"])]
    found = here.merge(where, left_on="pixel_hash", right_on="first").drop(columns="first")
    return found[found["split"] != found["other"]].reset_index(drop=True)
