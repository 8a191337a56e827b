"""What is in this set, and what is wrong with it, before anything is trained."""

import streamlit as st

from fer_core.ui import (
    explore_averages,
    explore_faces,
    explore_map,
    explore_measures,
    explore_overview,
    explore_strip,
    explore_votes,
    page,
    verdicts,
    versions_card,
)
from fer_core.ui.explore_desk import VIEW, Desk, open_desk, write_address


def versions(desk: Desk) -> None:
    versions_card.draw(desk.scope)


VIEWS = {
    "Overview": explore_overview.draw,
    "Faces": explore_faces.draw,
    "Map": explore_map.draw,
    "Averages": explore_averages.draw,
    "Measures": explore_measures.draw,
    "Votes": explore_votes.draw,
    "Versions": versions,
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
