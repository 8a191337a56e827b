"""New splits: every class in the wanted ratios, no picture in two splits.

>>> import pandas as pd
>>> table = pd.DataFrame({"image_id": list("abcdefghij"), "pixel_hash": list("aabcdefghi"), "error": "",
...                       "split": "train", "label": "happy", "path": list("abcdefghij"), "file_hash": ""})
>>> plan = stratify(table, (60, 20, 20), seed=1)
>>> plan.after["images"].to_dict(), plan.group_violations
({'train': 6, 'val': 2, 'test': 2}, 0)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fer_core.base.emotions import SPLITS, UNASSIGNED
from fer_core.base.errors import SplitError, TooFewImages
from fer_core.data.manifest import classes, content_id, counts, readable
from fer_core.splits import groups, set_aside, strata
from fer_core.splits.allocate import allocate
from fer_core.splits.groups import EXACT, GroupSource
from fer_core.splits.plan import SplitPlan, save_fold, save_folds, save_plan
from fer_core.splits.ratios import fold_names, parse_ratios, shares
from fer_core.splits.tables import group_violations, split_table
from fer_core.splits.warnings import warnings

__all__ = [
    "EXACT", "SplitPlan", "parse_ratios", "save_fold", "save_folds", "save_plan", "stratify", "stratify_folds",
]  # fmt: skip

TEST = SPLITS[-1]


def stratify(
    manifest: pd.DataFrame,
    ratios: Sequence[float] = (80, 10, 10),
    seed: int = 42,
    groups: GroupSource | Sequence[GroupSource] = EXACT,
    *,
    balance: Sequence[str] = (strata.CLASS,),
    keep_test: bool = False,
    cap: int | None = None,
) -> SplitPlan:
    """New splits in the given ratios, the same for the same pictures, labels, ratios and seed.

    Pictures with equal pixels always stay on one side. Which pictures go where depends on their content and
    the seed, not on row order or file names.

    Args:
        manifest: a manifest; rows that did not decode keep their split.
        ratios: for train, val and test, summing to 100 or to 1.
        seed: decides which images go where.
        groups: "exact", or what else to keep together: the name of a manifest column (such as "subject"), a
            Series of group ids indexed by image_id, or several of these. Missing and empty ids stand for
            images on their own.
        balance: of `strata.BALANCE`; the class is balanced in any case.
        keep_test: leave the test split exactly as it is; train and val share the rest in their ratio, and
            other images of a test image's group are set aside.
        cap: largest number of images of a class; what is over it is set aside, second copies first.

    Raises:
        SplitError: ratios that do not sum to 100 or 1, groups that match no image, an unknown column to
            balance, or no test split to keep.
        TooFewImages: fewer different groups of pictures than splits.
    """
    wanted = shares(ratios)
    if keep_test:
        rest = 1 - wanted[TEST]
        if rest <= 0:
            raise SplitError("With the test split kept, train or val need a share", received="0/0/100")
        wanted = {name: share / rest for name, share in wanted.items() if name != TEST}
    given = {"given_ratios": [float(ratio) for ratio in ratios]}
    return _plan(manifest, wanted, seed, groups, balance, keep_test, cap, given)


def stratify_folds(
    manifest: pd.DataFrame,
    folds: int = 5,
    seed: int = 42,
    groups: GroupSource | Sequence[GroupSource] = EXACT,
    *,
    balance: Sequence[str] = (strata.CLASS,),
    keep_test: bool = False,
    cap: int | None = None,
) -> SplitPlan:
    """`stratify` into equal folds, named "fold-1" and on, instead of train, val and test.

    Args:
        folds: 2 to 20.
        others: as `stratify`; with `keep_test` the folds share what is not in test.

    Raises:
        SplitError, TooFewImages: as `stratify`, or a number of folds out of range.
    """
    wanted = dict.fromkeys(fold_names(folds), 1 / folds)
    return _plan(manifest, wanted, seed, groups, balance, keep_test, cap, {"folds": folds})


def _plan(
    manifest: pd.DataFrame,
    wanted: dict[str, float],
    seed: int,
    kinds: GroupSource | Sequence[GroupSource],
    balance: Sequence[str],
    keep_test: bool,
    cap: int | None,
    options: dict[str, Any],
) -> SplitPlan:
    """The plan; `wanted` are the shares of what is not kept."""
    table = readable(manifest)
    if table.empty:
        raise TooFewImages("There are no readable images to split", received=f"{len(manifest)} rows")
    extra = groups.given_groups(table, kinds)
    group = groups.joined_groups(table, extra)
    held, copies, over = _kept_out(table, group, keep_test, cap, seed)
    free = ~(held | copies | over)
    _check_enough(group[free], wanted)
    label = pd.Categorical(table["label"], categories=list(classes(manifest))).codes.astype(np.int64)
    stratum = strata.codes(table, balance)
    own = np.unique(group[free], return_inverse=True)[1]  # sorted: groups are numbered by their content
    chosen = allocate(
        own, label[free], np.array(list(wanted.values())), seed, None if stratum is None else stratum[free]
    )
    split = table["split"].to_numpy(dtype=object, copy=True)
    split[free] = np.array(list(wanted), dtype=object)[chosen[own]]
    split[copies | over] = UNASSIGNED
    result = manifest.copy()
    result.loc[table.index, "split"] = split

    before, after = counts(manifest), counts(result)
    assigned = after.drop(index=UNASSIGNED, errors="ignore")
    goal = _goal(assigned, wanted, keep_test)
    moves = table[["image_id", "path", "label"]].copy()
    moves["from"], moves["to"] = table["split"], split
    left = table.loc[copies | over, ["image_id", "path", "label"]]
    reason = np.where(copies, set_aside.COPY_OF_TEST, set_aside.OVER_CAP)[copies | over]
    return SplitPlan(
        manifest=result,
        before=split_table(before, goal),
        after=split_table(assigned, goal),
        counts_before=before,
        counts_after=after,
        moves=moves[moves["from"] != moves["to"]].reset_index(drop=True),
        aside=left.assign(reason=reason).reset_index(drop=True),
        group_violations=group_violations(result, *extra),
        groups=int((np.bincount(group) > 1).sum()),
        ratios={str(name): float(share) for name, share in (goal * assigned.sum()).sum(axis=1).items()}
        if keep_test
        else wanted,
        seed=seed,
        grouped_by=groups.group_names(extra),
        balance=tuple(dict.fromkeys((strata.CLASS, *balance))),
        evenness=strata.evenness(result, tuple(dict.fromkeys((strata.CLASS, *balance)))),
        options=options | {"keep_test": keep_test, "cap": cap},
        parent=content_id(manifest),
        warnings=warnings(manifest, result, wanted, goal, np.bincount(own), keep_test),
    )


def _kept_out(
    table: pd.DataFrame, group: np.ndarray, keep_test: bool, cap: int | None, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """bool (n,) each: images of a test that is kept, copies of these, and those over the cap of their class."""
    held = (table["split"] == TEST).to_numpy() & keep_test
    if keep_test and not held.any():
        raise SplitError("This version has no test split to keep", hint="Make a new one instead")
    copies = set_aside.copies_of(group, held)
    if cap is None:
        return held, copies, np.zeros(len(table), bool)
    return held, copies, set_aside.over_cap(table, cap, held, ~held & ~copies, seed)


def _check_enough(group: np.ndarray, wanted: dict[str, float]) -> None:
    needed = sum(share > 0 for share in wanted.values())
    apart = len(np.unique(group))
    if apart < needed:
        raise TooFewImages(
            f"{needed} splits need at least {needed} pictures that may be apart",
            received=f"{len(group)} images in {apart} group{'' if apart == 1 else 's'}",
            hint="Images that are copies of each other count as one",
        )


def _goal(images: pd.DataFrame, wanted: dict[str, float], keep_test: bool) -> pd.DataFrame:
    """Share (0..1) of each class (columns) that every split (index) should hold."""
    total = images.sum().clip(lower=1)
    kept = images.loc[TEST] / total if keep_test else total * 0.0
    rows = {name: (1 - kept) * share for name, share in wanted.items()}
    return pd.DataFrame(rows | ({TEST: kept} if keep_test else {})).T
