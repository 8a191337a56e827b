"""Filling the gaps of a dataset with images of another one.

    screening = screen(mine.manifest(), mine.pixels(), other.manifest(), other.pixels())
    plan = plan_merge(mine.manifest(), other.manifest(), screening, name=other.name, fill={"surprise": 150})
    version = save_merge(mine, other, plan)

Left out are images that fail the checks, that are near anything in val or test (a leak), that are here
already or perhaps, and second copies of each other. Nothing is saved until `save_merge`; no file is copied or changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import NothingToAdd, SplitError
from fer_core.data.manifest import OPTIONAL, classes, content_id, counts, image_id, readable
from fer_core.data.sources import MAIN
from fer_core.duplicates.reach import SURE_DISTANCE
from fer_core.splits.groups import EXACT, GroupSource, given_groups, group_names, joined_groups
from fer_core.splits.merge.fill import Fill, images_to_add
from fer_core.splits.merge.screening import Screening
from fer_core.splits.merge.spread import ALL, DEFAULT_INTO, TRAIN, Into, drifts, spread

NO_CLASS = "of a class that is not here"
NEAR_TEST = "near an image in val or test"
HERE = "here already"
PERHAPS = "perhaps here already: look at them"
TWICE = "copies of another added image"
TWO_LABELS = "of one picture with two labels"
_EVALUATED = ("val", "test")


@dataclass(frozen=True)
class MergePlan:
    """What a merge would add, and what it would do.

    Attributes:
        manifest: the whole table with the added rows; those have row -1 until they are saved.
        taken: the added images: columns of the other dataset's manifest with the class and split they get, and
            `their_label`, `their_id`, `their_row`.
        left_out: image_id (of the other dataset), path, label, reason.
        table: index class; `here`, `asked`, `usable`, `added`, `after` (int64).
        drifts: `spread.drifts` of adding to train alone and of spreading over all splits.
        name: the other dataset.
        into: "train" or "all".
        options: further choices, as they are kept with the version.
        warnings: sentences on what could not be met.
        parent: id of the version that is added to.
    """

    manifest: pd.DataFrame
    taken: pd.DataFrame
    left_out: pd.DataFrame
    table: pd.DataFrame
    drifts: pd.DataFrame
    name: str
    into: Into
    options: dict[str, Any]
    parent: str
    warnings: list[str] = field(default_factory=list)

    @property
    def added(self) -> int:
        """How many images are added."""
        return len(self.taken)

    @property
    def blocked(self) -> dict[str, int]:
        """Images left out, by reason, the most frequent first."""
        return {str(reason): int(n) for reason, n in self.left_out["reason"].value_counts().items()}


def plan_merge(
    manifest: pd.DataFrame,
    other: pd.DataFrame,
    screening: Screening,
    *,
    name: str,
    fill: Fill,
    into: Into = DEFAULT_INTO,
    mapping: Mapping[str, str] | None = None,
    seed: int = 42,
    groups: GroupSource | Sequence[GroupSource] = EXACT,
) -> MergePlan:
    """Choose images of another dataset to fill the classes of this one.

    Args:
        manifest, other, screening: this dataset, the other one, and `screen` of the two.
        name: of the other dataset.
        fill: images to add per class, or "balanced": every class up to the size of the largest.
        into: "train": val and test stay as they are; "all": spread in the shares the splits have now.
        mapping: the other's class names where they differ; "" leaves one out. Equal names map to each other.
        seed: which images are taken, and where they go.
        groups: of the other dataset's images, kept on one side where they are spread; as in `stratify`.

    Raises:
        SplitError: no class maps, there are no splits, or (NothingToAdd) no image asked for passes the checks.
    """
    if into not in (TRAIN, ALL):
        raise SplitError("New images go into train or all", received=into)
    here = [str(c) for c in classes(manifest)]
    if not here:
        raise SplitError("This dataset has no readable images to fill")
    sizes = _sizes(manifest, here)
    wanted = images_to_add(fill, sizes)
    candidates = _mapped(other, mapping or {}, here)
    reasons = _reasons(manifest, candidates, screening, seed)
    usable = candidates[reasons == ""]
    chosen = usable if usable.empty else _choose(usable, wanted, seed)
    if chosen.empty:
        raise NothingToAdd("No image of the other dataset can be added", received=_why(reasons, wanted))

    extra = [*given_groups(readable(other), groups), screening.together]
    choices = _spread_both_ways(chosen, manifest, joined_groups(chosen, extra), into, seed)
    taken = _renamed(choices[into], name)
    table = _table(sizes, wanted, usable, taken)
    return MergePlan(
        manifest=_joined(manifest, taken),
        taken=taken,
        left_out=_left_out(candidates, reasons),
        table=table.rename_axis("class"),
        drifts=drifts(manifest, choices),
        name=name,
        into=into,
        options=_options(fill, mapping, seed, extra, screening),
        parent=content_id(manifest),
        warnings=_warnings(table, candidates, name),
    )


def _options(
    fill: Fill,
    mapping: Mapping[str, str] | None,
    seed: int,
    groups: Sequence[pd.Series],
    screening: Screening,
) -> dict[str, Any]:
    """`MergePlan.options`."""
    return {
        "fill": fill if isinstance(fill, str) else dict(fill),
        "mapping": dict(mapping or {}),
        "seed": seed,
        "groups": group_names(groups),
        "distance": screening.distance,
        "mirrored": screening.mirrored,
    }


def _spread_both_ways(
    chosen: pd.DataFrame, manifest: pd.DataFrame, group: np.ndarray, into: Into, seed: int
) -> dict[Into, pd.DataFrame]:
    """The chosen images with the splits they would get either way; the way not asked for may be impossible."""
    choices: dict[Into, pd.DataFrame] = {}
    ways: tuple[Into, ...] = ("train", "all")
    for way in ways:
        try:
            choices[way] = chosen.assign(split=spread(chosen, manifest, group, way, seed))
        except SplitError:
            if way == into:
                raise
    return choices


def _table(
    here: Mapping[str, int], wanted: Mapping[str, int], usable: pd.DataFrame, taken: pd.DataFrame
) -> pd.DataFrame:
    """`MergePlan.table`."""
    table = pd.DataFrame({"here": here, "asked": wanted}).astype("int64")
    for column, rows in (("usable", usable), ("added", taken)):
        table[column] = rows["label"].value_counts().reindex(list(here), fill_value=0).astype("int64")
    table["after"] = table["here"] + table["added"]
    return table


def _sizes(manifest: pd.DataFrame, here: Sequence[str]) -> dict[str, int]:
    """Images of each class that are in a split; all of them where nothing is split yet."""
    images = counts(manifest)
    assigned = images.drop(index=UNASSIGNED, errors="ignore")
    return {name: int((assigned if len(assigned) else images)[name].sum()) for name in here}


def _mapped(other: pd.DataFrame, mapping: Mapping[str, str], here: Sequence[str]) -> pd.DataFrame:
    """The other's rows, all of them, with `label` in this dataset's names ("" where there is none)."""
    theirs = list(other["label"].unique())
    if unknown := [name for name in mapping if name not in theirs]:
        raise SplitError(
            "The other dataset has no such class",
            received=", ".join(unknown),
            hint=f"Its classes: {', '.join(classes(other))}",
        )
    if unknown := [name for name in mapping.values() if name and name not in here]:
        raise SplitError(
            "This dataset has no such class to map to",
            received=", ".join(unknown),
            hint=f"Its classes: {', '.join(here)}",
        )
    names = {name: mapping.get(name, name if name in here else "") for name in theirs}
    if not any(names.values()):
        raise SplitError(
            "No class of the other dataset maps to one of this",
            received=", ".join(classes(other)),
            hint=f"Map its classes to: {', '.join(here)}",
        )
    return other.assign(their_label=other["label"].fillna(""), label=other["label"].map(names).fillna(""))


def _reasons(manifest: pd.DataFrame, candidates: pd.DataFrame, screening: Screening, seed: int) -> pd.Series:
    """Why each candidate is left out, "" where it is not."""
    ids, here, copies = candidates["image_id"], readable(manifest), screening.copies
    present = copies["pixel_hash"].isin(here["pixel_hash"])
    tested = copies["pixel_hash"].isin(here.loc[here["split"].isin(_EVALUATED), "pixel_hash"])
    result = pd.Series("", index=candidates.index, dtype="str")
    result[candidates["label"] == ""] = NO_CLASS
    result[ids.isin(copies["image_id"][present])] = PERHAPS
    result[ids.isin(copies["image_id"][present & (copies["distance"] <= SURE_DISTANCE)])] = HERE
    result[ids.isin(copies["image_id"][tested])] = NEAR_TEST
    fails = ids.isin(screening.failed.index)
    result[fails] = ids[fails].map(screening.failed)
    same = ids.map(screening.same)
    # Judged with the classes that are not taken: a picture that also has one of those is no sure example.
    labels = candidates.groupby(same)["label"].nunique().astype("int64")
    result[(result == "") & same.isin(labels.index[labels > 1])] = TWO_LABELS
    open_ = candidates.assign(same=same)[result == ""]
    area = open_["width"] * open_["height"]
    chance = _chance(open_, seed)
    best = open_.assign(area=-area, chance=chance).sort_values(["same", "area", "chance"])
    result[best.index[best["same"].duplicated().to_numpy()]] = TWICE
    return result


def _chance(rows: pd.DataFrame, seed: int) -> NDArray[np.float64]:
    """A number for each row that depends on its content and the seed, not on its place or name."""
    number, pictures = pd.factorize(rows["pixel_hash"], sort=True)
    return np.random.default_rng([seed, 2]).random(len(pictures))[number]


def _left_out(candidates: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
    """`MergePlan.left_out`: under the other dataset's own labels."""
    rows = candidates.assign(label=candidates["their_label"], reason=reasons)[reasons != ""]
    return rows[["image_id", "path", "label", "reason"]].reset_index(drop=True)


def _choose(usable: pd.DataFrame, wanted: Mapping[str, int], seed: int) -> pd.DataFrame:
    ordered = usable.assign(chance=_chance(usable, seed)).sort_values("chance")
    place = ordered.groupby("label").cumcount()
    room = ordered["label"].map(wanted).fillna(0)
    return ordered[place < room].drop(columns="chance").sort_index()


def _renamed(taken: pd.DataFrame, name: str) -> pd.DataFrame:
    """The added rows as rows of this dataset: source, id, and no column whose meaning is the other's own."""
    other = "main dataset" if name == MAIN else name
    source = taken["source"].where(taken["source"] != MAIN, other)
    ids = [image_id(s, p) for s, p in zip(source, taken["path"], strict=True)]
    rows = taken.assign(
        their_id=taken["image_id"], their_row=taken["row"], source=source, image_id=ids, row=-1
    )
    if "subject" in rows:
        known = rows["subject"].notna() & (rows["subject"] != "")
        rows["subject"] = (source + ":" + rows["subject"].astype("str")).where(known, "")
    return rows.drop(columns=[column for column in ("votes", "soft_label", "group") if column in rows])


def _joined(manifest: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    """All rows in this dataset's columns; an optional column is empty where a row has none."""
    rows = taken.drop(columns=["their_label", "their_id", "their_row"])
    whole = pd.concat([manifest, rows], ignore_index=True)
    for name, kind in OPTIONAL.items():
        if name in whole and kind == "str":
            whole[name] = whole[name].fillna("")
        elif name in whole:
            filled = whole[name].astype("object")
            whole[name] = filled.where(filled.notna(), None)
    return whole


def _why(reasons: pd.Series, wanted: Mapping[str, int]) -> str:
    parts = [f"{n:,} {reason}" for reason, n in reasons[reasons != ""].value_counts().items()]
    asked_for = ", ".join(f"{name}={n}" for name, n in wanted.items() if n)
    return f"{asked_for}; left out: {'; '.join(parts) or 'none, but none is of these classes'}"


def _warnings(sizes: pd.DataFrame, candidates: pd.DataFrame, name: str) -> list[str]:
    told = [
        f"{label}: {row['asked']:,} asked for, {row['added']:,} can be added."
        for label, row in sizes.iterrows()
        if row["added"] < row["asked"]
    ]
    if len(unmapped := candidates.query("label == '' != their_label")["their_label"].value_counts()):
        named = ", ".join(f"{label} ({n:,})" for label, n in unmapped.items())
        told.append(f"Classes of {name} that are not here are left out: {named}.")
    return told
