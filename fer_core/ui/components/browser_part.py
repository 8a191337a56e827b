"""The half of a component that runs in the browser: a style sheet and a script in `assets/`, beside the file that draws it."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer


def key_of(key: str) -> str:
    """The key of a component on a page: Streamlit refuses two underscores in a row, which names of classes may have."""
    return re.sub("_(?=_)", "_.", key)


def load(
    name: str, source: str, html: str, *, isolate_styles: bool = True, uses: str = ""
) -> ComponentRenderer:
    """Register a component.

    Args:
        name: unique in the app.
        source: `__file__` of the file that draws it; `assets/` beside it has files of the same name, `.css` and `.js`.
        html: what the script finds when it starts.
        isolate_styles: whether the page's style sheet ends at its edge.
        uses: name of a script in `assets/` that is put before its own.
    """
    folder, stem = Path(source).parent / "assets", Path(source).stem
    found = {
        kind: path.read_text(encoding="utf-8")
        for kind in ("css", "js")
        if (path := folder / f"{stem}.{kind}").is_file()
    }
    if uses:
        found["js"] = (folder / f"{uses}.js").read_text(encoding="utf-8") + found["js"]
    return st.components.v2.component(name, html=html, isolate_styles=isolate_styles, **found)
