"""What was done to a dataset between two of its versions, in numbers of pictures.

found = between(dataset, "v1", "v4")
found.words                # "1,456 copies dropped, 310 relabelled, 150 merged"
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from functools import lru_cache

import pandas as pd

from fer_core.base.errors import FerError
from fer_core.data.dataset import Dataset
from fer_core.data.diff import diff
from fer_core.data.versions import Version
from fer_core.review import lineage
from fer_core.review.journal import Journal
from fer_core.splits import separate
from fer_core.splits.merge import save

Images = frozenset[str]
"""Image ids."""
_WORDS = {
    "copies": "copies dropped",
    "dropped": "images dropped",
    "back": "taken back in",
    "relabelled": "relabelled",
    "merged": "merged",
    "added": "added",
    "left": "left out",
    "moved": "in another split",
}
_ONE = {"copies": "copy dropped", "dropped": "image dropped"}


@dataclass(frozen=True)
class DataChanges:
    """Pictures in which a version differs from another one, each counted once, the moved ones aside.

    Attributes:
        copies, dropped: taken out as copies of a picture that stays, and for another reason.
        back: taken out before, and in again.
        relabelled: of another class, or with another soft label.
        merged, added: from another dataset, and from the source.
        left: only in the first, which has them from elsewhere: the second never had them.
        moved: in another split.
        undone: the second is what the first was made from: the numbers tell the way from the second to the first.
    """

    copies: int = 0
    dropped: int = 0
    back: int = 0
    relabelled: int = 0
    merged: int = 0
    added: int = 0
    left: int = 0
    moved: int = 0
    undone: bool = False

    @property
    def words(self) -> str:
        """`1,456 copies dropped, 310 relabelled`; "the same pictures" where nothing was done."""
        parts = [
            f"{count:,} {_ONE.get(name, word) if count == 1 else word}"
            for name, word in _WORDS.items()
            if (count := getattr(self, name))
        ]
        said = ", ".join(parts) or "the same pictures"
        return f"without: {said}" if self.undone and parts else said

    def record(self) -> dict[str, int | bool | str]:
        """JSON-ready, with the words."""
        return {**asdict(self), "words": self.words}


@dataclass(frozen=True)
class VersionStep:
    """One version against the one it was made from: image ids, as in `DataChanges`."""

    version: Version
    copies: Images
    dropped: Images
    relabelled: Images
    new: Images
    moved: Images


def between(dataset: Dataset, first: str, second: str) -> DataChanges:
    """What the second version is otherwise than the first.

    Args:
        dataset: of both.
        first, second: id, start of an id, number or name.

    Raises:
        NotFound: no such version.
        ManifestError: a manifest is damaged.
    """
    one, two = dataset.version(first).id, dataset.version(second).id
    return _between(dataset, one, two, _stamp(dataset, one), _stamp(dataset, two))


def _stamp(dataset: Dataset, version: str) -> int:
    """Tells the version from one of the same content in a dataset that took the name later."""
    try:
        return (dataset.folder / "versions" / version / "manifest.parquet").stat().st_mtime_ns
    except OSError:
        return 0  # reading it says what is wrong


@lru_cache(maxsize=512)
def _between(dataset: Dataset, first: str, second: str, *stamps: int) -> DataChanges:
    one, two = dataset.version(first), dataset.version(second)
    known = dataset.versions()
    before, after = ([each.id for each in lineage.lineage(known, version.id)] for version in (one, two))
    if two.id in before[:-1]:
        return DataChanges(**{**asdict(between(dataset, two.id, one.id)), "undone": True})
    found = diff(dataset, one.id, two.id)
    removed, added = (set(table.loc[table["row"] >= 0, "image_id"]) for table in (found.removed, found.added))
    path = [step for step in steps(dataset, two.id) if step.version.id not in before]
    other = [step for step in steps(dataset, one.id) if step.version.id not in after]
    copies = removed & _all(path, "copies")
    dropped = (removed - copies) & _all(path, "dropped")
    back = added & (_all(other, "copies") | _all(other, "dropped") | _out_before(dataset, one.id))
    merged = (added - back) & _all([step for step in path if step.version.operation == save.OPERATION], "new")
    return DataChanges(
        len(copies),
        len(dropped),
        len(back),
        len(found.relabelled),
        len(merged),
        len(added - back - merged),
        len(removed - copies - dropped),
        len(found.moved),
    )


def _all(path: list[VersionStep], name: str) -> set[str]:
    return {image for step in path for image in getattr(step, name)}


def _out_before(dataset: Dataset, version: str) -> set[str]:
    """What was taken out on the way to a version."""
    path = steps(dataset, version)
    return _all(path, "copies") | _all(path, "dropped")


def steps(dataset: Dataset, version: str) -> list[VersionStep]:
    """Every version on the way to this one against the one before it, oldest first.

    Raises:
        NotFound: no such version.
        ManifestError: a manifest on the way is damaged.
    """
    path = lineage.lineage(dataset.versions(), dataset.version(version).id)
    found = []
    for parent, child in itertools.pairwise(path):
        found.append(_step(dataset, parent.id, child.id, _stamp(dataset, child.id)))
    return found


@lru_cache(maxsize=512)
def _step(dataset: Dataset, parent: str, child: str, stamp: int) -> VersionStep:
    found = diff(dataset, parent, child)
    removed = found.removed[found.removed["row"] >= 0]
    gone = frozenset(removed["image_id"])
    copies = frozenset(gone & _copies(dataset, found.second, removed))
    return VersionStep(
        found.second,
        copies,
        gone - copies,
        frozenset(found.relabelled["image_id"]),
        frozenset(found.added.loc[found.added["row"] >= 0, "image_id"]),
        frozenset(found.moved["image_id"]),
    )


def _copies(dataset: Dataset, version: Version, removed: pd.DataFrame) -> set[str]:
    """Of what a version has no more, what was taken out as a copy: by `separate`, or by a decision that names the copy
    that stays."""
    if version.operation == separate.OPERATION:
        return set(removed["image_id"])
    if version.operation != lineage.OPERATION:
        return set()
    try:
        said = Journal(dataset.journal_path).decisions(active_only=False)
    except FerError:  # the journal is damaged: that they are gone is known, why is not
        return set()
    keys = set(said.loc[(said["action"] == "delete") & (said["other"] != ""), "key"])
    applied = version.parameters.get("applied", {})
    return {image for key in keys & set(applied) for image in applied[key]}
