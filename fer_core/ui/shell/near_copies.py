"""What is known about copies across splits, and the job that looks for near ones: the same words on every page."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from fer_core import jobs
from fer_core.duplicates.reach import DISTANCE
from fer_core.jobs.tasks import FindCopies
from fer_core.splits import known_leaks
from fer_core.splits.leaks import Leaks
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress
from fer_core.ui.shell.page import Scope

USUAL = ("near", "mirrored")


def known(scope: Scope) -> Leaks:
    """What is known about the leaks of the version on the page, from what was compared so far."""
    return known_leaks.of_version(scope.dataset, scope.version.id)


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


def _task(scope: Scope, kinds: tuple[str, ...], against: str | None = None) -> FindCopies:
    return FindCopies(scope.dataset.name, scope.version.id, ",".join(("exact", *kinds)), DISTANCE, against)


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


def offer(
    scope: Scope, kinds: tuple[str, ...] = USUAL, key: str = "dup-scan", against: str | None = None
) -> None:
    """The button that starts the comparison, with another dataset where one is named; while it runs, how far it is."""
    task = _task(scope, kinds, against)
    if job_progress.job_card(jobs.latest(scope.workspace, task)):
        return
    words = f"Compare with {against}" if against else "Look for near copies"
    if st.button(words, type="primary", icon=":material/search:", key=key):
        jobs.start(scope.workspace, task)
        st.rerun()
