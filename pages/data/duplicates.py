"""Copies of the same picture: settle them group by group, or all at once by rule."""

import streamlit as st

from fer_core.ui.components import choice_list, markup
from fer_core.ui.duplicates import bulk_rules, cached_groups, group_review, leakage, threshold
from fer_core.ui.duplicates.open_groups import look
from fer_core.ui.shell import cache, decisions, near_copies, page

QUEUES = {
    "conflicts": "Same picture, different labels",
    "leaks": "Across splits (leaks)",
    "mirrored": "Mirrored",
    "near": "Nearly equal",
    "within": "Within a split",
    "settled": "Settled",
}
EVERY = 1.5

scope = page.open_page(
    "Duplicates and leaks", "Settle copies once. Files are never touched; every verdict is remembered."
)
compared = cached_groups.pairs(scope.dataset, scope.version.id) is not None  # now, where the set is small
leaks = near_copies.known(scope)
distance = threshold.distance()


@st.fragment(run_every=EVERY)
def numbers(distance: int) -> None:
    """The strip, as the journal is now."""
    now = look(scope, distance)
    exact = cache.exact_groups(scope.dataset, scope.version.id).summary()
    page.numbers(
        [
            (exact["groups"], "groups of equal pixels"),
            (now.near, "groups of near copies") if compared else ("not compared", "near and mirrored copies"),
            (now.across, f"groups across splits; pairs: {leaks.counts}"),
            *(
                (f"{share:.1%}", f"of {split} is also in another split")
                for split, share in now.leaked.items()
                if split in ("test", "val")
            ),
            (
                len(now.queues["settled"]),
                f"groups of version {scope.version.number} settled by you"
                if now.anew
                else "groups settled by you",
            ),
        ]
    )


@st.fragment(run_every=EVERY)
def listed(distance: int) -> None:
    """The queues with what is left of each; another one on screen runs the page again."""
    state = look(scope, distance)
    now = state.queues
    shown = st.session_state.get("dup-shown")
    with st.container(border=True):
        st.html(markup.heading("Queues"))
        rows = [
            choice_list.ChoiceRow(
                k,
                words,
                f"{len(now[k]):,}" if compared or now[k] or k not in ("near", "mirrored") else "–",
                muted=k == "settled" or not now[k],
            )
            for k, words in QUEUES.items()
        ]
        queue = choice_list.choose(rows, key="dup-queue", label="Queues of groups")
        words = group_review.left(scope, len(now[queue])) if queue != "settled" else ""
        st.html(f'<p class="fer-muted">{markup.esc(words)}</p>')
        if state.anew:
            formed = f"{markup.plural(state.anew, 'open group')} formed when decisions were applied. {bulk_rules.ANEW}"
            st.html(f'<p class="fer-note">{formed}</p>')
    if shown is not None and queue != shown:
        st.session_state["dup-shown"] = queue
        st.rerun(scope="app")


numbers(distance)
left, right = st.columns([1, 2.4], gap="medium")
with left:
    listed(distance)
    threshold.card(scope)
    leakage.card(scope, look(scope, distance).groups, leaks)
with right:
    queue = str(st.session_state["dup-queue-current"])
    st.session_state["dup-shown"] = queue
    if look(scope, distance).found.empty and compared:
        page.empty(
            "No copies here", f"Every picture of this version differs from every other. {leaks.sentence}"
        )
    elif look(scope, distance).found.empty:
        page.empty(
            "No equal pixels here",
            "Near and mirrored copies are not compared yet: look for them at the left.",
        )
    else:
        advice = "Settle a group and it appears here." if queue == "settled" else "Choose another queue."
        group_review.draw(scope, distance, queue, advice)
    bulk_rules.card(scope, distance, QUEUES)
    bulk_rules.show_preview(scope)
    decisions.apply_card(scope)
