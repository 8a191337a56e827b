"""Whether the images are those of a public set, and whether its test pictures are clean: said before anyone trains."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from fer_core.data.datasets import open_dataset
from fer_core.quality.passport import Passport, leak_words, passport
from fer_core.ui import html
from fer_core.ui.page import Scope
from fer_core.workspace import Workspace


def draw(scope: Scope) -> None:
    """The card: what it looks like, what leaks, and how both are known."""
    found = of(scope)
    with st.container(border=True):
        if found.matches:
            st.html(html.heading("Looks like a known set") + _words(found))
        else:
            st.html(html.heading("No known set", "by counts and pictures") + _words(found))
        if found.leaking:
            st.page_link("pages/data/duplicates.py", label="See the copies", icon=":material/content_copy:")
        if found.matches:
            with st.expander("How this is known"):
                st.html(_evidence(found))


def of(scope: Scope) -> Passport:
    """The passport of the version on the page."""
    return _passport(str(scope.workspace.root), scope.dataset.name, scope.version.id)


@st.cache_data(max_entries=8, show_spinner=False)
def _passport(root: str, dataset: str, version: str) -> Passport:
    return passport(open_dataset(Workspace(Path(root)), dataset).manifest(version))


def _words(found: Passport) -> str:
    first = (
        found.matches[0].words
        if found.matches
        else "It is none of the public sets known here, as far as can be told."
    )
    leaks = " ".join(leak_words(found.leaks))
    clean = _verdict(found)
    advice = f'<p class="fer-muted">{html.esc(found.matches[0].advice)}</p>' if found.matches else ""
    return f'<p class="fer-note">{html.esc(first)} {html.esc(leaks)} {clean}</p>{advice}'


def _verdict(found: Passport) -> str:
    if not found.leaks:
        return ""
    leaking = list(found.leaking)
    if leaking:
        return html.chip(
            "bad", f"{' and '.join(reversed(leaking))} not clean", "Equal pixels are also in train"
        ).text
    return html.chip("good", "no picture of val or test is in train").text


def _evidence(found: Passport) -> str:
    def share(value: float | None) -> str:
        return "not compared" if value is None else f"{value:.1%}"

    rows: list[list[html.Cell]] = [
        [match.title, match.counts or "others", share(match.pixels), share(match.looks)]
        for match in found.matches
    ]
    header = ["public set", "equal counts per", "same pixels", "same look"]
    sources = "; ".join(f"{match.title}: {match.source}" for match in found.matches)
    return (
        html.table(header, rows, numeric=[2, 3], caption="Evidence for known sets")
        + f'<p class="fer-muted">Published in {html.esc(sources)}. Counts of this version: <code>{found.fingerprint}</code>.</p>'
    )
