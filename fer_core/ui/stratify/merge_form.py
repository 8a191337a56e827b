"""Filling gaps from another set: which set, which of its classes become which, how many, and into which splits."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.data.datasets import list_datasets, open_dataset
from fer_core.data.manifest import classes, counts, readable
from fer_core.duplicates import kept_across, reach
from fer_core.splits.merge import save
from fer_core.splits.merge.fill import BALANCED, Fill
from fer_core.splits.merge.plan import MergePlan
from fer_core.splits.merge.propose import MergeProposal, propose
from fer_core.splits.merge.screening import Screening
from fer_core.splits.merge.source_probe import Probe
from fer_core.splits.merge.spread import DEFAULT_INTO, Into
from fer_core.ui.components import markup
from fer_core.ui.shell import cache, near_copies, page

LEAVE = "leave out"
_INTO: dict[Into, str] = {"all": "all splits", "train": "train alone"}


@st.cache_resource(max_entries=4, show_spinner="Comparing the two sets")
def _screening(dataset: Dataset, version: str, other: Dataset, other_version: str) -> Screening:
    return save.screen_datasets(dataset, other, version, other_version)


@st.cache_data(max_entries=8, show_spinner=False)
def _compared(dataset: Dataset, version: str, other: Dataset, other_version: str, stamp: float) -> bool:
    """Whether the two versions are compared, or small enough to be compared while the page loads."""
    both = (cache.manifest(dataset, version), cache.manifest(other, other_version))
    if sum(table["pixel_hash"].nunique() for table in both) <= reach.AT_ONCE_UP_TO:
        return True
    return bool(stamp) and kept_across.stored_across(dataset, version, other, other_version) is not None


def _stamp(dataset: Dataset, other: Dataset) -> float:
    """Changes when the two are compared, 0 before."""
    files = [kept_across.across_file(dataset, other, kind) for kind in kept_across.USUAL]
    return sum(file.stat().st_mtime for file in files if file.is_file())


@st.cache_data(max_entries=16, show_spinner="Checking whether a model can tell old from new images")
def _told_apart(
    dataset: Dataset, version: str, other: Dataset, added: tuple[str, ...], _plan: MergePlan
) -> dict[str, Probe | None]:
    """`save.probes`; `added` (ids) stands for the plan in the key."""
    return save.probes(_plan, cache.manifest(dataset, version), dataset.pixels(), other.pixels())


def card(scope: page.Scope) -> MergeProposal | None:
    """Draw the choices and make the plan; None where there is no other dataset, or the two are not compared yet.

    Raises:
        FerError: choices by which nothing can be added.
    """
    others = [d.name for d in list_datasets(scope.workspace) if d.name != scope.dataset.name]
    with st.container(border=True):
        st.html(markup.heading("Fill gaps from another set"))
        if not others:
            page.empty("There is no other dataset here", "Add one with the button at the top right.")
            return None
        other = open_dataset(
            scope.workspace, st.selectbox("From", others, key="merge-from", persist_state="session")
        )
        theirs = cache.manifest(other, other.head)
        mapping = _mapping(scope.manifest, theirs, other.name)
        fill = _fill(scope.manifest)
        into = st.segmented_control(
            "Into", list(_INTO), default=DEFAULT_INTO, format_func=_INTO.__getitem__, key="merge-into",
            persist_state="session", required=True,
            help="Train alone keeps val and test as they are, but shifts the mix of classes and sources.",
        )  # fmt: skip
        seed = int(
            st.number_input(
                "Seed",
                0,
                2**31 - 1,
                42,
                key="merge-seed",
                persist_state="session",
                help="Which images are taken.",
            )
        )
    at = (scope.dataset, scope.version.id, other)
    if not _compared(*at, other.head, _stamp(scope.dataset, other)):
        with st.container(border=True):
            st.html(
                markup.heading("The two sets are not compared yet")
                + '<p class="fer-note">What is here already, equal or nearly so, must not be added again. It is done once, '
                "beside the page; new images are compared when they come.</p>"
            )
            near_copies.offer(scope, key="merge-compare", against=other.name)
        return None
    return propose(
        scope.dataset, other, version=scope.version.id, other_version=other.head,
        fill=fill, into=into or DEFAULT_INTO, mapping=mapping, seed=seed, screened=_screening(*at, other.head),
        probe=lambda plan: _told_apart(*at, tuple(sorted(plan.taken["image_id"])), plan),
    )  # fmt: skip


def _mapping(manifest: pd.DataFrame, theirs: pd.DataFrame, name: str) -> dict[str, str]:
    """Which of their classes become which of ours, edited in a table."""
    ours = [str(c) for c in classes(manifest)]
    sizes = readable(theirs)["label"].value_counts()
    known = [str(c) for c in classes(theirs) if c in sizes.index]
    key = f"merge-map-{name}"
    if key not in st.session_state:  # the editor is new, or was away: it begins with what was chosen before
        st.session_state[f"{key}-first"] = st.session_state.get(f"{key}-chosen", {})
    first = {c: to for c, to in st.session_state[f"{key}-first"].items() if to in (*ours, LEAVE)}
    shown = pd.DataFrame(
        {
            "class": known,
            "images": [int(sizes[c]) for c in known],
            "becomes": [first.get(c, c if c in ours else LEAVE) for c in known],
        }
    )
    edited = st.data_editor(
        shown,
        key=key,
        hide_index=True,
        width="stretch",
        height=min(35 * (len(shown) + 1) + 3, 320),
        disabled=["class", "images"],
        column_config={
            "class": st.column_config.TextColumn(f"class of {name}"),
            "images": st.column_config.NumberColumn(format="localized", width="small"),
            "becomes": st.column_config.SelectboxColumn(options=[*ours, LEAVE], required=True),
        },
    )
    chosen = {str(row["class"]): str(row["becomes"]) for row in edited.to_dict("records")}
    st.session_state[f"{key}-chosen"] = chosen
    return {one: "" if to == LEAVE else to for one, to in chosen.items()}


def _fill(manifest: pd.DataFrame) -> Fill:
    """Images to add per class."""
    sizes = counts(manifest).sum()
    how = st.segmented_control(
        "How many", [BALANCED, "by number"], default=BALANCED, key="merge-how", persist_state="session", required=True,
        format_func={BALANCED: "up to the largest class", "by number": "by number"}.__getitem__,
    )  # fmt: skip
    if how != "by number":
        return BALANCED
    columns = st.columns(2)
    smallest = str(sizes.idxmin())
    return {
        str(name): int(
            columns[i % 2].number_input(
                f"+ {name}",
                0,
                None,
                100 if name == smallest else 0,
                key=f"merge-{name}",
                persist_state="session",
            )
        )
        for i, name in enumerate(sizes.index)
    }
