"""Whether the images are those of a public set, and whether its test pictures are clean: said before anyone trains."""

from __future__ import annotations

import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.data.importing.import_report import read_as
from fer_core.provenance.provenance import Provenance, provenance_of
from fer_core.splits.leaks import Leaks
from fer_core.ui.components import markup
from fer_core.ui.shell import cache, near_copies
from fer_core.ui.shell.page import Scope


def draw(scope: Scope) -> None:
    """The card: what it looks like, what leaks, and how both are known."""
    found, leaks = of(scope), near_copies.known(scope)
    origin = read_as(scope.dataset.about.get("understood", {}))
    with st.container(border=True):
        if found.matches:
            st.html(markup.heading("Looks like a known set") + _words(found, leaks, origin))
        else:
            st.html(markup.heading("No known set", "by counts and pictures") + _words(found, leaks, origin))
        if leaks.total.copies:
            st.page_link("pages/data/duplicates.py", label="See the copies", icon=":material/content_copy:")
        if found.matches:
            with st.expander("How this is known"):
                st.html(_evidence(found))


def of(scope: Scope) -> Provenance:
    """The provenance of the version on the page."""
    return _provenance(scope.dataset, scope.version.id)


@st.cache_data(max_entries=8, show_spinner=False)
def _provenance(dataset: Dataset, version: str) -> Provenance:
    return provenance_of(cache.manifest(dataset, version))


def _words(found: Provenance, known: Leaks, origin: str) -> str:
    first = (
        found.matches[0].words
        if found.matches
        else "It is none of the public sets known here, as far as can be told."
    )
    leaks = " ".join(known.words)
    own = f'<p class="fer-muted">Imported as {markup.esc(origin)}.</p>' if origin else ""
    clean = _verdict(known)
    advice = f'<p class="fer-muted">{markup.esc(found.matches[0].advice)}</p>' if found.matches else ""
    return f'<p class="fer-note">{markup.esc(first)} {markup.esc(leaks)} {clean}</p>{advice}{own}'


def _verdict(known: Leaks) -> str:
    """Whether val and test can be trusted; not known before somebody compared."""
    if not known.in_train:
        return ""
    leaking = [split for split, images in known.in_train.items() if images]
    if leaking:
        return markup.chip("bad", f"{' and '.join(reversed(leaking))} not clean", known.sentence)
    if known.verdict == "none":
        return markup.chip("good", "no picture of val or test is in train", known.sentence)
    return near_copies.chip(known)


def _evidence(found: Provenance) -> str:
    def share(value: float | None) -> str:
        return "not compared" if value is None else f"{value:.1%}"

    rows: list[list[markup.Cell]] = [
        [match.title, match.counts or "others", share(match.pixels), share(match.looks)]
        for match in found.matches
    ]
    header = ["public set", "equal counts per", "same pixels", "same look"]
    sources = "; ".join(f"{match.title}: {match.source}" for match in found.matches)
    return (
        markup.table(header, rows, numeric=[2, 3], caption="Evidence for known sets")
        + f'<p class="fer-muted">Published in {markup.esc(sources)}. '
        f"Counts of this version: <code>{found.fingerprint}</code>.</p>"
    )
