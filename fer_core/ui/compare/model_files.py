"""Model files of others on the leaderboard: choose one of the shelf, and have it judged here without training."""

from __future__ import annotations

import streamlit as st

from fer_core import jobs
from fer_core.inference.model_registry import added_folder
from fer_core.jobs.tasks import JudgeFile
from fer_core.ui.shell import job_progress
from fer_core.ui.shell.page import Scope


def offer(scope: Scope, version: str, number: int) -> None:
    """The button, and what is being judged.

    Args:
        version, number: that the board is judged on.
    """
    names = sorted(path.stem for path in added_folder(scope.workspace).glob("*.onnx"))
    tasks = {name: JudgeFile(name, scope.dataset.name, version) for name in names}
    for task in tasks.values():
        if (job := jobs.latest(scope.workspace, task)) is not None and job.state != "finished":
            job_progress.job_card(job)

    def start() -> None:
        jobs.start(scope.workspace, tasks[str(st.session_state["cmp-judge-file"])])

    with st.popover("A model file", icon=":material/upload_file:", key="cmp-judge"):
        st.html(
            '<p class="fer-muted">ONNX, LiteRT, .keras or .h5: it answers these images as a run that was not trained here. '
            "Nobody can tell which of them it has learned from.</p>"
        )
        if names:
            st.selectbox("Model file", names, key="cmp-judge-file")
            st.button(
                f"Judge it on version {number}",
                key="cmp-judge-start",
                on_click=start,
                icon=":material/gavel:",
            )
        st.page_link("pages/demo/predict.py", label="Add one on Try it", icon=":material/add:")
