"""New splits: classes balanced, copies on one side, proved before and after saving."""

import streamlit as st

from fer_core.errors import FerError
from fer_core.splits import certificate, stratify
from fer_core.ui import cache, faces, html, page, splits_card
from fer_core.ui.faces import Face

scope = page.open_page("Stratify", "Make splits that measure what you think they measure, and prove it.")
strip = st.container()
left, right = st.columns([1, 2.3], gap="medium")
with left, st.container(border=True):
    st.html(html.heading("How to split"))
    places = st.columns(3)
    train = places[0].number_input("train %", 1, 98, 80, key="strat-train")
    val = places[1].number_input("val %", 1, 98, 10, key="strat-val")
    test = places[2].number_input("test %", 0, 98, 10, key="strat-test")
    seed = st.number_input(
        "Seed", 0, 2**31 - 1, 42, key="strat-seed", help="The same seed gives the same splits on any machine."
    )
    tip = "Equal pictures always stay on one side; this keeps shifted, brightened and mirrored copies there too."
    together = st.toggle("Keep near copies together", value=True, key="strat-near", help=tip)
    st.html('<p class="fer-muted">Classes are balanced over the splits. Copies stay on one side.</p>')

try:
    groups = cache.near(scope.dataset, scope.version.id) if together else stratify.EXACT
    plan = stratify.stratify(scope.manifest, ratios=(train, val, test), seed=int(seed), groups=groups)
except FerError as error:
    page.explain(error)
    st.stop()

number = max(v.number for v in scope.dataset.versions()) + 1
with left:
    if st.button(
        f"Save as version {number}",
        type="primary",
        icon=":material/save:",
        width="stretch",
        disabled=plan.group_violations > 0 or not plan.moved,
    ):
        with st.spinner("Saving, then checking every cross-split pair again"):
            saved = stratify.save_plan(scope.dataset, plan)
            certificate.certify(scope.dataset, saved.id)
        page.select(scope.dataset.name)
        st.toast(f"Version {saved.number} is ready.")
        st.rerun()

with strip:
    splits_card.numbers(plan, number)
with right:
    with st.container(border=True):
        splits_card.before_after(plan)
    if plan.moved:
        with st.container(border=True):
            st.html(
                html.heading("What moves", f"{plan.moved:,} of {len(plan.manifest):,} images; some of them")
            )
            some = plan.moves.sample(min(len(plan.moves), 10), random_state=0).merge(
                scope.manifest[["image_id", "row"]], on="image_id"
            )
            words = [
                Face(m["image_id"], m["label"], f"{m['from']} → {m['to']}") for m in some.to_dict("records")
            ]
            faces.sheet(
                cache.faces(scope.dataset, some["row"]),
                words,
                key="strat-moves",
                label="Some images that move",
                size=88,
                clickable=False,
            )
    splits_card.certificate(scope)
