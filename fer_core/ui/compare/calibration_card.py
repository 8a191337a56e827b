"""Whether a run's probabilities can be trusted, and the temperature and threshold that its model is given."""

from __future__ import annotations

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.evaluation.calibration import apply_to, direction, threshold_for
from fer_core.inference.predictor import RUN_MODEL
from fer_core.inference.recalibrate import carries
from fer_core.runs.run import Run
from fer_core.ui.compare import cached_curves
from fer_core.ui.components import markup, messages, style
from fer_core.ui.shell import cache, page


@st.fragment
def draw(run: Run, version: str, split: str) -> None:
    """Reliability, coverage, and what was fitted on validation, with the button that gives it to the model."""
    try:
        found = cached_curves.trust(run, split, version)
        reliability, coverage = cached_curves.trust_figures(run, split, version, style.is_dark())
    except FerError as error:
        page.show_error(error)
        return
    st.html(markup.heading("Can its probabilities be trusted?", f"calibration error {found.error:.3f}"))
    left, middle, right = st.columns([1, 1, 0.9], gap="medium")
    with left:
        st.vega_lite_chart(spec=reliability, theme=None, key="cmp-reliability")
    with middle:
        st.vega_lite_chart(spec=coverage, theme=None, key="cmp-coverage")
    with right:
        wanted = st.slider("Wanted share of right answers, %", 50, 99, 90, key="cmp-precision")
        best = threshold_for(found.fit, wanted / 100)
        reached = (
            f"Answer from {best['threshold']:.2f} on: {best['coverage']:.0%} of the faces get an answer, the others “uncertain”."
            if best
            else "No threshold reaches that on validation."
        )
        t = found.temperature
        st.html(
            markup.facts(
                [
                    ("threshold", reached),
                    ("temperature", f"{t:.2f}: it is {direction(t)}"),
                    ("error after", f"{found.after:.3f} on {'test' if split == 'test' else 'validation'}"),
                ]
            )
            + '<p class="fer-muted">Temperature and threshold are fitted on validation alone; the threshold holds at that '
            f"temperature.{_views(found.views)}</p>"
        )
        if version == run.version:
            _apply(run, t, best["threshold"] if best else None)
        else:
            st.html(
                '<p class="fer-note">Its model can be given a temperature and threshold on the version it was trained on: '
                "there they are fitted on all of its validation images.</p>"
            )


def _views(views: int) -> str:
    """What is to be said of answers that are means over several views."""
    if views == 1:
        return ""
    return f" These answers are means over {views} views of each image: to a single view the model is surer than that."


def _apply(run: Run, temperature: float, threshold: float | None) -> None:
    """What the model of the run carries, and the button that writes what was found into it."""
    try:
        held = cache.predictor(run.folder / RUN_MODEL).metadata
    except FerError:
        st.html('<p class="fer-muted">It has no exported model to write them into.</p>')
        return
    st.html(
        f'<p class="fer-note">Try it answers with temperature {held.temperature:.2f}, and with “uncertain” below '
        f"{held.threshold:.2f}.</p>"
    )
    wanted = held.threshold if threshold is None else threshold
    same = carries(held, temperature, wanted)
    st.button(
        "Apply", icon=":material/check:", key="cmp-calibrate", disabled=same or threshold is None, on_click=_write,
        args=(run, temperature, wanted),
        help="Writes temperature and threshold into the model that Try it uses; the scores here stay as they are",
    )  # fmt: skip


def _write(run: Run, temperature: float, threshold: float) -> None:
    try:
        apply_to(run, temperature, threshold)
    except FerError as error:
        messages.toast(str(error), icon=":material/error:")
