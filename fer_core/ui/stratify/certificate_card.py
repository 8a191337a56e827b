"""The certificate of the version on screen: every cross-split pair, checked after saving."""

from __future__ import annotations

import json

import streamlit as st
from markupsafe import Markup

from fer_core import jobs
from fer_core.duplicates.reach import DISTANCE
from fer_core.jobs.tasks import Certify
from fer_core.splits import certificate
from fer_core.splits.certificate import Certificate
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress
from fer_core.ui.shell.page import Scope


def card(scope: Scope) -> None:
    """What was checked and found, as a file to keep, and the button that checks again."""
    found = certificate.load(scope.dataset, scope.version.id)
    title = f"Certificate of version {scope.version.number}"
    with st.container(border=True):
        if found is None:
            st.html(
                markup.heading(title, "", markup.chip("none", "not checked"))
                + '<p class="fer-muted">Checks every pair of images in different splits of the version shown above.</p>'
            )
        else:
            st.html(markup.heading(title, found.created, *_chips(found)) + _facts(found))
        task = Certify(scope.dataset.name, scope.version.id)
        if job_progress.job_card(jobs.latest(scope.workspace, task), "Checking every pair across splits"):
            return
        with st.container(horizontal=True):
            words = "Check now" if found is None else "Check again" if found.current else "Check as usual now"
            if st.button(words, key="certify", icon=":material/verified:"):
                jobs.start(scope.workspace, task)
                st.rerun()
            if found:
                _downloads(scope, found)


def _chips(found: Certificate) -> list[Markup]:
    holds = markup.chip("good", "holds") if found.holds else markup.chip("bad", "does not hold")
    if found.current:
        return [holds]
    usual = f"Near and mirrored copies are usually looked for up to {DISTANCE} bits, in another frame too"
    narrow = markup.chip("warn", found.narrow, usual)
    return [narrow] if found.holds else [holds, narrow]


def _facts(found: Certificate) -> str:
    def number(value: int | None) -> markup.Cell:
        return "not checked" if value is None else value

    reach = "" if found.distance is None else f", hashes up to {found.distance} bits apart"
    pairs: list[tuple[str, markup.Cell]] = [
        ("version", found.version),
        ("pairs across splits checked", found.pairs_checked),
        ("equal pixels", number(found.exact)),
        (f"near{reach}, confirmed by pixels", number(found.near)),
        ("mirrored", number(found.mirrored)),
    ]
    if len(found.sources) > 1:
        pairs.append(("images per source", ", ".join(f"{name} {n:,}" for name, n in found.sources.items())))
    return markup.facts(pairs)


def _downloads(scope: Scope, found: Certificate) -> None:
    name = f"certificate-{found.version}"
    st.download_button(
        "JSON", json.dumps(found.record(), indent=2), f"{name}.json", icon=":material/download:"
    )
    drawn = certificate.html_path(scope.dataset, scope.version.id)
    if drawn.is_file():
        st.download_button(
            "Share as HTML", drawn.read_text(), f"{name}.html", "text/html", icon=":material/description:"
        )
