"""New splits: classes balanced, copies on one side, gaps filled from another set; proved before and after saving."""

import streamlit as st

from fer_core.base.errors import FerError, NothingToAdd
from fer_core.ui.shell import export, next_step, page
from fer_core.ui.stratify import (
    certificate_card,
    merge_form,
    merge_result,
    remove_leaks,
    saving,
    split_form,
    split_result,
)

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
    save: saving.SaveTask | None = None
    if proposal:
        save = saving.of_merge(scope, proposal)
    elif going is not None and not nothing:
        save = saving.of_leaks(scope)
    elif plan and not nothing:
        save = saving.of_split(scope, plan)
    saving.card(scope, save, number)
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
