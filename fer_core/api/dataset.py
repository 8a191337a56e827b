"""A dataset and its versions, as the front door hands them out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.api import html
from fer_core.api.story import Story
from fer_core.base.atomic import write_atomic
from fer_core.base.parsing import expand_home
from fer_core.data.datasets import Dataset, describe
from fer_core.data.versions import Version
from fer_core.duplicates import reach
from fer_core.duplicates.exact import GroupNumbers
from fer_core.duplicates.search import DEFAULT_KINDS, Copies, search
from fer_core.mislabels import by_name
from fer_core.mislabels.judges import ranked
from fer_core.reports import certificate_page, status
from fer_core.reports.status_parts import DatasetStatus
from fer_core.reports.story import build
from fer_core.review import apply
from fer_core.splits import certificate, propose
from fer_core.splits.certificate import Certificate
from fer_core.splits.plan import SplitPlan

if TYPE_CHECKING:
    from fer_core.jobs.reporter import ProgressFn


@dataclass(frozen=True)
class OpenDataset:
    """A dataset of the workspace. Every call reads what is there now.

    Attributes:
        data: the dataset of the library, for everything that is not here.
    """

    data: Dataset

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def table(self) -> pd.DataFrame:
        """The newest version, one row per image; see `data.manifest`."""
        return self.data.manifest()

    @property
    def versions(self) -> list[SavedVersion]:
        """All versions, oldest first."""
        return [SavedVersion(self, version) for version in self.data.versions()]

    def version(self, wanted: str | None = None) -> SavedVersion:
        """A version by id, start of an id, number ("v3") or name; the newest for None."""
        return SavedVersion(self, self.data.version(wanted))

    def duplicates(
        self,
        distance: int = reach.DISTANCE,
        kinds: Iterable[str] = DEFAULT_KINDS,
        *,
        version: str | None = None,
        progress: ProgressFn | None = None,
    ) -> FoundCopies:
        """Groups of copies; what is compared is kept with the dataset.

        Args:
            distance: bits by which the hashes of copies that are not exact may differ.
            kinds: exact, near, mirrored, rotated.
            version: None for the newest.
            progress: told (done, total, what).
        """
        chosen = self.data.version(version)
        return FoundCopies(search(self.data, chosen.id, kinds, distance, progress=progress))

    def mislabels(
        self,
        method: str = "quick",
        *,
        version: str | None = None,
        progress: ProgressFn | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Every label, the likeliest mistake first; columns as `mislabels.rank`. The ranking is kept with the dataset.

        Args:
            method: quick, folds, run:RUN or file:PATH.
            version: None for the newest.
            progress: told (done, total, what).
            options: recipe, folds and epochs, of folds.
        """
        return ranked(self.data, self.data.version(version).id, method, progress, **options)

    def relabel(self, labels: Mapping[str, str], *, who: str = "", reason: str = "") -> OpenDataset:
        """Decide which class images show: {id or path: class}. `apply` makes the version; nothing is changed before.

        Raises:
            NotFound: no such image; then none of the decisions is recorded.
        """
        by_name.relabel(self.data, labels, who=who, reason=reason)
        return self

    def status(self, later: Collection[str] = ()) -> DatasetStatus:
        """Where the dataset stands between import and a model in use, and what to do next; see `reports.status`.

        Args:
            later: names of steps of which nothing is proposed.
        """
        return status.status(self.data, later)

    def story(self, faces: bool = True, progress: ProgressFn | None = None) -> Story:
        """What cleaning, merging and each model brought, as one document; a notebook shows it.

        Args:
            faces: whether it shows pictures.
            progress: told (done, total, what).
        """
        return Story(build(self.data, faces, progress))

    def apply(self, note: str = "") -> SavedVersion:
        """The decisions as a new version; the newest one where it holds them all already."""
        return SavedVersion(self, apply.apply_journal(self.data, note=note))

    def split(
        self, train: float = 80, val: float = 10, test: float = 10, *, seed: int = 42, **options: Any
    ) -> ProposedSplit:
        """New splits of the newest version, copies on one side; nothing is saved before `save`.

        Args:
            train, val, test: shares, summing to 100 or 1.
            seed: decides which images go where.
            options: of `splits.propose.propose`, such as together, keep_test, cap or balance.
        """
        return ProposedSplit(self, propose.propose(self.data, None, (train, val, test), seed, **options))

    def write_image(self, image_id: str, to: str | Path) -> Path:
        """Write the file of an image, as it is in the source, elsewhere."""
        path = expand_home(Path(to)).resolve()
        write_atomic(path, self.data.read_file(image_id))
        return path

    def __repr__(self) -> str:
        at = self.data.version()
        images, classes = at.counts["images"], len(at.counts["classes"])
        return f"<OpenDataset {self.name}: {images:,} images in {classes} classes, version v{at.number}>"

    def _repr_html_(self) -> str:
        found = describe(self.data)
        head = f"{found['images']:,} images, {found['unreadable']:,} unreadable, version v{found['number']} ({found['version']})"
        return html.card(self.name, head, pd.DataFrame(found["counts"]).T.fillna(0).astype(int))


@dataclass(frozen=True)
class SavedVersion:
    """One version of a dataset; it never changes.

    Attributes:
        dataset: whose.
        about: id, number, parent, operation, parameters and counts.
    """

    dataset: OpenDataset
    about: Version

    @property
    def id(self) -> str:
        return self.about.id

    @property
    def number(self) -> int:
        return self.about.number

    @property
    def operation(self) -> str:
        """What made it: import, review, stratify, ..."""
        return self.about.operation

    @property
    def table(self) -> pd.DataFrame:
        """One row per image."""
        return self.dataset.data.manifest(self.id)

    @cached_property
    def certificate(self) -> Certificate:
        """Whether its splits are apart: the stored certificate where it looks as far as is usual now, else a new one."""
        known = certificate.load(self.dataset.data, self.id)
        if known is not None and known.current:
            return known
        made = certificate.certify(self.dataset.data, self.id)
        certificate_page.write(self.dataset.data, self.id)
        return made

    def __repr__(self) -> str:
        return f"<SavedVersion v{self.number} ({self.id}) of {self.dataset.name}, made by {self.operation}>"

    def _repr_html_(self) -> str:
        counts = self.about.counts
        head = f"{counts['images']:,} images, made by {self.operation}"
        title = f"{self.dataset.name} v{self.number}"
        return html.card(title, head, pd.DataFrame(counts["counts"]).T.fillna(0).astype(int))


@dataclass(frozen=True)
class ProposedSplit:
    """Splits that are not saved yet.

    Attributes:
        dataset: whose.
        plan: the whole proposal.
    """

    dataset: OpenDataset
    plan: SplitPlan

    @property
    def table(self) -> pd.DataFrame:
        """Images and share of every split, with what was wanted."""
        return self.plan.after

    def save(self) -> SavedVersion:
        """Save them as a version, with its certificate."""
        done = propose.save(self.dataset.data, self.plan)
        certificate_page.write(self.dataset.data, done.version.id)
        return SavedVersion(self.dataset, done.version)

    def __repr__(self) -> str:
        return f"<ProposedSplit of {self.dataset.name}: {self.plan.moved:,} images would move>"

    def _repr_html_(self) -> str:
        head = f"{self.plan.moved:,} images would move; save() makes the version"
        return html.card(f"Splits of {self.dataset.name}", head, self.table)


@dataclass(frozen=True)
class FoundCopies:
    """Groups of copies, see `duplicates.search`.

    Attributes:
        copies: the groups, all together and by kind.
    """

    copies: Copies

    @property
    def table(self) -> pd.DataFrame:
        """One row per image of a group: group, image_id, path, split, label, kind, distance, correlation, framed."""
        return self.copies.table

    def summary(self) -> dict[str, GroupNumbers]:
        """Kind -> groups, extra copies, groups over two splits, groups with more than one label."""
        return self.copies.summary()

    def __len__(self) -> int:
        return int(self.table["group"].nunique())

    def __repr__(self) -> str:
        return f"<FoundCopies: {len(self):,} groups>"

    def _repr_html_(self) -> str:
        rows = {
            kind: {key: value for key, value in found.items() if not isinstance(value, dict)}
            | found["cross_split"]
            for kind, found in self.summary().items()
        }
        return html.card("Copies", f"{len(self):,} groups", pd.DataFrame(rows).T)
