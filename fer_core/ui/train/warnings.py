"""What to know about a version before training on it, each with the page that repairs it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fer_core.checks.checks import BLANK_CONTRAST
from fer_core.data.dataset import Dataset
from fer_core.explore.filter import Selection
from fer_core.recipes.recipe import Recipe
from fer_core.scheduling import readiness
from fer_core.scheduling.readiness import Caution, ReadinessKind
from fer_core.ui.components import markup
from fer_core.ui.explore.state import VIEW
from fer_core.ui.shell import near_copies
from fer_core.ui.shell.page import Scope

_STRATIFY, _COPIES, _EXPLORE = "pages/data/stratify.py", "pages/data/duplicates.py", "pages/data/explore.py"
_REPAIR: dict[ReadinessKind, tuple[str, str]] = {
    "no split": (_STRATIFY, "Split it"),
    "one class": (_EXPLORE, "Look at it"),
    "leak": (_STRATIFY, "Repair"),
    "copies": (_STRATIFY, "Repair"),
    "not compared": (_COPIES, "Compare"),
    "narrow": (_STRATIFY, "Check"),
    "drift": (_STRATIFY, "Repair"),
    "blank": (_EXPLORE, "See them"),
}
"""Where a caution is repaired, and what the link says."""
_SHOWN: dict[ReadinessKind, dict[str, str]] = {
    "blank": {VIEW: "Faces", **Selection().with_range("contrast", high=BLANK_CONTRAST).to_query()}
}


def of(scope: Scope) -> list[Caution]:
    """What is wrong with the version on screen."""
    return readiness.cautions(scope.manifest, near_copies.known(scope))


def of_recipe(scope: Scope, recipe: Recipe) -> list[Caution]:
    """What the recipe asks for that does nothing on the version on screen, or not what its name says."""
    found = readiness.recipe_cautions(recipe, scope.manifest)
    if recipe.model.start or recipe.distillation.teacher:
        found += _of_start(scope.dataset, scope.version.id, recipe.model_dump_json(), recipe)
    return found


@st.cache_data(max_entries=8, ttl=60, show_spinner="Comparing with the pictures the start has learned")
def _of_start(dataset: Dataset, version: str, model: str, _recipe: Recipe) -> list[Caution]:
    return readiness.start_cautions(dataset, version, _recipe)


def draw(scope: Scope, cautions: Sequence[Caution]) -> None:
    """The cautions, each beside its link where another page repairs it."""
    query = {"dataset": scope.dataset.name}
    if not scope.is_head:
        query["version"] = scope.version.id
    for found in cautions:
        if found.kind not in _REPAIR:  # the form above repairs it
            st.html(
                f'<p class="fer-note">{markup.chip(found.level, found.text)} {markup.esc(found.meaning)}.</p>'
            )
            continue
        page, link = _REPAIR[found.kind]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            chip = markup.chip(found.level, found.text, found.meaning).replace("fer-chip", "fer-chip long")
            st.html(chip, width="stretch")
            st.page_link(page, label=link, query_params=query | _SHOWN.get(found.kind, {}))
