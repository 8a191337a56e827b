"""What a version looks like once the decisions hold: pure tables in, tables out.

The rule, in full. A version contains the decisions that it, or a version it descends from, lists as applied.
Pending is every verdict that holds, is not contained, and would change something, plus every contained
verdict that was undone since. An image whose contained verdict was undone goes back to what it was before
the first verdict applied to it (a dropped image comes back with the split it had), and then takes the verdict
that holds for it now, if there is one. Everything else in the version, such as new splits, stays.

A `delete` that names the copy that stays (`other`) is held back where that copy would not be left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from fer_core.base.emotions import ordered_classes
from fer_core.base.tables import column_values, row_dicts
from fer_core.data.manifest import classes
from fer_core.review.decisions import VERDICTS
from fer_core.review.lineage import Applied
from fer_core.review.matching import GONE, match_images

LAST_COPY = "the copy that was to stay is not, or not any more, in this version"
NO_CLASS = "the soft label names a class no image has"
CHANGE_COLUMNS: tuple[str, ...] = (
    "image_id", "path", "split", "action", "before", "after", "who", "reason", "key",
)  # fmt: skip


@dataclass
class AppliedDecisions:
    """The manifest with the decisions applied, and what was done.

    Attributes:
        manifest: the new table; `soft_label` in `classes(manifest)` order where an image has one.
        changes: one row per image that changes, columns `CHANGE_COLUMNS`; action relabel, delete, ambiguous
            or restore.
        applied: decision key -> image ids it changed.
        reverted: key of an undone decision -> image ids that went back.
        problems: key, action, image_id, path, why of verdicts that could not be applied.
        new_classes: names no image had before.
    """

    manifest: pd.DataFrame
    changes: pd.DataFrame
    applied: dict[str, list[str]] = field(default_factory=dict)
    reverted: dict[str, list[str]] = field(default_factory=dict)
    problems: list[dict[str, str]] = field(default_factory=list)
    new_classes: list[str] = field(default_factory=list)

    @property
    def pending(self) -> int:
        """Decisions that would change something, undone ones that would change it back included."""
        return len(self.applied) + len(self.reverted)


def apply_decisions(
    base: pd.DataFrame,
    decisions: pd.DataFrame,
    undone: Mapping[str, str],
    contained: Mapping[str, Applied],
    manifest_of: Callable[[str], pd.DataFrame],
    once: Callable[[], Iterable[str]],
    others: Collection[str] = (),
) -> AppliedDecisions:
    """Apply the decisions that hold to a version.

    Args:
        base: manifest of the version, or those rows of it that `affected_rows` names.
        decisions: the decisions that hold, oldest first, from `Journal.decisions`.
        undone: key -> action of every undone decision.
        contained: decisions the version contains, from `lineage.applied`.
        manifest_of: manifest of a version id.
        once: ids this copy of the data had in any version.
        others: classes of the rows that `base` leaves out.
    """
    back = [key for key in contained if key in undone]
    verdicts = [row for row in row_dicts(decisions) if row["action"] in VERDICTS]
    new = [row for row in verdicts if row["key"] not in contained]
    if not back and not new:
        return AppliedDecisions(base, pd.DataFrame(columns=list(CHANGE_COLUMNS), dtype="str"))
    work = _Work(base, others)
    if back:
        restored = work.restore(back, undone, contained, manifest_of)
        for row in verdicts:
            work.apply(row, [image for image in contained.get(row["key"], ()) if image in restored])
    found = match_images(new, work.table, once)
    for row in new:
        if why := found.missing.get(row["key"]):
            work.missing(row, why)
        work.apply(row, found.images.get(row["key"], []))
    return work.finish(base, back, contained)


def affected_rows(base: pd.DataFrame, verdicts: pd.DataFrame, more: Iterable[str] = ()) -> pd.Series:
    """bool, as long as `base`: images that these verdicts may be about, by id or pixels, or pictures equal to such."""
    images = {*verdicts["image_id"], *more} - {""}
    pictures = {*verdicts["pixel_hash"], *verdicts["other"]} - {""}
    return base["image_id"].isin(list(images)) | base["pixel_hash"].isin(list(pictures))


class _Work:
    """A manifest being changed."""

    def __init__(self, base: pd.DataFrame, others: Collection[str]) -> None:
        self.table, self.others = base, others
        self.was = dict(zip(column_values(base["image_id"]), column_values(base["label"]), strict=True))
        self.was_soft = soft_labels(base, ordered_classes({*classes(base), *others}))
        self.label, self.soft = dict(self.was), dict(self.was_soft)
        self.dropped: dict[str, dict[str, Any]] = {}
        self.by: dict[str, dict[str, Any]] = {}
        self.problems: list[dict[str, str]] = []

    def restore(self, back: Sequence[str], undone: Mapping[str, str], contained: Mapping[str, Applied],
                manifest_of: Callable[[str], pd.DataFrame]) -> set[str]:  # fmt: skip
        """Put images of undone decisions back to before the first decision applied to them."""
        images = {image for key in back for image in contained[key]}
        wanted = {image for key in back if undone[key] == "delete" for image in contained[key]}
        before: dict[str, str] = {}
        for applied in contained.values():
            for image in images & applied.keys():
                before.setdefault(image, applied[image])
        restored: set[str] = set()
        for version in dict.fromkeys(before.values()):
            source = manifest_of(version)
            rows = source[source["image_id"].isin([i for i, v in before.items() if v == version])]
            rows = rows[rows["image_id"].isin(list(self.label)) | rows["image_id"].isin(list(wanted))]
            lost = rows[~rows["image_id"].isin(list(self.label))]
            if len(lost):
                self.table = pd.concat([self.table, lost], ignore_index=True)
            self.label.update(zip(rows["image_id"], rows["label"], strict=True))
            soft = soft_labels(rows, classes(source))
            for image in rows["image_id"]:
                self.soft.pop(image, None)
            self.soft.update(soft)
            restored |= set(rows["image_id"])
        return restored

    def apply(self, row: dict[str, Any], images: Sequence[str]) -> None:
        for image in images:
            done = True
            if row["action"] == "delete":
                self.dropped[image] = row
            elif row["action"] == "ambiguous":
                label = row["label"] or self.label[image]
                done = label != self.label[image] or not _close(self.soft.get(image), row["soft_label"])
                self.label[image], self.soft[image] = label, dict(row["soft_label"])
            elif row["label"]:  # also of a keep that confirms a relabel
                done = self.label[image] != row["label"] or image in self.soft
                self.label[image] = row["label"]
                self.soft.pop(image, None)
                row = row | {"action": "relabel"}
            else:
                done = False
            if done:
                self.by[image] = row

    def missing(self, row: Mapping[str, Any], why: str) -> None:
        # An image that is gone needs no dropping, and nothing needs keeping.
        if not (why == GONE and row["action"] in ("delete", "keep")):
            self.problem(row, why)

    def problem(self, row: Mapping[str, Any], why: str) -> None:
        self.problems.append({**{n: str(row[n]) for n in ("key", "action", "image_id", "path")}, "why": why})

    def finish(
        self, base: pd.DataFrame, back: Sequence[str], contained: Mapping[str, Applied]
    ) -> AppliedDecisions:
        self._keep_last_copies()
        ids = column_values(self.table["image_id"])
        table = self.table.assign(
            label=pd.Series([self.label[i] for i in ids], self.table.index, dtype="str")
        )
        table = table[[image not in self.dropped for image in ids]].reset_index(drop=True)
        names = ordered_classes({*classes(table), *self.others})
        self._hold_unknown_classes(set(names))
        table = table.drop(columns="soft_label", errors="ignore")
        if self.soft:
            column = [_vector(self.soft.get(image), names) for image in column_values(table["image_id"])]
            table["soft_label"] = pd.Series(column, index=table.index, dtype="object")
        changed: dict[str, tuple[str, str]] = {}
        for image in {*self.by, *(i for key in back for i in contained[key])}:
            states = []
            for labels, soft, gone in ((self.was, self.was_soft, ()), (self.label, self.soft, self.dropped)):
                states.append("" if image in gone else _words(labels.get(image, ""), soft.get(image)))
            if states[0] != states[1]:
                changed[image] = (states[0], states[1])
        if self._same_content(changed):
            changed = {}
        result = AppliedDecisions(table, pd.DataFrame(), problems=self.problems)
        for image, row in self.by.items():
            if image in changed and row["key"] not in contained:
                result.applied.setdefault(row["key"], []).append(image)
        for key in back:
            if images := [image for image in contained[key] if image in changed]:
                result.reverted[key] = images
        result.changes = self._changes(changed)
        result.new_classes = [name for name in names if name not in {*classes(base), *self.others}]
        return result

    def _same_content(self, changed: Mapping[str, tuple[str, str]]) -> bool:
        """Whether only equal pictures trade places: no change to a version, whose content is its id."""
        rows = self.table[self.table["image_id"].isin(list(changed))]
        columns = zip(
            *(column_values(rows[name]) for name in ("image_id", "pixel_hash", "split")), strict=True
        )
        pictures = [(changed[image], pixels or image, split) for image, pixels, split in columns]
        before = Counter((pixels, split, was) for (was, _), pixels, split in pictures if was)
        return before == Counter((pixels, split, now) for (_, now), pixels, split in pictures if now)

    def _keep_last_copies(self) -> None:
        if not any(row["other"] for row in self.dropped.values()):
            return
        pixels = dict(
            zip(column_values(self.table["image_id"]), column_values(self.table["pixel_hash"]), strict=True)
        )
        left = Counter(pixels.values())
        for image, row in list(self.dropped.items()):
            stays = row["other"]
            if stays and left[stays] - (pixels[image] == stays) < 1:
                del self.dropped[image]
                del self.by[image]
                self.problem(row, LAST_COPY)
            else:
                left[pixels[image]] -= 1

    def _hold_unknown_classes(self, names: set[str]) -> None:
        for image, row in list(self.by.items()):
            if row["action"] == "ambiguous" and not set(self.soft.get(image, {})) <= names:
                del self.by[image]
                self.soft.pop(image)
                if image in self.was_soft:
                    self.soft[image] = self.was_soft[image]
                self.problem(row, NO_CLASS)

    def _changes(self, changed: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
        rows = self.table[self.table["image_id"].isin(list(changed))][["image_id", "path", "split"]].copy()
        nobody = {"action": "restore", "who": "", "reason": "undone", "key": ""}
        by = [self.by.get(image, nobody) for image in rows["image_id"]]
        for name in ("action", "who", "reason", "key"):
            rows[name] = pd.Series([row[name] for row in by], index=rows.index, dtype="str")
        rows["before"] = pd.Series([changed[i][0] for i in rows["image_id"]], index=rows.index, dtype="str")
        rows["after"] = pd.Series([changed[i][1] for i in rows["image_id"]], index=rows.index, dtype="str")
        return rows[list(CHANGE_COLUMNS)].reset_index(drop=True)


def soft_labels(manifest: pd.DataFrame, names: tuple[str, ...] | None = None) -> dict[str, dict[str, float]]:
    """image_id -> probability per class, zeros left out, for the images that have a soft label.

    Args:
        manifest: a manifest, with or without the column `soft_label`.
        names: the classes its soft labels are in order of; `classes(manifest)` if None.
    """
    if "soft_label" not in manifest:
        return {}
    order = classes(manifest) if names is None else names
    some = manifest[manifest["soft_label"].notna()]
    return {
        image: {name: float(p) for name, p in zip(order, values, strict=True) if p > 0}
        for image, values in zip(some["image_id"], some["soft_label"], strict=True)
    }


def _vector(soft: Mapping[str, float] | None, names: Sequence[str]) -> list[float] | None:
    """Probabilities in class order. What lay on a class no image has any more goes to the others."""
    values = [] if soft is None else [soft.get(name, 0.0) for name in names]
    total = sum(values)
    return [value / total for value in values] if total > 0 else None


def _close(first: Mapping[str, float] | None, second: Mapping[str, float]) -> bool:
    names = {*(first or {}), *second}
    return first is not None and all(abs(first.get(n, 0) - second.get(n, 0)) < 1e-6 for n in names)


def _words(label: str, soft: Mapping[str, float] | None) -> str:
    if not soft:
        return label
    return (
        f"{label} ({', '.join(f'{name} {soft[name]:.0%}' for name in ordered_classes(soft) if name in soft)})"
    )
