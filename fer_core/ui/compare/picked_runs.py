"""The runs that are chosen on the leaderboard: kept in the visit, and in the address for reload, Back and links."""

from __future__ import annotations

from collections.abc import Container, Sequence

import streamlit as st

_PICKED, _TOLD, _PARAMETER = "cmp-picked", "cmp-told", "runs"


def current(ids: Container[str], *, arrived: bool) -> list[str]:
    """The chosen rows, A first: by the address where somebody followed it, else as they were left in this visit.

    Args:
        ids: of the rows there are; others are let go.
        arrived: whether another page was shown before, whose address says nothing of these.
    """
    picked: list[str] = st.session_state.setdefault(_PICKED, [])
    asked = st.query_params.get(_PARAMETER, "")
    if asked != st.session_state.get(_TOLD, "") and (asked or not arrived):
        picked[:] = asked.split(",")
    picked[:] = [name for name in picked if name in ids]
    tell(picked)
    return picked


def tell(picked: Sequence[str]) -> None:
    """Let the address say what is chosen."""
    told = st.session_state[_TOLD] = ",".join(picked)
    if told:
        st.query_params[_PARAMETER] = told
    elif _PARAMETER in st.query_params:
        del st.query_params[_PARAMETER]
