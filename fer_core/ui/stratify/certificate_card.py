"""The certificate of the version on screen: every cross-split pair, checked after saving."""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from fer_core.splits import certificate
from fer_core.ui import html
from fer_core.ui.page import Scope


def card(scope: Scope) -> None:
    """What was checked and found, as a file to keep, and the button that checks again."""
    found = certificate.load(scope.dataset, scope.version.id)
    title = f"Certificate of version {scope.version.number}"
    with st.container(border=True):
        if found is None:
            st.html(
                html.heading(title, "", html.chip("none", "not checked"))
                + '<p class="fer-muted">Checks every pair of images in different splits of the version shown above.</p>'
            )
        else:
            holds = html.chip("good", "holds") if found["holds"] else html.chip("bad", "does not hold")
            st.html(html.heading(title, found["created"], holds) + _facts(found))
        with st.container(horizontal=True):
            if st.button("Check again" if found else "Check now", key="certify", icon=":material/verified:"):
                with st.spinner("Checking every cross-split pair"):
                    certificate.certify(scope.dataset, scope.version.id)
                st.rerun()
            if found:
                _downloads(scope, found)


def _facts(found: dict[str, Any]) -> str:
    pairs: list[tuple[str, html.Cell]] = [
        ("version", found["version"]),
        ("cross-split pairs checked", found["pairs_checked"]),
        ("equal pixels", found["exact"]),
        (f"near, pHash ≤ {found['distance']}, confirmed by pixels", found["near"]),
    ]
    if found.get("mirrored") is not None:
        pairs.append(("mirrored", found["mirrored"]))
    return html.facts(pairs)


def _downloads(scope: Scope, found: dict[str, Any]) -> None:
    name = f"certificate-{found['version']}"
    st.download_button("JSON", json.dumps(found, indent=2), f"{name}.json", icon=":material/download:")
    drawn = certificate.html_path(scope.dataset, scope.version.id)
    if drawn.is_file():
        st.download_button(
            "Page to send", drawn.read_text(), f"{name}.html", "text/html", icon=":material/description:"
        )
