"""Decide on images that are named by id or path, as the command line and the front door take them.

What is recorded is what the page records of the same press: `lookup.finder` finds the row of the ranking, or of the manifest
where the image is not ranked, and `review.key_press` makes the decision.

    record(dataset, press(dataset, "train/happy/1.png", "relabel", label="sad"))
    relabel(dataset, {"train/happy/1.png": "sad", "5f0c": "neutral"}, who="Ada")
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from fer_core.base.errors import DecisionError, NotFound
from fer_core.mislabels.lookup import finder
from fer_core.mislabels.store import methods
from fer_core.review.decisions import Decision
from fer_core.review.journal import Journal
from fer_core.review.key_press import KeyPress, press_decisions

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset

SHORTEST = 4
"""Characters of an id that are needed to mean an image by its start."""


def find_image(dataset: Dataset, wanted: str) -> tuple[str, str]:
    """The newest version that has an image, and the image's id.

    Args:
        dataset: where.
        wanted: its id, the start of its id, or its path.

    Raises:
        NotFound: none, or more than one, is meant.
    """
    for version in (dataset.head, *(v.id for v in reversed(dataset.versions()) if v.id != dataset.head)):
        found = _matching(dataset.manifest(version), wanted)
        if len(found) == 1:
            return version, str(found["image_id"].iloc[0])
        if len(found) > 1:
            raise NotFound("More than one image is meant", received=wanted, hint="Give the whole id")
    hint = f"`fer mislabels {dataset.name} --csv F` lists the ids"
    raise NotFound("There is no such image in this dataset", received=wanted, hint=hint)


def press(
    dataset: Dataset,
    image: str,
    action: str,
    *,
    label: str = "",
    soft: Mapping[str, float] | None = None,
    reason: str = "",
    who: str = "",
    final: bool = False,
) -> KeyPress:
    """A decision on one image as the press of a reviewer who looks at the best ranking of the version.

    Args:
        dataset: whose image.
        image: as `find_image` takes it.
        action: relabel, keep, delete, ambiguous or note.
        label, soft, reason, who, final: as `KeyPress`.

    Raises:
        NotFound: no such image.
        DecisionError: the action lacks what it needs, or is given what belongs to another.
    """
    version, image_id = find_image(dataset, image)
    method = next(iter(methods(dataset, version)), "")
    if action == "relabel" and not label:
        raise DecisionError("A relabel needs a label", received=image)
    if action == "note" and not reason:
        raise DecisionError("A note needs its text", received=image)
    for what, value, meant in (("A label", label, "relabel"), ("A soft label", soft, "ambiguous")):
        if value and action != meant:
            raise DecisionError(f"{what} belongs to {meant}", received=action)
    if action == "ambiguous" and not soft and not method:
        hint = f"Give --soft happy=0.6,neutral=0.4 or run `fer mislabels {dataset.name}` first"
        raise DecisionError(
            "An ambiguous image needs a soft label, since its version is not ranked",
            received=image,
            hint=hint,
        )
    return KeyPress(
        uuid.uuid4().hex, action, (image_id,), label=label, soft=soft, reason=reason, who=who, final=final,
        version=version, method=method,
    )  # fmt: skip


def record(dataset: Dataset, pressed: KeyPress) -> tuple[int, Decision]:
    """Record a press on one image; returns the number of its entry in the journal, and what it says."""
    (made,) = press_decisions(pressed, finder(dataset)(pressed))
    return Journal(dataset.journal_path).record(made), made


def relabel(dataset: Dataset, labels: Mapping[str, str], *, who: str = "", reason: str = "") -> str:
    """Record the right class of several images at once, all or none; returns the id by which all are undone.

    Args:
        dataset: whose images.
        labels: image (id, start of an id, or path) -> class.
        who: the reviewer.
        reason: kept with each decision.
    """
    find = finder(dataset)
    presses = [
        press(dataset, image, "relabel", label=label, reason=reason, who=who)
        for image, label in labels.items()
    ]
    made = [decision for each in presses for decision in press_decisions(each, find(each))]
    return Journal(dataset.journal_path).add_many(made)


def _matching(rows: pd.DataFrame, wanted: str) -> pd.DataFrame:
    named = rows[(rows["image_id"] == wanted) | (rows["path"] == wanted)]
    if named.empty and len(wanted) >= SHORTEST:
        return rows[rows["image_id"].str.startswith(wanted)]
    return named
