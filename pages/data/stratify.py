"""New splits: classes balanced, copies on one side, gaps filled from another set; proved before and after saving."""

import streamlit as st

from fer_core.base.errors import FerError, NothingToAdd
from fer_core.duplicates.reach import DISTANCE
from fer_core.reports import certificate_page
from fer_core.splits import certificate, separate, stratify
from fer_core.ui.shell import export, next_step, page
from fer_core.ui.stratify import (
    certificate_card,
    merge_form,
    merge_result,
    reach,
    remove_leaks,
    split_form,
    split_result,
)
from fer_core.ui.versions import version_text

SPLIT, KEEP, FILL = "New split", "Repair current splits", "Fill gaps"

scope = page.open_page("Stratify", "Make splits that measure what you think they measure, and prove it.")
number = max(v.number for v in scope.dataset.versions()) + 1
strip = st.container()
left, right = st.columns([1, 2.3], gap="medium")
if scope.version.parent and next_step.just_made(scope.dataset, scope.version.id):
    # Not planned anew on what was just saved: most plans have nothing left to do there.
    with left:
        st.button("Make another version", icon=":material/add:", width="stretch", on_click=next_step.close)
        export.card(scope)
    with right:
        certificate_card.card(scope)
    st.stop()
plan = proposal = going = None
with left:
    task = st.segmented_control(
        "What to do",
        [SPLIT, KEEP, FILL],
        default=SPLIT,
        key="task",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    try:
        if task == FILL:
            proposal = merge_form.card(scope)
        elif task == KEEP:
            going = remove_leaks.card(scope)
        else:
            plan = split_form.card(scope)
    except NothingToAdd as error:
        page.empty("Nothing to add", str(error))
    except FerError as error:
        page.show_error(error)
    nothing = plan is None or plan.group_violations > 0 or not (plan.moved or len(plan.aside))
    nothing = nothing and (going is None or going.empty)
    if st.button(
        f"Save as version {number}",
        type="primary",
        icon=":material/save:",
        width="stretch",
        disabled=proposal is None and nothing,
    ):
        with st.spinner("Saving, then checking every cross-split pair again"):
            if proposal:
                saved = proposal.save(scope.dataset)
            elif going is not None:
                saved = separate.separate(scope.dataset, scope.version.id).version
            elif plan and plan.folds:
                saved, _ = stratify.save_folds(scope.dataset, plan)
            elif plan:
                saved = stratify.save_plan(scope.dataset, plan)
            certificate.certify(scope.dataset, saved.id, distance=max(reach.current(), DISTANCE))
            certificate_page.write(scope.dataset, saved.id)
        page.select(scope.dataset.name)
        words = f"{version_text.operation(saved)}, {version_text.made_by(saved)}".rstrip(", ")
        next_step.made(scope.dataset.name, saved.id, f"Version {saved.number} is ready: {words}")
        st.rerun()
    if plan and nothing and not plan.group_violations:
        st.html('<p class="fer-muted">These are the splits you have already.</p>')
    export.card(scope)

with right:
    if plan:
        with strip:
            split_result.numbers(plan, number)
        with st.container(border=True):
            split_result.before_after(plan)
        split_result.moves(scope, plan)
    elif proposal:
        with strip:
            merge_result.numbers(proposal, number)
        merge_result.cards(proposal)
    elif going is not None:
        with strip:
            remove_leaks.numbers(scope, going, number)
        remove_leaks.drawn(scope, going)
    certificate_card.card(scope)
