"""What a page says in a box or a passing note. Streamlit reads such text as Markdown, and names, labels, paths and addresses
that people give stand in it: in here they are text, and load no picture and lead nowhere.

    messages.error(str(error), icon=":material/error:")
    st.checkbox(messages.plain(name))                    # wherever else Streamlit reads Markdown

Backticks stay, for the commands that a sentence proposes.
"""

from __future__ import annotations

import re

import streamlit as st

_READ = re.compile(r"[\[\]<$*~\\]|:(?=//|material/)|(?<=www)\.", re.IGNORECASE)
"""What begins a link, a picture, HTML, colour, an icon, a formula or stress, and addresses that become links by themselves."""


def plain(text: str) -> str:
    """Text for where Streamlit reads Markdown, such that it is shown as it is written."""
    return _READ.sub(r"\\\g<0>", text)


def error(text: str, icon: str = ":material/error:") -> None:
    """A box: something failed."""
    st.error(plain(text), icon=icon)


def warning(text: str, icon: str | None = None) -> None:
    """A box: something to know before one goes on."""
    st.warning(plain(text), icon=icon)


def info(text: str, icon: str | None = None) -> None:
    """A box: something to know."""
    st.info(plain(text), icon=icon)


def success(text: str, icon: str | None = None) -> None:
    """A box: something was done."""
    st.success(plain(text), icon=icon)


def toast(text: str, icon: str = "") -> None:
    """A note that passes after ten seconds: a page that is drawn anew may take half of them."""
    st.toast(plain(text), icon=icon or None, duration="long")
