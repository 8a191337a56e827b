"""Who wins and why, as the story has it: what tells the best run from the next one, by class and by cost."""

from __future__ import annotations

import streamlit as st

from fer_core.reports import document
from fer_core.reports.document import Document
from fer_core.reports.story import winner
from fer_core.reports.story.known import look
from fer_core.splits import leaks
from fer_core.ui.compare.leaderboard_card import Judged
from fer_core.ui.components import markup
from fer_core.ui.shell.page import Scope

_TOLD = "cmp-winner"


def card(scope: Scope, found: Judged) -> None:
    """A button, and what it tells of the newest version until runs, decisions or copies are new."""
    of = (
        scope.dataset.name,
        scope.dataset.head,
        tuple(found.names),
        leaks.stamp(scope.dataset, scope.dataset.head),
    )
    with st.container(border=True):
        kept = st.session_state.get(_TOLD)
        if kept and kept[0] == of:
            st.markdown(kept[1])
            return
        st.html(markup.heading("The winner, and why", "validation of the newest version"))
        if st.button("Hold the best against the next", icon=":material/trophy:", key="cmp-winner-tell"):
            with st.spinner("Holding the best run against the next one"):
                words = document.markdown(
                    Document("", "", sections=tuple(winner.sections(look(scope.dataset, faces=False))))
                )
            for run, name in found.names.items():
                words = words.replace(run, name)
            st.session_state[_TOLD] = (of, words.replace("## ", "#### "))
            st.rerun()
