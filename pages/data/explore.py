"""What is in this set, and what is wrong with it, before anything is trained."""

import streamlit as st

from fer_core.ui import explore_overview, explore_strip, page, versions_card

VIEWS = {"Overview": explore_overview.draw, "Versions": versions_card.draw}

scope = page.open_page(
    "Explore", "See what is in this set, and what is wrong with it, before anything is trained."
)
explore_strip.draw(scope)
view = st.segmented_control(
    "View",
    list(VIEWS),
    default="Overview",
    required=True,
    key="view",
    bind="query-params",
    label_visibility="collapsed",
)
VIEWS[view](scope)
