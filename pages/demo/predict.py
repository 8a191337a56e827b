"""A photo, the camera or a live video, answered at once by a model that ships with the app."""

import streamlit as st

from fer_core.base.workspace import current
from fer_core.data import heif
from fer_core.ui.components import paste
from fer_core.ui.predict import (
    live_video,
    model_comparison,
    photo_results,
    predict_settings,
    reading,
    self_test,
)
from fer_core.ui.shell import page

TABS = ["Photos", "Camera", "Live", "Race", "Report card"]
PURPOSE = "Drop a photo, use the camera, or go live. Pictures stay in memory unless you say otherwise."

head, chips = st.columns([3, 2], vertical_alignment="top")
with head:
    page.title("Try it", PURPOSE)
with chips:
    settings = predict_settings.choose(current())
if settings is None:
    page.empty("No model yet", "Train one: a minute is enough on the sample.")
    st.page_link("pages/models/train.py", label="Go to Train", icon=":material/model_training:")
    st.stop()

numbers = st.container()
wanted = st.session_state.pop("try-next-tab", None)
if wanted:
    st.session_state["try-tab"] = wanted
photos, camera, live, race, report = st.tabs(TABS, key="try-tab", bind="query-params")
shown: list[reading.Shown] = []

with photos:
    uploads = st.file_uploader(
        "Drop photos or face crops here, paste, or browse; up to 50 at once",
        accept_multiple_files=True,
        max_upload_size=100,
        key="try-files",
        on_change=reading.forget,
        args=("try-files",),
    )
    paste.into("try-files")
    if uploads := reading.hold("try-files", uploads or []):
        reading.forget_all("try-files")
        shown = reading.read(uploads, settings)
    elif st.session_state.get("try-example"):
        shown = reading.read([reading.Example()], settings)
    if shown and photos.open:
        photo_results.guarded(shown, settings, "photos")
    elif not uploads:
        page.empty(
            "Nothing to read yet",
            f"JPEG, PNG, WebP, {'HEIC, ' if heif.is_installed() else ''}TIFF and more. "
            "A small square crop is read whole; in a photo, faces are looked for.",
        )
        if st.button("Show it on three drawn faces", icon=":material/draw:", key="try-show-example"):
            st.session_state["try-example"] = True
            st.rerun()

if camera.open:
    with camera:
        left, right = st.columns([1, 1.1], gap="medium")
        with left:
            shot = st.camera_input(
                "Take a picture", key="try-camera", on_change=reading.forget, args=("try-camera",)
            )
        taken = reading.read(reading.hold("try-camera", [shot] if shot else [])[-1:], settings)
        with right:
            if taken:
                photo_results.guarded(taken, settings, "camera", narrow=True)
                shown = taken
            else:
                page.empty("No picture yet", "Take one at the left: its faces and their emotions stand here.")
if live.open:
    with live:
        live_video.draw(settings)
if race.open:
    with race:
        model_comparison.draw(shown, settings)
if report.open:
    with report:
        self_test.draw(settings)

with numbers:
    found = sum(len(one.result.faces) for one in shown)
    spent = [one.result.total_ms for one in shown]
    page.numbers(
        [
            (found if shown else "–", "face found" if found == 1 else "faces found"),
            (f"{sum(spent) / len(spent):.0f} ms" if spent else "–", "photo to answer"),
            (len(settings.predictor.classes), "emotions"),
            (f"{settings.threshold:.2f}".removeprefix("0"), "below this: uncertain"),
        ]
    )
