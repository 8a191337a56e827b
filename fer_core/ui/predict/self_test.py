"""The personal report card: poses on request by camera, then how often the model was right about you."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fer_core.base.errors import FerError
from fer_core.inference import analyse, corrections
from fer_core.inference.self_test import ReportCard
from fer_core.ui.components import face_sheet, markup, messages
from fer_core.ui.predict.corrections import kept
from fer_core.ui.predict.predict_settings import Settings
from fer_core.ui.shell import page


def draw(settings: Settings) -> None:
    """Ask for the next pose, and show what came of those taken."""
    state = f"try-report-{settings.model.path}"
    card: ReportCard = st.session_state.setdefault(state, ReportCard(settings.predictor.classes))
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        _pose(card, settings)
    with right:
        _score(card, settings)
    kept("report", corrections.REPORT)


def _pose(card: ReportCard, settings: Settings) -> None:
    done, total = len(card.poses), len(card.plan)
    if card.wanted is None:
        with st.container(border=True):
            st.html(markup.heading("All poses are taken"))
            if st.button("Start again", icon=":material/restart_alt:"):
                card.poses.clear()
                st.rerun()
        return
    with st.container(border=True):
        st.html(
            markup.heading(f"Show {card.wanted}", f"pose {done + 1} of {total}")
            + markup.progress(done / total)
        )
        st.html(f'<p class="fer-note">{markup.esc(card.prompt)}. Take the picture when you are ready.</p>')
        how = st.segmented_control(
            "Picture from", ["Camera", "File"], default="Camera", required=True, key="try-report-how"
        )
        key = f"try-pose-{done}-{card.wanted}"
        label = f"Your pose for {card.wanted}"
        shot = (
            st.camera_input(label, key=key) if how == "Camera" else st.file_uploader(label, key=f"{key}-file")
        )
        if shot is not None:
            _take(card, settings, shot.getvalue())
        with st.container(horizontal=True):
            if st.button(f"Leave {messages.plain(card.wanted)} out", icon=":material/skip_next:"):
                card.skip()
                st.rerun()
            if done and st.button("Retake the last", icon=":material/undo:"):
                card.retake()
                st.rerun()


def _take(card: ReportCard, settings: Settings, data: bytes) -> None:
    try:
        result = analyse.analyse(settings.predictor, data, "pose", settings.reading, settings.detector)
    except FerError as error:
        page.show_error(error)
        return
    if not result.faces:
        messages.warning(
            "No face found in this picture: come closer, or turn on a light.", icon=":material/info:"
        )
        return
    face = max(result.faces, key=lambda one: one.box.area)
    card.add(face.cut, face.probabilities, face.uncertain)
    st.rerun()


def _score(card: ReportCard, settings: Settings) -> None:
    if not card.poses:
        page.empty(
            "Your report card",
            "A few poses on request become a small test of your own: how often the model is right about you. "
            "The pictures stay in memory.",
        )
        return
    score = card.score()
    with st.container(border=True):
        st.html(markup.heading("Right about you"))
        interval = f"95 % interval {score.low:.0%} to {score.high:.0%}"
        st.html(markup.stats([(f"{score.right} of {score.poses}", interval)]))
        shown = [
            face_sheet.SheetFace(
                str(i), p.wanted, f"said {p.said} {p.probability:.2f}", "keep" if p.right else "flagged"
            )
            for i, p in enumerate(card.poses)
        ]
        sheet = np.stack([_thumb(pose.face) for pose in card.poses])
        face_sheet.sheet(sheet, shown, key="try-report-sheet", label="Poses", size=96, clickable=False)
    with st.expander("Keep these poses as a private test set", icon=":material/lock:"):
        agreed = st.checkbox(corrections.CONSENT, key="try-report-agree")
        if st.button("Keep them", type="primary", disabled=not agreed, key="try-report-keep"):
            for pose in card.poses:
                corrections.keep_face(
                    settings.workspace, pose.face, pose.wanted, agreed=agreed, said=pose.said,
                    model=settings.model.name, kind=corrections.REPORT,
                )  # fmt: skip
            messages.success(f"{markup.plural(len(card.poses), 'pose')} kept.", icon=":material/check:")


def _thumb(face: np.ndarray) -> np.ndarray:
    from fer_core.data.images import resize

    small = resize(face, 128)
    return np.repeat(small[..., None], 3, axis=2) if small.ndim == 2 else small
