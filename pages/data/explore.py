"""What is in this set, and what is wrong with it, before anything is trained."""

import importlib
from collections.abc import Callable
from functools import partial

import streamlit as st

from fer_core.ui import explore_faces, explore_overview, explore_strip, page, verdicts, versions_card
from fer_core.ui.explore_desk import VIEW, Desk, open_desk, write_address


def view_of(module: str, desk: Desk) -> None:
    """Draw a view whose charts are not worth importing before somebody looks at them."""
    importlib.import_module(f"fer_core.ui.{module}").draw(desk)


VIEWS: dict[str, Callable[[Desk], None]] = {
    "Overview": explore_overview.draw,
    "Faces": explore_faces.draw,
    "Map": partial(view_of, "explore_map"),
    "Averages": partial(view_of, "explore_averages"),
    "Measures": partial(view_of, "explore_measures"),
    "Votes": partial(view_of, "explore_votes"),
    "Versions": lambda desk: versions_card.draw(desk.scope),
}

scope = page.open_page(
    "Explore", "See what is in this set, and what is wrong with it, before anything is trained."
)
desk = open_desk(scope)
explore_strip.draw(desk)
view = st.segmented_control(
    "View",
    list(VIEWS),
    default="Overview",
    required=True,
    key=VIEW,
    bind="query-params",
    label_visibility="collapsed",
)
VIEWS[view](desk)
verdicts.apply_card(scope)
write_address(desk)
