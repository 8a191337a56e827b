""" "This is wrong": the right label, kept only where somebody agrees; and what becomes of the faces kept."""

from __future__ import annotations

import streamlit as st

from fer_core.base.emotions import EMOTIONS, ordered_classes
from fer_core.base.errors import FerError
from fer_core.base.workspace import current
from fer_core.inference import corrections
from fer_core.inference.photo_result import FaceAnswer
from fer_core.ui.components import markup, messages
from fer_core.ui.predict.predict_settings import Settings
from fer_core.ui.shell import page


def button(face: FaceAnswer, settings: Settings, key: str) -> None:
    """A popover that asks for the right label."""
    done = f"try-kept-{key}"
    if done in st.session_state:
        st.html(markup.chip("good", f"kept as {st.session_state[done]}"))
        return
    with st.popover("This is wrong", icon=":material/edit:"):
        names = [
            name for name in ordered_classes({*EMOTIONS, *settings.predictor.classes}) if name != face.label
        ]
        label = st.pills("It shows", names, format_func=messages.plain, key=f"right-{key}")
        agreed = st.checkbox(corrections.CONSENT, key=f"agree-{key}")
        ready = agreed and label is not None
        if st.button("Keep this face", type="primary", disabled=not ready, key=f"keep-{key}") and label:
            try:
                corrections.keep_face(
                    settings.workspace,
                    face.cut,
                    label,
                    agreed=agreed,
                    said=face.label,
                    model=settings.model.name,
                )
            except FerError as error:
                page.show_error(error)
                return
            st.session_state[done] = label
            st.rerun()
        st.caption("Without your consent nothing is kept: pictures stay in memory until you leave.")


def kept(key: str, kind: str = corrections.WRONG) -> None:
    """What was kept so far, and a dataset of it; nothing while nothing was."""
    workspace = current()
    counts = corrections.counts(workspace, kind)
    if not counts:
        return
    count = sum(counts.values())
    with st.expander(f"Kept with consent: {markup.plural(count, 'face')}", icon=":material/inventory_2:"):
        st.html(markup.facts([(name, number) for name, number in counts.items()]))
        st.caption(
            f"They lie in {corrections.corrections_folder(workspace, kind)}. Deleting that folder deletes them."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", kind, key=f"{key}-kept-name", width=220)
            if st.button("Make a dataset", icon=":material/database:", key=f"{key}-kept-make"):
                try:
                    dataset = corrections.to_dataset(workspace, name, kind)
                except FerError as error:
                    page.show_error(error)
                    return
                messages.success(
                    f"{dataset.name} is here, with {markup.plural(count, 'image')}.", icon=":material/check:"
                )
                st.page_link(
                    "pages/data/explore.py", label="Explore it", query_params={"dataset": dataset.name}
                )
