"""Live video on Try it, where the optional extra streamlit-webrtc is installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import streamlit as st

from fer_core.inference.live import LiveReader
from fer_core.ui.components import markup
from fer_core.ui.predict.predict_settings import Settings
from fer_core.ui.shell import page

REQUIREMENTS = "requirements-live.txt"


def installed() -> bool:
    """Whether live video can be shown."""
    return importlib.util.find_spec("streamlit_webrtc") is not None


def draw(settings: Settings) -> None:
    """The camera's picture with boxes and smoothed answers, or how to get it."""
    if not installed():
        page.empty("Live video is an optional extra", "Install it beside the app, then restart it:")
        st.code(f".venv/bin/python -m pip install -r {REQUIREMENTS}", language="sh")
        return
    from streamlit_webrtc import WebRtcMode, webrtc_streamer

    reader = _reader(settings)
    left, right = st.columns([1.5, 1], gap="medium")
    with left:
        # Browser and server are one machine, or see each other: no STUN or TURN server of anybody is asked.
        context = webrtc_streamer(
            key="try-live",
            mode=WebRtcMode.SENDRECV,
            rtc_configuration={"iceServers": []},
            media_stream_constraints={
                "video": {"width": 640, "height": 480, "frameRate": 30},
                "audio": False,
            },
            video_frame_callback=_callback(reader),
            async_processing=True,
        )
        st.html(
            '<p class="fer-muted">The video goes to the machine this app runs on and nowhere else; no frame is kept. '
            "Stop ends it.</p>"
        )
    with right:
        _answers(reader, bool(context.state.playing))


def _reader(settings: Settings) -> LiveReader:
    """One per visitor, model and detector."""
    wanted = (settings.model.path, settings.detector.name, settings.threshold)
    if st.session_state.get("try-live-for") != wanted:
        st.session_state["try-live-for"] = wanted
        st.session_state["try-live-reader"] = LiveReader(
            settings.predictor, settings.detector, settings.threshold, mirror=True
        )
    reader: LiveReader = st.session_state["try-live-reader"]
    return reader


def _callback(reader: LiveReader) -> Any:
    from av import VideoFrame  # type: ignore[import-not-found,unused-ignore]

    def answer(frame: Any) -> Any:
        view = reader.read(frame.to_ndarray(format="rgb24"))
        drawn = VideoFrame.from_ndarray(view.pixels, format="rgb24")
        drawn.pts, drawn.time_base = frame.pts, frame.time_base
        return drawn

    return answer


def _answers(reader: LiveReader, playing: bool) -> None:
    if not playing:
        page.empty("Not running", "Press Start and allow the camera.")
        return
    _numbers(reader)


@st.fragment(run_every=0.5)
def _numbers(reader: LiveReader) -> None:
    view = reader.latest
    if view is None:
        st.html('<p class="fer-muted">Waiting for the first frame.</p>')
        return
    rate = f"{reader.frames_per_second:.0f}"
    st.html(markup.stats([(rate, "frames a second"), (f"{view.ms:.0f} ms", "for the last frame")]))
    for face in view.faces:
        with st.container(border=True, key=f"live-{face['number']}"):
            st.html(
                markup.heading(f"{face['number']} · {face['label']}")
                + markup.bars(face["probabilities"], limit=4)
            )
    if not view.faces:
        st.html('<p class="fer-muted">No face in the picture.</p>')
