"""What is in this set, and what is wrong with it, before anything is trained."""

import importlib
from collections.abc import Callable
from functools import partial

import streamlit as st

from fer_core.ui.explore import faces, overview
from fer_core.ui.explore.state import VIEW, Explorer, open_explorer, write_address
from fer_core.ui.shell import decisions, page
from fer_core.ui.versions import version_list


def view_of(module: str, explorer: Explorer) -> None:
    """Draw a view whose charts are not worth importing before somebody looks at them."""
    importlib.import_module(f"fer_core.ui.explore.{module}").draw(explorer)


VIEWS: dict[str, Callable[[Explorer], None]] = {
    "Overview": overview.draw,
    "Faces": faces.draw,
    "Map": partial(view_of, "embedding_map"),
    "Averages": partial(view_of, "averages"),
    "Measures": partial(view_of, "measures"),
    "Votes": partial(view_of, "votes"),
    "Versions": lambda explorer: version_list.draw(explorer.scope),
}

scope = page.open_page(
    "Explore", "See what is in this set, and what is wrong with it, before anything is trained."
)
explorer = open_explorer(scope)
overview.draw_numbers(explorer)
view = st.segmented_control(
    "View",
    list(VIEWS),
    default="Overview",
    required=True,
    key=VIEW,
    bind="query-params",
    label_visibility="collapsed",
)
VIEWS[view](explorer)
decisions.apply_card(scope)
write_address(explorer)
