"""The certificate of a version: every pair of images in different splits, checked again for copies.

    certificate = certify(dataset, version="v2")
    certificate.holds, certificate.pairs_checked

It is kept with the version as `certificate.json`; `reports.certificate_page` writes it for people.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core import __version__
from fer_core.base.atomic import read_json
from fer_core.base.checksums import write_checked
from fer_core.base.errors import ManifestError
from fer_core.base.workspace import now
from fer_core.data.manifest import content_id
from fer_core.duplicates.correlation import MAX_SHIFT, MIN_CORRELATION, MIN_TURNED
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.near import kinds_of
from fer_core.duplicates.reach import ALL_PAIRS, DISTANCE, MISSED_NOTE, NOT_FRAMED_NOTE, method_name, recall
from fer_core.duplicates.reframed import MIN_REFRAMED
from fer_core.duplicates.scan_store import compared_pairs, stored_reach
from fer_core.splits import crossing
from fer_core.splits.crossing import PairCounts
from fer_core.splits.rejections import left_out, without_rejected

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

SCHEMA = 2
EXAMPLES = 20  # of the pairs found, which a certificate names


@dataclass(frozen=True)
class Certificate:
    """What was checked, how, and what was found; `record` is the JSON of `certificate.json`.

    Attributes:
        schema: of the file.
        dataset, version, number: what it is about.
        method: words for how it was checked.
        distance: bits by which the hashes of near copies may differ; None where equal pixels alone were compared.
        min_correlation, max_shift: what confirmed them.
        images, splits: readable images in a split, and how many each split holds.
        pairs_checked: pairs of images in different splits.
        exact, near, mirrored: how many of these are copies; None where not checked.
        table: the same for every two splits, "train|val".
        holds: whether all that was checked is 0.
        examples: up to 20 of the copies: kind, first, second (paths), first_id, second_id and splits.
        code, seconds, created: program, time it took, and when (UTC).
        sources: images of each source; {} in certificates from before this was written.
        recall: share (0..1) of all copies that its reach is known to find (`reach.RECALL`, measured on FER2013 and the
            four-class set); None where near copies were not checked, or by an older program.
        proposed: bits up to which hashes proposed the pairs to compare; None where all pairs were compared, or equal
            pixels alone, and in certificates from before this was written.
        framed: whether near and mirrored copies were looked for in another frame too (cropped, resized, moved, turned); False in
            certificates from before this was done.
        rejected: pairs of images in different splits that look like copies and that a reviewer said are none; they are
            not counted.
    """

    schema: int
    dataset: str
    version: str
    number: int
    method: str
    distance: int | None
    min_correlation: float
    max_shift: int
    images: int
    splits: dict[str, int]
    pairs_checked: int
    exact: int | None
    near: int | None
    mirrored: int | None
    table: dict[str, PairCounts]
    holds: bool
    examples: list[dict[str, str]]
    code: str
    seconds: float
    created: str
    sources: dict[str, int]
    recall: float | None = None
    proposed: int | None = None
    rejected: int = 0
    framed: bool = False

    @property
    def total(self) -> PairCounts:
        """All splits together."""
        return PairCounts(self.pairs_checked, self.exact, self.near, self.mirrored)

    @property
    def current(self) -> bool:
        """Whether it looked as far as is usual now: near and mirrored copies, up to `reach.DISTANCE`, in another frame, or in a
        set too large to compare all pairs as far as hashes propose them."""
        return not self.narrow

    @property
    def narrow(self) -> str:
        """Why it did not look as far as is usual now, `checked at 4 bits only`; "" where it did."""
        if self.distance is None:
            return "equal pixels checked only"
        if self.distance < (self.proposed or DISTANCE):
            return f"checked at {self.distance} bits only"
        if self.mirrored is None:
            return "mirrored copies not checked"
        return "" if self.framed or self.proposed is not None else "checked in the same frame only"

    @property
    def scope(self) -> str:
        """`equal, near and mirrored copies, up to 10 bits, 2026-11-28`: what it speaks of."""
        if self.distance is None:
            return f"equal pixels alone{left_out(self.rejected)}, {self.created[:10]}"
        return scope_words(self.total, self.distance, self.framed, self.proposed, self.rejected, self.created)

    @property
    def missed(self) -> str:
        """What copies a comparison of this kind mostly does not find, one sentence; "" where equal pixels alone were compared."""
        told = MISSED_NOTE if self.framed else f"{NOT_FRAMED_NOTE} {MISSED_NOTE}"
        return "" if self.near is None else told

    def record(self) -> dict[str, Any]:
        """JSON-ready; with `missed`."""
        return asdict(self) | {"missed": self.missed}


def scope_words(
    total: PairCounts, reach: int, framed: bool, proposed: int | None, rejected: int, date: str
) -> str:
    """`equal, near and mirrored copies, up to 10 bits (finds 99.1% of known copies), 2026-11-28`.

    Args:
        total: None for kinds of copies that were not compared.
        others: as in `Certificate`, with `reach` for its distance and `date` in ISO 8601.
    """
    kinds = ["equal", *(kind for kind in ("near", "mirrored") if getattr(total, kind) is not None)]
    words = f"{', '.join(kinds[:-1])} and {kinds[-1]} copies, up to {reach} bits"
    words += f" (finds {recall(reach, framed):.1%} of known copies)"  # as known today, not when it was made
    words += f", {method_name(proposed)}" if proposed is not None else ""
    return f"{words}{left_out(rejected)}, {date[:10]}"


def certify(
    dataset: Dataset,
    version: str | None = None,
    *,
    distance: int | None = DISTANCE,
    mirrored: bool = True,
    progress: ProgressFn | None = None,
) -> Certificate:
    """Check every pair of images in different splits and store the result with the version.

    What was not compared before is compared and kept (`scan_store`). Pairs that a reviewer rejected are left out, and so
    are images without a split ("unassigned") and files that do not decode.

    Args:
        dataset, version: which one; None for the newest.
        distance: bits between the hashes of near copies, even; None checks for exact copies alone.
        mirrored: also check for near copies that are mirrored.
        progress: told how far the comparison is.

    Raises:
        ManifestError: the table of the version is not what its id says.
    """
    started = time.monotonic()
    chosen = dataset.version(version)
    table = crossing.assigned(_manifest(dataset, chosen.id))
    kinds = kinds_of(mirrored) if distance is not None else ()
    found, rejected = _copies_across(dataset, chosen.id, table, distance, kinds, progress)
    compared = stored_reach(dataset, kinds)
    distance = None if distance is None else min(distance, compared)
    framed = bool(kinds) and compared >= ALL_PAIRS
    sizes = crossing.sizes_of(table)
    whole, each = crossing.count_pairs(found, sizes, ("exact", *kinds))
    made = Certificate(
        schema=SCHEMA,
        dataset=dataset.name,
        version=chosen.id,
        number=chosen.number,
        method=_method(distance, mirrored, compared),
        distance=distance,
        min_correlation=MIN_CORRELATION,
        max_shift=MAX_SHIFT,
        images=len(table),
        splits=sizes,
        pairs_checked=whole.checked,
        exact=whole.exact,
        near=whole.near,
        mirrored=whole.mirrored,
        table=each,
        holds=not whole.copies,
        examples=_examples(found, table),
        code=__version__,
        seconds=round(time.monotonic() - started, 3),
        created=now(),
        recall=None if distance is None else recall(distance, framed),
        proposed=compared if compared < ALL_PAIRS else None,
        rejected=rejected,
        framed=framed,
        sources={str(name): int(n) for name, n in table["source"].value_counts().items()},
    )
    return _keep(dataset, made)


def _keep(dataset: Dataset, made: Certificate) -> Certificate:
    write_checked(certificate_path(dataset, made.version), made.record())
    html_path(dataset, made.version).unlink(missing_ok=True)  # tells of an older one
    return made


def _copies_across(
    dataset: Dataset,
    version: str,
    table: pd.DataFrame,
    distance: int | None,
    kinds: tuple[str, ...],
    progress: ProgressFn | None,
) -> tuple[pd.DataFrame, int]:
    """Pairs of copies in different splits, from `crossing.crossing_pairs`, and the number of pairs of images that a
    reviewer rejected; what was not compared before is compared."""
    parts, rejected = [crossing.equal(table)], 0
    if distance is not None:
        compared = compared_pairs(dataset, version, distance, kinds, progress=progress)
        copies, apart = without_rejected(dataset, confirmed_pairs(compared, distance, kinds))
        parts.append(copies)
        rejected = int(crossing.crossing_pairs(apart, table)["pairs"].sum())
    return pd.concat([crossing.crossing_pairs(pairs, table) for pairs in parts]), rejected


def _manifest(dataset: Dataset, version: str) -> pd.DataFrame:
    """The table of a version, which must be what its id says."""
    manifest = dataset.manifest(version)
    if content_id(manifest) != version:
        hint = "Take the file from a backup, or import the dataset again"
        raise ManifestError("The table of this version is not what its id says", received=version, hint=hint)
    return manifest


def html_path(dataset: Dataset, version: str) -> Path:
    """Where the certificate of a version is kept as a page for people."""
    return certificate_path(dataset, version).with_suffix(".html")


def certificate_path(dataset: Dataset, version: str) -> Path:
    """Where the certificate of a version (by id) is kept."""
    return dataset.folder / "versions" / version / "certificate.json"


def load(dataset: Dataset, version: str | None = None) -> Certificate | None:
    """The stored certificate of a version; None if there is none, or none that can be read.

    Those of older programs are read as what they are: at the distance they were made at, without what they lack.
    """
    chosen = dataset.version(version)
    try:
        stored = read_json(certificate_path(dataset, chosen.id))
        if stored["schema"] != SCHEMA or stored["version"] != chosen.id:
            return None
        known = {"sources": {}, **{f.name: stored[f.name] for f in fields(Certificate) if f.name in stored}}
        return Certificate(
            **known | {"table": {name: PairCounts(**row) for name, row in stored["table"].items()}}
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _examples(found: pd.DataFrame, table: pd.DataFrame) -> list[dict[str, str]]:
    named = []
    for row in found.head(EXAMPLES).itertuples(index=False):
        for one, other in ((row.one, row.other), (row.other, row.one)):
            left = table[(table["pixel_hash"] == row.first) & (table["split"] == one)]
            right = table[(table["pixel_hash"] == row.second) & (table["split"] == other)]
            if len(left) and len(right):
                a, b = left.iloc[0], right.iloc[0]
                ids = {"first_id": a["image_id"], "second_id": b["image_id"]}
                paths = {"kind": row.kind, "first": a["path"], "second": b["path"]}
                named.append(paths | ids | {"splits": f"{one}|{other}"})
                break
    return named


def _method(distance: int | None, mirrored: bool, compared: int) -> str:
    words = "equal decoded pixels"
    if distance is not None:
        shifts = f"at shifts of up to {MAX_SHIFT} pixels"
        words += f"; {method_name(compared)}, {shifts}, a correlation of at least {MIN_CORRELATION:g}"
        words += f", also mirrored (at least {MIN_TURNED:g})" if mirrored else ""
        words += f", also in another frame (at least {MIN_REFRAMED:g})" if compared >= ALL_PAIRS else ""
        words += f", perceptual hashes at most {distance} bits apart"
        words += "; pictures of one even gray by equal pixels alone"
    return words
