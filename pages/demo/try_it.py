"""A photo, a crop or the camera, answered at once by a trained model."""

from typing import cast

import pandas as pd
import streamlit as st

from fer_core.errors import FerError
from fer_core.inference import photo
from fer_core.ui import answers, cache, html, page
from fer_core.workspace import current

page.title("Try it", "Drop a photo or use the camera. Pictures stay in memory and are gone when you leave.")
models = cache.models(current())
if not models:
    page.empty("No model yet", "Train one: a minute is enough on the sample.")
    st.page_link("pages/models/train.py", label="Go to Train", icon=":material/model_training:")
    st.stop()

READING = {"auto": "decide by itself", "faces": "look for faces", "whole": "whole picture is one face"}

with st.container(horizontal=True, vertical_alignment="bottom"):
    source = st.segmented_control(
        "Source", ["Photos", "Camera"], default="Photos", required=True, key="try-source"
    )
    choice = st.selectbox("Model", list(models), key="try-model", bind="query-params", width=330)
    predictor = cache.predictor(models[choice])
    with st.popover("Options", icon=":material/tune:"):
        mode = st.selectbox(
            "What is in the pictures", list(READING), format_func=READING.__getitem__, key="try-mode"
        )
        usual = float(predictor.metadata.threshold)
        words = "If the likeliest emotion is less probable than this, the answer is uncertain."
        threshold = st.slider("Uncertain below", 0.0, 1.0, usual, 0.05, key="try-threshold", help=words)
        words = "Average the answer with that for the mirrored face: slower, a little steadier."
        flip = st.toggle("Flip averaging", key="try-flip", help=words)
uploads = (
    st.file_uploader(
        "Drop photos or face crops here, up to 50 at once", accept_multiple_files=True, key="try-files"
    )
    if source == "Photos"
    else [shot for shot in [st.camera_input("Take a picture", key="try-camera")] if shot]
)
if not uploads:
    page.empty(
        "Nothing to read yet",
        "JPEG, PNG, WebP, BMP, TIFF or GIF. A small square crop is read whole; in a photo, faces are looked for.",
    )
    st.stop()

results: list[photo.PhotoResult] = []
progress = st.progress(0.0) if len(uploads) > 3 else None
for number, upload in enumerate(uploads[:50], start=1):
    try:
        results.append(
            photo.analyse(
                predictor,
                upload.getvalue(),
                upload.name,
                mode=cast("photo.Mode", mode),
                flip=flip,
                threshold=threshold,
            )
        )
    except FerError as error:
        page.explain(error)
    if progress:
        progress.progress(number / min(len(uploads), 50), f"{number} of {min(len(uploads), 50)} photos")
if progress:
    progress.empty()
if len(uploads) > 50:
    st.warning(f"50 photos are read at once; {len(uploads) - 50} more were left out.", icon=":material/info:")

found = [face for result in results for face in result.faces]
if not results:
    st.stop()
page.numbers(
    [
        (len(found), f"{'face' if len(found) == 1 else 'faces'} in {html.plural(len(results), 'picture')}"),
        (f"{sum(r.total_ms for r in results) / len(results):.0f} ms", "from picture to answer, on average"),
        (len(predictor.metadata.classes), "emotions this model knows"),
        (sum(face.uncertain for face in found), f"uncertain, below {threshold:.2f}"),
    ]
)
answers.draw(results)
if found:
    table = pd.DataFrame([row for result in results for row in result.rows()])
    with st.container(border=True):
        st.html(html.heading("All answers"))
        st.dataframe(table, hide_index=True)
        with st.container(horizontal=True):
            st.download_button(
                "CSV", table.to_csv(index=False), "answers.csv", "text/csv", icon=":material/download:"
            )
            st.download_button(
                "JSON",
                answers.as_json(results),
                "answers.json",
                "application/json",
                icon=":material/download:",
            )
