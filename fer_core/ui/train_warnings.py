"""What to know about a version before training on it, each with the page that repairs it."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from fer_core.data import records
from fer_core.quality.balance import drift
from fer_core.quality.leakage import leaked_share
from fer_core.quality.selection import Selection
from fer_core.ui import cache, html
from fer_core.ui.explore_desk import VIEW
from fer_core.ui.page import Scope
from fer_core.ui.tables import DRIFT_LARGE, DRIFT_SMALL

_STRATIFY, _COPIES, _EXPLORE = "pages/data/stratify.py", "pages/data/duplicates.py", "pages/data/explore.py"
_BLANK = 0.02  # contrast
_BLANK_ONES = {VIEW: "Faces", **Selection().within("contrast", high=_BLANK).to_query()}
_MEANING = "They teach nothing but their label"


@dataclass(frozen=True)
class Warned:
    """One thing that is not as it should be: what it means, where it is repaired, whether it forbids training, and what of
    the address of that page shows it."""

    level: html.Verdict
    text: str
    meaning: str
    page: str
    link: str
    blocks: bool = False
    query: dict[str, str] = field(default_factory=dict)


def of(scope: Scope) -> list[Warned]:
    """What is wrong with the version on screen, worst first; [] where it can be trained on as it is."""
    manifest = scope.manifest
    images = records.counts(manifest).sum(axis=1)
    found = []
    if missing := [split for split in ("train", "val") if not int(images.get(split, 0))]:
        what = f"no {' and no '.join(missing)} images"
        found.append(Warned("bad", what, "Training needs both", _STRATIFY, "Split it", True))
    if len(records.classes(manifest)) < 2:
        found.append(
            Warned("bad", "one class only", "There is nothing to tell apart", _EXPLORE, "Look at it", True)
        )
    leaked = leaked_share(manifest, cache.exact_groups(scope.dataset, scope.version.id))
    for split in ("val", "test"):
        if share := leaked.get(split, 0.0):
            text = f"{share:.1%} of {split} is in another split too"
            meaning = f"Accuracy on {split} will look better than it is"
            found.append(Warned("bad" if split == "val" else "look", text, meaning, _STRATIFY, "Repair"))
    mixed = drift(manifest)
    if mixed and mixed["cramers_v"] >= DRIFT_SMALL:
        level: html.Verdict = "bad" if mixed["cramers_v"] >= DRIFT_LARGE else "look"
        text = f"classes are mixed differently in the splits (Cramér's V {mixed['cramers_v']:.2f})"
        found.append(Warned(level, text, "Accuracies of the splits cannot be compared", _STRATIFY, "Repair"))
    if blank := int(((manifest["error"] == "") & (manifest["contrast"] < _BLANK)).sum()):
        text = f"{html.plural(blank, 'blank picture')}"
        found.append(Warned("look", text, _MEANING, _EXPLORE, "See them", query=_BLANK_ONES))
    return found


def draw(scope: Scope) -> None:
    """The warnings, each beside its link."""
    query = {"dataset": scope.dataset.name}
    if not scope.is_head:
        query["version"] = scope.version.id
    for warned in of(scope):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            chip = html.chip(warned.level, warned.text, warned.meaning).text.replace(
                "fer-chip", "fer-chip long"
            )
            st.html(chip, width="stretch")
            st.page_link(warned.page, label=warned.link, query_params=query | warned.query)
