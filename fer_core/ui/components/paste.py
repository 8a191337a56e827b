"""Pictures pasted anywhere on the page go to its file uploader, which takes no paste of its own (Streamlit 1.67)."""

from __future__ import annotations

from fer_core.ui.components import browser_part

_listener = browser_part.load("fer_paste", __file__, "<span></span>")


def into(uploader: str) -> None:
    """Hand pasted pictures to the `st.file_uploader` with this key."""
    _listener(key=f"paste-{uploader}", data={"uploader": uploader}, height=1)
