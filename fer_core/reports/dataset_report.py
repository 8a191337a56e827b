"""All that is known about a version of a dataset, as one page that needs nothing else.

page = write(dataset)                 # HTML, to be kept or sent
facts = collect(dataset)              # what it is drawn from

It shows faces, and belongs where the images themselves may be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.data import records
from fer_core.data.notes import read_notes
from fer_core.data.votes import UNCLEAR
from fer_core.evaluation.data_report_html import page
from fer_core.quality import balance, checks, mislabels
from fer_core.quality.duplicates import Groups, find_exact
from fer_core.quality.leakage import leak_table
from fer_core.quality.passport import Passport, passport
from fer_core.review import apply
from fer_core.splits import certificate

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs import ProgressFn

FACES = 12
"""Faces shown per class."""
WORST = 8
"""Faces shown per check, of copies, and of each kind of wrong label."""
_MEAN_OF = 4000  # pictures per class from which a mean face is made
_STEPS = 6


@dataclass
class Facts:
    """What a report is drawn from.

    Attributes:
        dataset, version: what it is about.
        manifest: of the version.
        passport: where the images come from.
        shares, drift, classes: `balance.split_shares`, `balance.drift`, `balance.class_balance`.
        checks: `checks.summary`; `worst` of them, check -> rows of the manifest.
        groups: equal pictures; `leaks` their table of splits.
        ranking: of the labels, by the first method that was run; None where none was.
        certificate: of the version; None where it was not certified.
        votes: what people's votes say in numbers; None where there are none.
        pending: decisions in no version yet.
        notes: `notes.read_notes`.
        means: class -> mean face, uint8 (48, 48); `samples` class -> rows of the manifest.
        pictures: image_id -> uint8 (48, 48), for every row that is shown.
    """

    dataset: Dataset
    version: Version
    manifest: pd.DataFrame
    passport: Passport
    shares: pd.DataFrame
    drift: dict[str, float] | None
    classes: pd.DataFrame
    checks: dict[str, dict[str, Any]]
    worst: dict[str, pd.DataFrame]
    groups: Groups
    leaks: pd.DataFrame
    ranking: pd.DataFrame | None
    certificate: dict[str, Any] | None
    votes: dict[str, float] | None
    pending: int
    notes: dict[str, Any]
    means: dict[str, NDArray[np.uint8]]
    samples: dict[str, pd.DataFrame]
    pictures: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def wrong(self) -> pd.DataFrame | None:
        """The labels that are likely wrong, the likeliest first; None where they are not ranked."""
        return None if self.ranking is None else mislabels.likely_wrong(self.ranking)

    @property
    def leaking(self) -> pd.DataFrame:
        """Rows of the first groups that lie in more than one split."""
        table = self.groups.table
        across = table[table.groupby("group")["split"].transform("nunique") > 1]
        return across[across["group"].isin(across["group"].unique()[:WORST])]


def write(dataset: Dataset, version: str | None = None, progress: ProgressFn | None = None) -> str:
    """The report of a version as an HTML document; the same version and notes give the same page but for the time.

    Args:
        dataset: the dataset.
        version: id, start of an id, number or name; None for the newest.
        progress: told how far the work is.
    """
    return page(collect(dataset, version, progress))


def collect(dataset: Dataset, version: str | None = None, progress: ProgressFn | None = None) -> Facts:
    """Look up and compute what a report says; arguments as `write`."""
    told = progress or (lambda done, total, what: None)
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    told(0, _STEPS, "checking the pictures")
    good = records.readable(manifest)
    scores = checks.run_checks(dataset, chosen.id)
    told(1, _STEPS, "looking for copies")
    groups = find_exact(manifest)
    told(2, _STEPS, "comparing with public sets")
    origin = passport(manifest)
    told(3, _STEPS, "choosing faces")
    names = records.classes(manifest)
    samples = {name: _sample(good[good["label"] == name]) for name in names}
    methods = mislabels.methods(dataset, chosen.id)
    facts = Facts(
        dataset=dataset,
        version=chosen,
        manifest=manifest,
        passport=origin,
        shares=balance.split_shares(manifest),
        drift=balance.drift(manifest),
        classes=balance.class_balance(manifest),
        checks=checks.summary(scores),
        worst=_worst(good, scores),
        groups=groups,
        leaks=leak_table(groups),
        ranking=mislabels.load(dataset, chosen.id, methods[0]) if methods else None,
        certificate=certificate.load(dataset, chosen.id),
        votes=_votes(good, dataset.about.get("vote_classes", [])),
        pending=int(apply.preview(dataset)["pending"]),
        notes=read_notes(dataset),
        means={name: _mean(dataset, good[good["label"] == name]) for name in names},
        samples=samples,
    )
    told(4, _STEPS, "drawing")
    facts.pictures = _pictures(facts)
    told(_STEPS, _STEPS, "drawing")
    return facts


def _sample(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sample(min(len(rows), FACES), random_state=0).sort_values("path", kind="stable")


def _worst(good: pd.DataFrame, scores: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For every check that flags any, the rows it flags, worst first."""
    rows, found = good.set_index("image_id", drop=False), {}
    for check in checks.CHECKS:
        flagged = scores.loc[scores[f"is_{check.name}_issue"], f"{check.name}_score"].sort_values()
        if len(flagged):
            found[check.name] = rows.loc[flagged.index[:WORST]]
    return found


def _mean(dataset: Dataset, rows: pd.DataFrame) -> NDArray[np.uint8]:
    """The mean of the class with its gray levels stretched: means are so even that little is seen otherwise."""
    some = rows.sample(min(len(rows), _MEAN_OF), random_state=0)["row"].sort_values().to_numpy()
    mean = np.asarray(dataset.pixels()[some], np.float32).mean(axis=0)
    low, high = np.percentile(mean, (1, 99))
    return np.clip((mean - low) * (235 / max(high - low, 1)) + 10, 0, 255).astype(np.uint8)


def _votes(good: pd.DataFrame, classes: list[str]) -> dict[str, float] | None:
    """images, share (0..1) of votes for the winner on average, and share of images whose majority says another class."""
    if "votes" not in good or not classes:
        return None
    voted = good[good["votes"].notna()]
    table = np.array([np.asarray(v, float) for v in voted["votes"]])
    if not table.size:
        return None
    emotions = [i for i, name in enumerate(classes) if name not in UNCLEAR]
    most = table.argmax(axis=1)
    total = np.maximum(table.sum(axis=1), 1)
    clear = table[:, emotions].max(axis=1) > table.sum(axis=1) / 2
    other = np.array([classes[i] for i in most]) != voted["label"].to_numpy()
    return {
        "images": float(len(voted)),
        "agreement": float((table.max(axis=1) / total).mean()),
        "clear": float(clear.sum()),
        "differ": float((clear & other).sum()),
    }


def _pictures(facts: Facts) -> dict[str, NDArray[np.uint8]]:
    """The small pictures of every image the page shows."""
    wanted = {i for rows in (*facts.samples.values(), *facts.worst.values()) for i in rows["image_id"]}
    wanted |= set(facts.leaking["image_id"])
    if facts.wrong is not None:
        wanted |= set(facts.wrong["image_id"].head(2 * WORST))
    rows = facts.manifest[facts.manifest["image_id"].isin(wanted) & (facts.manifest["row"] >= 0)]
    pixels = facts.dataset.pixels()[rows["row"].to_numpy()]
    return dict(zip(rows["image_id"], np.asarray(pixels), strict=True))
