"""All filters of the explorer, between the bar and the faces: flags, columns, ranges with their histograms, and saved views."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from fer_core.base.errors import FerError
from fer_core.charts.distributions import handle_edges
from fer_core.explore import saved_views
from fer_core.explore.filter import Selection
from fer_core.explore.saved_views import SavedView
from fer_core.ui.components import messages, range_filters
from fer_core.ui.explore import filters
from fer_core.ui.explore.state import FLAG_WORDS, Explorer
from fer_core.ui.shell import page

_MANY = 200  # names of a category beyond which a list is no help


def draw(explorer: Explorer) -> None:
    """The panel."""
    chosen = explorer.state.selection
    with st.container(border=True, key="exp-panel"):
        _views(explorer)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            _flags(explorer, chosen)
            for name in _offered(explorer):
                filters.many(explorer, chosen, name, width=190)
            if len(explorer.runs) > 1:
                _run(explorer)
        if not explorer.checks_known:
            st.html(
                '<p class="fer-muted">Dark, blurry and the like come with the checks: run them on Overview.</p>'
            )
        _ranges(explorer, chosen)


def _views(explorer: Explorer) -> None:
    """Views with a name: one click shows one; what is shown now can be kept."""
    dataset = explorer.scope.dataset
    try:
        known = saved_views.read_views(dataset)
    except FerError as error:
        page.show_error(error)
        return

    def plain() -> bool:
        return not explorer.state.like and explorer.state.ids is None

    def keep() -> None:
        name = st.session_state["exp-keep-view"].strip()
        if name and not plain():
            words = "A view has filters and an order: take away the face, or the choice on the map, that others are shown by."
            messages.toast(f"Not kept. {words}", icon=":material/error:")
        elif name and _told(partial(saved_views.keep_view, dataset, name, _view(explorer))):
            messages.toast(f"Kept as “{name}”.", icon=":material/bookmark:")
            st.session_state["exp-keep-view"] = ""

    def forget(name: str) -> None:
        if _told(partial(saved_views.forget_view, dataset, name)):
            messages.toast(f"“{name}” is gone.", icon=":material/bookmark_remove:")

    def show(view: SavedView) -> None:
        explorer.show(view.selection)
        explorer.state.run = view.run or explorer.state.run

    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="exp-views"):
        for name, view in known.items():
            now = plain() and view == replace(_view(explorer), selection=_plainly(explorer.state.selection))
            st.button(
                messages.plain(name), key=f"exp-view-{name}", type="primary" if now else "secondary",
                icon=":material/bookmark:", on_click=show, args=(view,),
            )  # fmt: skip
            if now:
                st.button("Forget", key=f"exp-forget-{name}", type="tertiary", on_click=forget, args=(name,))
        st.text_input(
            "Keep this view as", key="exp-keep-view", placeholder="keep this view as …", width=200,
            label_visibility="collapsed", on_change=keep,
        )  # fmt: skip


def _view(explorer: Explorer) -> SavedView:
    """What is shown, to be kept."""
    chosen = explorer.state.selection
    return SavedView(chosen, explorer.run.id if explorer.run and chosen.of_run else "")


def _plainly(chosen: Selection) -> Selection:
    """As it comes back from an address or a file, where the ends of ranges are rounded."""
    return Selection.from_query(chosen.to_query())


def _told(act: Callable[[], None]) -> bool:
    """Do something with a view; whether it was done, else why not is said."""
    try:
        act()
    except (FerError, OSError) as error:
        messages.toast(f"Not done. {error}", icon=":material/error:")
        return False
    return True


def _flags(explorer: Explorer, chosen: Selection) -> None:
    st.session_state["exp-f-flag"] = list(chosen.flags)
    known = explorer.flags()
    st.multiselect(
        "Flags: has one of",
        [*known, *(f for f in chosen.flags if f not in known)],
        format_func=lambda flag: FLAG_WORDS.get(flag, flag),
        key="exp-f-flag",
        placeholder="any",
        width=260,
        on_change=lambda: filters.change(
            explorer, replace(chosen, flags=tuple(st.session_state["exp-f-flag"]))
        ),
    )


def _offered(explorer: Explorer) -> list[str]:
    names = (
        ["decision"] + (["voted"] if explorer.facts.has_votes else []) + (["said"] if explorer.run else [])
    )
    for name in ("source", "mode", "format", "subject", "group"):
        if name in explorer.facts.columns and 1 < len(explorer.facts.category(name)[1]) <= _MANY:
            names.append(name)
    return names


def _run(explorer: Explorer) -> None:
    ids = [run.id for run in explorer.runs]
    st.session_state["exp-f-run"] = explorer.run.id if explorer.run else ids[0]

    def change() -> None:
        explorer.state.run = st.session_state["exp-f-run"]

    st.selectbox("Run whose predictions count", ids, key="exp-f-run", on_change=change)


def _with_ends(edges: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Edges, and the ends that are set among them: another place would be another filter."""
    for end in (low, high):
        if len(edges) and math.isfinite(end) and not np.isclose(edges, end, rtol=1e-5, atol=0).any():
            edges = np.sort(np.append(edges, end))
    return edges


def _ranges(explorer: Explorer, chosen: Selection) -> None:
    """A histogram for each measure, of the faces that pass all other filters."""
    ids = explorer.state.ids
    drawn = []
    for name in explorer.measures():
        values = explorer.facts.measure(name)
        low, high = chosen.ranges.get(name, (-math.inf, math.inf))
        edges = _with_ends(handle_edges(values), low, high)
        if not len(edges):
            continue
        passed = chosen.with_range(name).mask(explorer.facts) & np.isfinite(values)
        if ids is not None:
            passed &= np.isin(np.arange(len(values)), ids)
        first = 0 if math.isinf(low) else min(int(np.abs(edges - low).argmin()), len(edges) - 2)
        last = len(edges) - 1 if math.isinf(high) else int(np.abs(edges - high).argmin())
        cuts = edges.copy()
        cuts[last] = np.nextafter(cuts[last], math.inf)  # the highest passes too
        counts = np.histogram(values[passed], cuts)[0].tolist()
        title = filters.MEASURE_WORDS[name].partition(",")[0]
        drawn.append(
            range_filters.RangeFilter(name, title, edges.tolist(), counts, first, max(last, first + 1))
        )
    range_filters.draw(
        drawn,
        key="exp-ranges",
        on_change=lambda name, low, high: filters.change(explorer, chosen.with_range(name, low, high)),
    )
