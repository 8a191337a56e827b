"""What is known about copies across splits, and the job that looks for near ones: the same words on every page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from markupsafe import Markup

from fer_core import jobs
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.duplicates.near import DISTANCE
from fer_core.jobs.tasks import FindCopies
from fer_core.splits import leaks
from fer_core.splits.leaks import Leaks
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress
from fer_core.ui.shell.page import Scope

USUAL = ("near", "mirrored")


@st.cache_resource(max_entries=8, show_spinner=False)
def _leaks(root: str, name: str, version: str, stamp: tuple[float, ...]) -> Leaks:
    return leaks.leaks_of(open_dataset(Workspace(Path(root)), name), version)


def known(scope: Scope) -> Leaks:
    """What is known about the leaks of the version on the page, from what was compared so far."""
    return of_version(scope.dataset, scope.version.id)


def of(workspace: Workspace, name: str, version: str) -> Leaks | None:
    """The same of any version; None where it is gone."""
    try:
        return of_version(open_dataset(workspace, name), version)
    except (FerError, OSError, ValueError):
        return None


def of_version(dataset: Dataset, version: str) -> Leaks:
    """The same of a version at hand; what it takes is done once for all pages."""
    root = str(dataset.workspace.root)
    return _leaks(root, dataset.name, version, leaks.stamp(dataset, version))


def chip(found: Leaks) -> Markup:
    """The verdict: leaks, none, not as far as is usual, or not compared yet."""
    if found.verdict == "leaks":
        return markup.chip("bad", "leaks", found.sentence)
    if len(found.sizes) < 2:
        return markup.chip("none", "no splits", found.sentence)
    if found.verdict == "unknown":
        return markup.chip("none", "not compared yet", found.sentence)
    if found.verdict == "narrow":
        return markup.chip("warn", f"none up to {found.reach} bits only", found.sentence)
    return markup.chip("good", "none across splits", found.sentence)


def _task(scope: Scope, kinds: tuple[str, ...]) -> FindCopies:
    return FindCopies(scope.dataset.name, scope.version.id, ",".join(("exact", *kinds)), DISTANCE)


def panel(scope: Scope, kinds: tuple[str, ...] = USUAL) -> None:
    """Start the comparison, or follow it, as a card."""
    with st.container(border=True):
        job = jobs.latest(scope.workspace, _task(scope, kinds))
        if job is None or job.state != "running":
            st.html(
                markup.heading("Near and mirrored copies")
                + '<p class="fer-note">Equal pixels are found already. Re-encoded, brightened, cropped, moved and mirrored '
                "copies are not compared yet. It is done once; new images are compared when they come.</p>"
            )
        offer(scope, kinds)


def offer(scope: Scope, kinds: tuple[str, ...] = USUAL, key: str = "dup-scan") -> None:
    """The button that starts the comparison; while it runs, how far it is."""
    task = _task(scope, kinds)
    if job_progress.job_card(jobs.latest(scope.workspace, task)):
        return
    if st.button("Look for near copies", type="primary", icon=":material/search:", key=key):
        jobs.start(scope.workspace, task)
        st.rerun()
