"""New splits: every class in the wanted ratios, no picture on two sides.

>>> import pandas as pd
>>> table = pd.DataFrame({"image_id": list("abcdefghij"), "pixel_hash": list("aabcdefghi"), "error": "",
...                       "split": "train", "label": "happy", "path": list("abcdefghij"), "file_hash": ""})
>>> plan = stratify(table, (60, 20, 20), seed=1)
>>> plan.after["images"].to_dict(), plan.group_violations
({'train': 6, 'val': 2, 'test': 2}, 0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from fer_core.data.records import classes, content_id, counts, readable
from fer_core.data.versions import save_version
from fer_core.emotions import SPLITS
from fer_core.errors import SplitError, TooFewImages
from fer_core.splits.allocate import Ints, allocate
from fer_core.splits.tables import group_violations, split_table

if TYPE_CHECKING:
    from fer_core.data.datasets import Dataset
    from fer_core.data.versions import Version

EXACT = "exact"
TOLERANCE = 1.0
"""Percentage points by which a class may miss its ratio in a split before the plan says so."""


@dataclass(frozen=True)
class Plan:
    """Splits proposed for one version, with the proof. Nothing is saved until `save_plan`.

    Attributes:
        manifest: the whole table with its new splits; rows that did not decode keep theirs.
        before: `splits.tables.split_table` of the splits as they were: images, share, target, worst.
        after: the same of the new splits.
        counts_before: readable images per split (index) and class (columns), int64.
        counts_after: the same with the new splits.
        moves: image_id, path, label, from, to of every image that changes split.
        group_violations: groups on more than one side, counted again from `manifest`.
        groups: how many groups of two or more images were kept together.
        warnings: sentences on what could not be met.
        parent: id of the version the plan was made from.
    """

    manifest: pd.DataFrame
    before: pd.DataFrame
    after: pd.DataFrame
    counts_before: pd.DataFrame
    counts_after: pd.DataFrame
    moves: pd.DataFrame
    group_violations: int
    groups: int
    ratios: dict[str, float]
    seed: int
    grouped_by: str
    parent: str
    warnings: list[str] = field(default_factory=list)

    @property
    def moved(self) -> int:
        """How many images change split."""
        return len(self.moves)


def parse_ratios(text: str) -> tuple[float, ...]:
    """`"80/10/10"` as numbers; `stratify` checks them.

    Raises:
        SplitError: a part is not a number.
    """
    try:
        return tuple(float(part) for part in text.replace(",", "/").split("/"))
    except ValueError as error:
        raise SplitError("Ratios are three numbers, as in 80/10/10", received=text) from error


def stratify(
    manifest: pd.DataFrame,
    ratios: Sequence[float] = (80, 10, 10),
    seed: int = 42,
    groups: str | pd.Series = EXACT,
) -> Plan:
    """New splits in the given ratios, the same for the same pictures, labels, ratios and seed.

    Pictures with equal pixels always stay on one side. Which pictures go where depends on their content and
    the seed, not on row order or file names.

    Args:
        manifest: a manifest; rows that did not decode keep their split.
        ratios: for train, val and test, summing to 100 or to 1.
        seed: decides which images go where.
        groups: "exact", or what else to keep together: the name of a manifest column (such as "subject") or a
            Series of group ids indexed by image_id. Missing and empty ids stand for images on their own.

    Raises:
        SplitError: ratios that do not sum to 100 or 1, or groups that match no image.
        TooFewImages: fewer different groups of pictures than splits.
    """
    wanted = _ratios(ratios)
    table = readable(manifest)
    extra, grouped_by = _extra_groups(table, groups)
    if table.empty:
        raise TooFewImages("There are no readable images to split", received=f"{len(manifest)} rows")
    group = _components(table, extra)
    needed = sum(share > 0 for share in wanted.values())
    apart = int(group.max()) + 1
    if apart < needed:
        raise TooFewImages(
            f"{needed} splits need at least {needed} pictures that may be apart",
            received=f"{len(table)} images in {apart} group{'s' * (apart > 1)}",
        )
    names = classes(manifest)
    label = pd.Categorical(table["label"], categories=list(names)).codes.astype(np.int64)
    chosen = allocate(group, label, np.array(list(wanted.values())), seed)[group]

    result = manifest.copy()
    result.loc[table.index, "split"] = np.array(list(wanted), dtype=object)[chosen]
    before, after = counts(manifest), counts(result)
    moves = table[["image_id", "path", "label"]].assign(
        **{"from": table["split"], "to": result.loc[table.index, "split"]}
    )
    sizes = np.bincount(group)
    return Plan(
        manifest=result,
        before=split_table(before, wanted),
        after=split_table(after, wanted),
        counts_before=before,
        counts_after=after,
        moves=moves[moves["from"] != moves["to"]].reset_index(drop=True),
        group_violations=group_violations(result, extra),
        groups=int((sizes > 1).sum()),
        ratios=wanted,
        seed=seed,
        grouped_by=grouped_by,
        parent=content_id(manifest),
        warnings=_warnings(manifest, after, wanted, sizes),
    )


def save_plan(dataset: Dataset, plan: Plan, parent: str | None = None) -> Version:
    """The plan as a new version of the dataset, child of the version it was made from.

    Args:
        dataset: the dataset the plan was made from.
        plan: from `stratify`.
        parent: id of the version the plan was made from; checked against the plan's own.

    Raises:
        SplitError: a group is on two sides, or the plan was made from another dataset.
    """
    if plan.group_violations:
        raise SplitError("Groups of equal pictures are on two sides", received=plan.group_violations)
    if parent not in (None, plan.parent) or plan.parent not in {v.id for v in dataset.versions()}:
        raise SplitError(
            "This plan was made from another dataset or version",
            received=parent or plan.parent,
            hint="Make the plan again",
        )
    parameters = {
        "ratios": plan.ratios,
        "seed": plan.seed,
        "groups": plan.grouped_by,
        "moved": plan.moved,
        "group_violations": plan.group_violations,
    }
    return save_version(
        dataset, plan.manifest, parent=plan.parent, operation="stratify", parameters=parameters
    )


def _ratios(ratios: Sequence[float]) -> dict[str, float]:
    hint = "Give three numbers for train, val and test that sum to 100, as in 80/10/10"
    text = "/".join(f"{value:g}" for value in ratios)
    if len(ratios) != len(SPLITS):
        raise SplitError(f"{len(SPLITS)} ratios are needed", received=text, hint=hint)
    if not all(math.isfinite(value) and value >= 0 for value in ratios):
        raise SplitError("A ratio cannot be negative or infinite", received=text, hint=hint)
    total = sum(ratios)
    whole = 1.0 if abs(total - 1) < 1e-3 else 100.0
    if abs(total - whole) > 1e-3 * whole:
        raise SplitError(f"The ratios sum to {total:g}, not to 100", received=text, hint=hint)
    return {name: value / total for name, value in zip(SPLITS, ratios, strict=True)}


def _extra_groups(table: pd.DataFrame, groups: str | pd.Series) -> tuple[pd.Series | None, str]:
    if isinstance(groups, str):
        if groups == EXACT:
            return None, EXACT
        if groups not in table:
            columns = [name for name in ("subject", "group", "source") if name in table]
            hint = f"Use one of: {', '.join([EXACT, *columns])}"
            raise SplitError("There is no such column to group by", received=groups, hint=hint)
        name, ids = groups, table.set_index("image_id")[groups]
    else:
        name, ids = str(groups.name or "given groups"), groups
    if ids.index.has_duplicates:
        raise SplitError("An image is in more than one group", received=ids.index[ids.index.duplicated()][0])
    ids = ids[ids.notna() & (ids.astype("str") != "")]
    if not table["image_id"].isin(ids.index).any() and len(table):
        raise SplitError("The groups match no image of this version", received=name)
    return ids, f"{EXACT}, {name}"


def _components(table: pd.DataFrame, extra: pd.Series | None) -> Ints:
    """int64 (n,): group of each row, where equal pixels or an equal extra id join; numbered by content."""
    own = table["pixel_hash"].where(table["pixel_hash"] != "", table["image_id"])
    number, hashes = pd.factorize(own, sort=True)
    if extra is None:
        return number.astype(np.int64)
    ids, _ = pd.factorize(table["image_id"].map(extra))
    known = ids >= 0
    nodes = len(hashes) + int(ids.max(initial=-1)) + 1
    edges = (np.ones(known.sum(), dtype=np.int8), (number[known], ids[known] + len(hashes)))
    _, component = connected_components(coo_matrix(edges, shape=(nodes, nodes)), directed=False)
    return pd.factorize(component[np.arange(len(hashes))])[0].astype(np.int64)[number]


def _warnings(
    manifest: pd.DataFrame, after: pd.DataFrame, ratios: dict[str, float], sizes: Ints
) -> list[str]:
    wanted = {name: share for name, share in ratios.items() if share > 0}
    told: list[str] = []
    totals = after.sum()
    for name in after.columns:
        parts = [int(after[name].get(split, 0)) for split in wanted]
        off = max(abs(n / totals[name] - share) for n, share in zip(parts, wanted.values(), strict=True))
        shown = ", ".join(f"{split} {n}" for split, n in zip(wanted, parts, strict=True))
        if totals[name] < len(wanted):
            told.append(f"{name} has fewer images ({totals[name]}) than there are splits: {shown}.")
        elif off * 100 > TOLERANCE:
            told.append(f"{name} is more than 1 point off in a split: {shown} of {totals[name]} images.")
    total = int(totals.sum())
    for split, share in wanted.items():
        if sizes.max() > share * total:
            told.append(f"The largest group ({sizes.max()} images) is larger than {split} should be.")
    table = readable(manifest)
    labels = table[table["pixel_hash"] != ""].groupby("pixel_hash")["label"].nunique()
    if conflicting := int((labels > 1).sum()):
        told.append(
            f"{conflicting} groups of equal pictures carry different labels; each stays on one side. "
            "Settle them among the duplicates first."
        )
    if unreadable := len(manifest) - len(table):
        told.append(f"{unreadable} files that do not decode keep their split.")
    return told
