"""What leaks does a version have? One answer for every page, verb and report: copies in more than one split.

    found = leaks_of(dataset, version.id)
    found.verdict          # "leaks", "none", "narrow" (not as far as is usual now) or "unknown" (not compared yet)
    found.sentence         # says what was compared, how far, when, and what was found
    found.images           # the images behind the numbers

Equal pixels are always known. Near and mirrored copies are known where somebody compared: the comparisons kept with the
dataset, or the certificate of the version. Nothing is compared here, so a page may ask at any time.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.near import kinds_of
from fer_core.duplicates.reach import ALL_PAIRS, DISTANCE, recall
from fer_core.duplicates.scan_store import scan_file, stored_pairs, stored_reach
from fer_core.review.copies import rejected_pairs
from fer_core.review.journal import Journal
from fer_core.splits import certificate, crossing
from fer_core.splits.crossing import KINDS, PairCounts
from fer_core.splits.rejections import without_rejected

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

LeakVerdict = Literal["leaks", "none", "narrow", "unknown"]
TRAIN = "train"
_NAMES = {"exact": "equal", "near": "near", "mirrored": "mirrored"}


@dataclass(frozen=True)
class Leaks:
    """Copies in more than one split of a version.

    Attributes:
        version: its id.
        sizes: readable images per split.
        total: pairs of images in different splits, and how many are copies; None for what was not compared.
        table: the same for every two splits, "train|val".
        reach: bits by which the hashes of near copies may differ; None while only equal pixels are known.
        compared: date of the comparison (UTC, ISO 8601); None while only equal pixels are known.
        by: what is known from where: "pixels", "comparison" (kept with the dataset) or "certificate".
        images: rows of the manifest that have a copy in another split, with `kind` and `other` (that split); an image
            has a row for each kind and split. Where `by` is "certificate", of equal pixels alone.
        proposed: bits up to which hashes proposed the pairs that were compared; None where all were.
        rejected: pairs of images across splits that a reviewer said are no copies; they are not counted.
        framed: False where copies were looked for in the same frame alone: by an older program, or in a set too large.
    """

    version: str
    sizes: dict[str, int]
    total: PairCounts
    table: dict[str, PairCounts]
    reach: int | None
    compared: str | None
    by: Literal["pixels", "comparison", "certificate"]
    images: pd.DataFrame
    proposed: int | None = None
    rejected: int = 0
    framed: bool = True

    @property
    def usual(self) -> int:
        """Bits that are usual; in a set too large to compare all pairs, as far as hashes propose them."""
        return self.proposed or DISTANCE

    @property
    def exact(self) -> int:
        """Pairs of equal pixels across splits."""
        return self.total.exact or 0

    @property
    def near(self) -> int | None:
        """Near pairs across splits; None: not compared yet."""
        return self.total.near

    @property
    def mirrored(self) -> int | None:
        """Mirrored pairs across splits; None: not compared yet."""
        return self.total.mirrored

    @property
    def missing(self) -> tuple[str, ...]:
        """The kinds of copies that nobody compared yet."""
        return tuple(kind for kind in KINDS if getattr(self.total, kind) is None)

    @property
    def complete(self) -> bool:
        """Whether every kind was compared as far as is usual."""
        far = (self.reach or 0) >= self.usual and (self.framed or self.proposed is not None)
        return not self.missing and far

    @property
    def verdict(self) -> LeakVerdict:
        """ "leaks" as soon as one is known; "none" only where everything was compared as far as is usual."""
        if self.total.copies:
            return "leaks"
        if len(self.sizes) < 2:
            return "unknown"  # nothing to leak between; that is no proof
        if self.missing:
            return "unknown"
        return "none" if self.complete else "narrow"

    @property
    def scope(self) -> str:
        """What was compared, how far and when: `equal, near and mirrored copies, up to 10 bits, 2026-11-28`."""
        if self.reach is None:
            return "equal pixels"
        date = self.compared or ""
        return certificate.scope_words(
            self.total, self.reach, self.framed, self.proposed, self.rejected, date
        )

    @property
    def counts(self) -> str:
        """`2 equal, 5 near, mirrored not compared yet`."""
        known = [
            f"{getattr(self.total, kind):,} {_NAMES[kind]}" for kind in KINDS if kind not in self.missing
        ]
        missing = " and ".join(_NAMES[kind] for kind in self.missing)
        return ", ".join([*known, *([f"{missing} not compared yet"] if missing else [])])

    @property
    def sentence(self) -> str:
        """What is known, whole."""
        if len(self.sizes) < 2:
            return "There are no two splits that copies could lie across."
        if self.total.copies:
            found = f"Pairs of copies across splits: {self.counts}"
        else:
            found = "No copies across splits" if not self.missing else f"Across splits: {self.counts}"
        narrow = f"; usual are {self.usual}" if self.reach is not None and self.reach < self.usual else ""
        narrow += "" if self.framed or self.proposed is not None else "; in the same frame only"
        return f"{found} (compared: {self.scope}{narrow})."

    def leaked(self, split: str) -> int:
        """Images of a split that have a known copy in another."""
        return self._leaked.get(split, 0)

    @cached_property
    def _leaked(self) -> dict[str, int]:
        number = self.images.groupby("split")["image_id"].nunique()
        return {str(split): int(images) for split, images in number.items()}

    @cached_property
    def in_train(self) -> dict[str, int]:
        """Of every split but train, the images with a known copy in train."""
        rows = self.images[self.images["other"] == TRAIN]
        number = rows.groupby("split")["image_id"].nunique()
        return {split: int(number.get(split, 0)) for split in self.sizes if split != TRAIN}

    @property
    def words(self) -> list[str]:
        """`12 of 128 test pictures are in train.`, for every split that has such."""
        known = reversed(self.in_train.items())
        return [f"{n:,} of {self.sizes[s]:,} {s} pictures are in train." for s, n in known if n]

    def record(self) -> dict[str, Any]:
        """JSON-ready: verdict, exact, near and mirrored (null: not compared), reach, compared, by, table, in_train."""
        return {
            "verdict": self.verdict,
            **{kind: getattr(self.total, kind) for kind in KINDS},
            "pairs": self.total.checked,
            "reach": self.reach,
            "recall": None if self.reach is None else recall(self.reach, self.framed),
            "proposed": self.proposed,
            "rejected": self.rejected,
            "compared": self.compared,
            "by": self.by,
            "table": {pair: vars(row) for pair, row in self.table.items()},
            "in_train": self.in_train,
            "sentence": self.sentence,
        }


def leaks_of(dataset: Dataset, version: str | None = None, manifest: pd.DataFrame | None = None) -> Leaks:
    """What is known about the leaks of a version; compares nothing but equal pixels.

    Args:
        dataset: the dataset.
        version: id, start of an id, number or name; None for the newest.
        manifest: the version's; read where it is not given.
    """
    chosen = dataset.version(version)
    table = crossing.assigned(dataset.manifest(chosen.id) if manifest is None else manifest)
    sizes = crossing.sizes_of(table)
    pairs = [crossing.equal(table)]
    scan, paper = _compared(dataset, chosen.id), certificate.load(dataset, chosen.id)
    if scan is not None and _as_good(scan, paper):
        near, kinds, reach, date = scan
        near, apart = without_rejected(dataset, near)
        pairs.append(near)
        table = crossing.paired(table, [*pairs, apart])
        rejected = int(crossing.crossing_pairs(apart, table)["pairs"].sum())
        found = pd.concat([crossing.crossing_pairs(each, table) for each in pairs])
        whole, each = crossing.count_pairs(found, sizes, ("exact", *kinds))
        rows = pd.concat([crossing.leaked_images(part, table) for part in pairs], ignore_index=True)
        up_to = stored_reach(dataset, kinds)
        proposed = up_to if up_to < ALL_PAIRS else None
        how = (rows, proposed, rejected, proposed is None)
        return Leaks(chosen.id, sizes, whole, each, reach, date, "comparison", *how)
    table = crossing.paired(table, pairs)
    rows = crossing.leaked_images(pairs[0], table)
    if paper is not None and paper.near is not None:
        seen = (paper.total, paper.table, paper.distance, paper.created)
        how = (rows, paper.proposed, paper.rejected, paper.framed)
        return Leaks(chosen.id, sizes, *seen, "certificate", *how)
    whole, each = crossing.count_pairs(crossing.crossing_pairs(pairs[0], table), sizes, ("exact",))
    return Leaks(chosen.id, sizes, whole, each, None, None, "pixels", rows)


def stamp(dataset: Dataset, version: str) -> tuple[float, ...]:
    """Numbers that change when there is something new to know about a version's leaks."""
    files = [scan_file(dataset, kind) for kind in kinds_of(True)]
    files.append(certificate.certificate_path(dataset, version))
    times = [file.stat().st_mtime if file.is_file() else 0.0 for file in files]
    return (*times, float(_rejected(dataset.journal_path, Journal(dataset.journal_path).position())))


@lru_cache(maxsize=32)
def _rejected(journal: Path, position: int) -> int:
    """A number for the pairs that a reviewer called no copies, which is all that a journal says of leaks, as of a position."""
    return zlib.crc32(repr(rejected_pairs(Journal(journal).decisions())).encode())


_Kept = tuple[pd.DataFrame, tuple[str, ...], int, str]


def _compared(dataset: Dataset, version: str) -> _Kept | None:
    """The confirmed pairs of the comparisons that cover a version, of which kinds, how far, and when."""
    for mirrored in (True, False):
        kinds = kinds_of(mirrored)
        pairs = stored_pairs(dataset, version, DISTANCE, kinds)
        if pairs is not None:
            made = max(scan_file(dataset, kind).stat().st_mtime for kind in kinds)
            date = datetime.fromtimestamp(made, UTC).isoformat(timespec="seconds")
            reach = min(DISTANCE, stored_reach(dataset, kinds))
            return confirmed_pairs(pairs, DISTANCE, kinds), kinds, reach, date
    return None


def _as_good(scan: _Kept, paper: certificate.Certificate | None) -> bool:
    """Whether what is kept tells no less than the certificate does."""
    if paper is None or paper.near is None:
        return True
    return (len(scan[1]), scan[2]) >= (1 + (paper.mirrored is not None), min(paper.distance or 0, DISTANCE))
