"""All that is known about a version of a dataset, as one page that needs nothing else.

page = write(dataset)                 # HTML, to be kept or sent
facts = collect(dataset)              # what it is drawn from

It shows faces, and belongs where the images themselves may be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core import mislabels
from fer_core.checks import checks
from fer_core.data.importing.votes import UNCLEAR
from fer_core.data.manifest import classes, counts, readable
from fer_core.data.notes import read_notes
from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.leakage import leak_table
from fer_core.provenance.provenance import provenance_of
from fer_core.reports.dataset_facts import FACES, WORST, ReportFacts
from fer_core.reports.dataset_page import page
from fer_core.review import apply
from fer_core.splits import balance, certificate, leaks
from fer_core.splits.change import change_of

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

_MEAN_OF = 4000  # pictures per class from which a mean face is made
_STEPS = 6


def write(dataset: Dataset, version: str | None = None, progress: ProgressFn | None = None) -> str:
    """The report of a version as an HTML document; the same version and notes give the same page but for the time.

    Args:
        dataset: the dataset.
        version: id, start of an id, number or name; None for the newest.
        progress: told how far the work is.
    """
    return page(collect(dataset, version, progress))


def collect(dataset: Dataset, version: str | None = None, progress: ProgressFn | None = None) -> ReportFacts:
    """Look up and compute what a report says; arguments as `write`."""
    told = progress or (lambda done, total, what: None)
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    told(0, _STEPS, "checking the pictures")
    good = readable(manifest)
    scores = checks.run_checks(dataset, chosen.id)
    told(1, _STEPS, "looking for copies")
    groups = find_exact(manifest)
    told(2, _STEPS, "comparing with public sets")
    origin = provenance_of(manifest)
    told(3, _STEPS, "choosing faces")
    names, counted = classes(manifest), counts(manifest)
    samples = {name: _sample(good[good["label"] == name]) for name in names}
    methods = mislabels.methods(dataset, chosen.id)
    facts = ReportFacts(
        dataset=dataset,
        version=chosen,
        manifest=manifest,
        passport=origin,
        shares=balance.split_shares(counted),
        drift=balance.drift(counted),
        classes=balance.class_balance(counted),
        checks=checks.summary(scores),
        worst=_worst(good, scores),
        groups=groups,
        leaks=leak_table(groups),
        across=leaks.leaks_of(dataset, chosen.id),
        change=change_of(dataset, chosen.id),
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
    return np.asarray(np.clip((mean - low) * (235 / max(high - low, 1)) + 10, 0, 255).astype(np.uint8))


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


def _pictures(facts: ReportFacts) -> dict[str, NDArray[np.uint8]]:
    """The small pictures of every image the page shows."""
    wanted = {i for rows in (*facts.samples.values(), *facts.worst.values()) for i in rows["image_id"]}
    wanted |= set(facts.leaking["image_id"])
    if facts.wrong is not None:
        wanted |= set(facts.wrong["image_id"].head(2 * WORST))
    rows = facts.manifest[facts.manifest["image_id"].isin(wanted) & (facts.manifest["row"] >= 0)]
    pixels = facts.dataset.pixels()[rows["row"].to_numpy()]
    return dict(zip(rows["image_id"], np.asarray(pixels), strict=True))
