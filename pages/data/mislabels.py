"""Wrong labels: the likeliest mistakes first, one key each."""

import streamlit as st

from fer_core.ui import (
    mislabel_audit,
    mislabel_face,
    mislabel_grid,
    mislabel_method,
    mislabel_people,
    mislabel_side,
    page,
    verdicts,
)
from fer_core.ui.mislabel_desk import open_desk

VIEWS = ["One face", "Grid", "Decisions"]

scope = page.open_page(
    "Wrong labels", "The likeliest mistakes first. One key each; nothing is lost, all can be undone."
)
method = mislabel_method.chosen(scope)
desk = open_desk(scope, method) if method else None
if method is None or desk is None:
    mislabel_method.first(scope)
    st.stop()

likely, pairs = desk.ranked.likely, desk.ranked.pairs
told = zip(desk.holding["image_id"].tolist(), desk.holding["action"].tolist(), strict=True)
held = [action for image, action in told if image in desk.ranked.suspects]
page.numbers(
    [
        (len(likely), f"labels likely wrong, by {method}"),
        (f"{len(likely) / max(len(desk.ranking), 1):.1%}", f"of {len(desk.ranking):,} images"),
        (
            f"{pairs.iloc[0]['label']} → {pairs.iloc[0]['suggested']}" if len(pairs) else "–",
            "largest confusion",
        ),
        (len(held), f"of these reviewed, {held.count('relabel'):,} relabelled"),
        (desk.ranked.ambiguous, "ambiguous: offered as soft labels, not as errors"),
    ]
)

with st.container(key="mis-main"):
    side, main = st.columns([1, 2.9], gap="medium")
    with side:
        review = st.container()
        desk.who, desk.blind = mislabel_people.identity()
        desk.choose(mislabel_side.filters(desk))
        with review:
            desk.take(mislabel_side.progress(desk))
        mislabel_people.card(desk)
        mislabel_method.card(scope, method)
    with main:
        view = st.segmented_control(
            "View",
            [name for name in VIEWS if name != "Grid" or not desk.blind],
            default=VIEWS[0],
            required=True,
            key="mis-view",
            bind="query-params",
            label_visibility="collapsed",
        )
        if view == "Grid":
            mislabel_grid.draw(desk)
        elif view == "Decisions":
            mislabel_audit.draw(desk)
        else:
            mislabel_face.draw(desk)
            mislabel_face.just_decided(desk)
        verdicts.apply_card(scope)
