"""The frame of a page: title, purpose, the dataset and version it works on, and the numbers that matter."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from fer_core.base import crash
from fer_core.base.errors import FerError, NotFound
from fer_core.base.workspace import Workspace, current
from fer_core.data.datasets import Dataset, list_datasets, open_dataset
from fer_core.data.versions import Version
from fer_core.ui.components import address, markup, messages
from fer_core.ui.shell import add_dataset, cache, next_step

_ARRIVED, _CHIP = "fer-arrived", "fer-chip"
_SHORT = 16  # letters: beside a longer name the id of a version would be cut off


def visit(chosen: StreamlitPage) -> None:
    """Draw a page, and note whether it was the last one drawn too."""
    name = chosen.url_path
    st.session_state[_ARRIVED] = st.session_state.get(next_step.PAGE, name) != name
    st.session_state[next_step.PAGE] = name
    address.tidy_history()
    chosen.run()


@dataclass(frozen=True)
class Scope:
    """What a page works on; `arrived` says that another page was shown before."""

    workspace: Workspace
    dataset: Dataset
    version: Version
    arrived: bool = False

    @property
    def manifest(self) -> pd.DataFrame:
        return cache.manifest(self.dataset, self.version.id)

    @property
    def is_head(self) -> bool:
        """Whether this is the version that new work continues from."""
        return self.version.id == self.dataset.head


def _chosen(workspace: Workspace, names: list[str]) -> tuple[Dataset, Version] | None:
    """Dataset and version: from the address, else as last chosen in this visit, else the newest dataset.

    One that is damaged is said so, and another is taken; None where no dataset is whole.
    """
    query, state = st.query_params, st.session_state
    name = query.get("dataset") or state.get("fer-dataset")
    if name is not None and name not in names:
        messages.warning(
            str(NotFound("That dataset is not in this workspace", received=name, hint="Showing another"))
        )
        name = None
    wanted = query.get("version") or (state.get("fer-version") if state.get("fer-dataset") == name else None)
    for own in dict.fromkeys([name or names[0], *names]):
        dataset = open_dataset(workspace, own)
        try:
            return dataset, _version(dataset, wanted if own == name else None)
        except FerError as error:
            messages.error(f"{own}: {error} Other datasets are not touched.")
    return None


def _version(dataset: Dataset, wanted: str | None) -> Version:
    newest = dataset.version(None)
    try:
        found = dataset.version(wanted)
    except FerError as error:
        messages.warning(f"{error} Showing the newest version.")
        found = newest
    for sentence in dataset.damaged:
        messages.warning(sentence)
    return found


def select(dataset: str, version: str | None = None) -> None:
    """Work on this dataset (and version) from now on, on every page of this visit."""
    st.session_state["fer-dataset"], st.session_state["fer-version"] = dataset, version
    for key, value in (("dataset", dataset), ("version", version)):
        if value:
            st.query_params[key] = value
        elif key in st.query_params:
            del st.query_params[key]


def _chip(workspace: Workspace, dataset: Dataset, version: Version, names: list[str]) -> None:
    """The chip at the top right: says what is shown, switches it, adds another."""
    label = f"**{dataset.name}** · version {version.number}"
    if len(dataset.name) <= _SHORT:
        label += f" `{version.id[:6]}`"
    turn = st.session_state.get(_CHIP, 0)
    with st.popover(
        label, width="content", key=f"scope-chip-{turn}", help="Dataset and version shown on this page"
    ):
        name = st.selectbox("Dataset", names, index=names.index(dataset.name), key=f"scope-{dataset.name}")
        if name != dataset.name:
            select(name)
            st.rerun()
        versions = dataset.versions()[::-1]
        ids = [v.id for v in versions]
        words = {
            v.id: f"version {v.number} · {v.operation}{' · newest' if v.id == dataset.head else ''}"
            for v in versions
        }
        chosen = st.selectbox(
            "Version",
            ids,
            index=ids.index(version.id),
            format_func=words.__getitem__,
            key=f"scope-{version.id}",
        )
        if chosen != version.id:
            select(dataset.name, None if chosen == dataset.head else chosen)
            st.rerun()
        if st.button(
            "Add a dataset", icon=":material/add:", key="scope-add", width="stretch", on_click=_close_chip
        ):
            add_dataset.dialog(workspace)


def _close_chip() -> None:
    """A popover of another key is drawn closed: an open one would lie over the dialog."""
    st.session_state[_CHIP] = st.session_state.get(_CHIP, 0) + 1


def title(text: str, purpose: str) -> None:
    """Title and one sentence that says what the page is for."""
    st.html(
        f'<div class="fer-head"><h1>{markup.esc(text)}</h1><p class="fer-purpose">{markup.esc(purpose)}</p></div>'
    )


def open_page(text: str, purpose: str) -> Scope:
    """Draw the head of a page and say what it works on. Without any dataset, offer to add one and stop."""
    workspace = current()
    datasets = list_datasets(workspace)
    names = [d.name for d in datasets]
    if not names:
        title(text, purpose)
        add_dataset.progress(workspace)
        add_dataset.welcome(workspace)
        st.stop()
    chosen = _chosen(workspace, names)
    if chosen is None:
        title(text, purpose)
        if st.button("Add a dataset", icon=":material/add:"):
            add_dataset.dialog(workspace)
        st.stop()
    dataset, version = chosen
    select(dataset.name, None if version.id == dataset.head else version.id)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="page-head"
    ):
        title(text, purpose)
        _chip(workspace, dataset, version, names)
    add_dataset.progress(workspace)
    next_step.draw(dataset, version.id)
    return Scope(workspace, dataset, version, bool(st.session_state.get(_ARRIVED)))


def foot(rooms: Iterable[StreamlitPage]) -> None:
    """The pages at the foot of a phone, where no sidebar is in reach; elsewhere the style sheet hides them."""
    with st.container(horizontal=True, key="phone-nav"):
        for room in rooms:
            if room.visibility == "visible":
                st.page_link(room)


def numbers(items: Iterable[tuple[markup.Cell, str]]) -> None:
    """The strip of numbers that matter on this page."""
    st.html(markup.stats(items))


def empty(headline: str, advice: str) -> None:
    """An empty state: what is missing, and what to do next."""
    st.html(f'<div class="fer-empty"><b>{markup.esc(headline)}</b><span>{markup.esc(advice)}</span></div>')


def note_fault(error: Exception) -> None:
    """Keep what is known of a fault: in the log, and as a crash report where the program is at fault."""
    state, request = st.session_state, st.context.url or ""
    about = {"dataset": str(state.get("fer-dataset") or ""), "run": str(st.query_params.get("run", ""))}
    logging.getLogger("fer").error(
        "page failed", exc_info=error, extra={"request": request.split("?")[0], **about}
    )
    if not isinstance(error, FerError | OSError | sqlite3.Error):
        crash.write_report(current().root, error, page=request.split("?")[0], **about)


def show_error(error: Exception) -> None:
    """Show a failure in words. Anything that is not ours is named by kind, and its details go to the server's log."""
    if isinstance(error, FerError):
        messages.error(str(error), icon=":material/error:")
    elif isinstance(error, OSError | sqlite3.Error):
        messages.error(
            f"The disk did not do what was asked: {error}. Check free space and permissions.",
            icon=":material/error:",
        )
    else:
        kind = type(error).__name__
        messages.error(
            f"Something on this page failed ({kind}). The server's log has the details, and `.crashes` a report; "
            "nothing of yours was changed. Reload to try again.",
            icon=":material/error:",
        )
