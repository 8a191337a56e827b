"""Wrong labels: the likeliest mistakes first, one key each."""

import streamlit as st

from fer_core.ui.components.review import ReviewKind
from fer_core.ui.mislabels import audit, face_review, queue_table, ranking_method, reviewers
from fer_core.ui.mislabels.state import open_state
from fer_core.ui.shell import decisions, page

VIEWS: dict[str, ReviewKind | None] = {"One face": "face", "Grid": "grid", "Decisions": None}

scope = page.open_page(
    "Wrong labels", "The likeliest mistakes first. One key each; nothing is lost, all can be undone."
)
method = ranking_method.chosen(scope)
state = open_state(scope, method) if method else None
if method is None or state is None:
    ranking_method.first(scope)
    st.stop()


@st.fragment(run_every=queue_table.EVERY)
def numbers(method: str) -> None:
    """The strip, as the journal is now."""
    if (now := open_state(scope, method)) is None:
        return
    likely, pairs = now.ranked.likely, now.ranked.pairs
    verdicts = now.current_verdicts
    # Copies are settled on a page of their own.
    decided = verdicts.loc[verdicts["other"] == "", "action"].tolist()
    page.numbers(
        [
            (len(likely), f"labels likely wrong ({method} ranking)"),
            (f"{len(likely) / max(len(now.ranking), 1):.1%}", f"of {len(now.ranking):,} images"),
            (
                f"{pairs.iloc[0]['label']} → {pairs.iloc[0]['suggested']}" if len(pairs) else "–",
                "largest confusion",
            ),
            (len(decided), f"faces decided so far, {decided.count('relabel'):,} relabelled"),
            (now.ranked.ambiguous, "ambiguous: offered as soft labels, not as errors"),
        ]
    )


numbers(method)
with st.container(key="mis-main"):
    side, main = st.columns([1, 2.9], gap="medium")
    with side:
        reviewers.follow_click()
        review = st.container()
        who, blind = reviewers.identity(scope.dataset)
        chosen = queue_table.filters(state)
        with review:
            queue_table.progress(scope, method, who, blind, chosen)
        reviewers.card(scope, method, chosen)
        ranking_method.card(scope, method)
    with main:
        view = st.segmented_control(
            "View",
            [name for name in VIEWS if name != "Grid" or not blind],
            default="One face",
            required=True,
            key="mis-view",
            bind="query-params",
            label_visibility="collapsed",
        )
        if kind := VIEWS[str(view)]:
            face_review.draw(scope, method, who, blind, chosen, kind)
        else:
            face_review.save_only(scope)
            audit.draw(state)
        decisions.apply_card(scope)
