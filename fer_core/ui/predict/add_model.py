"""Add an ONNX, Keras or LiteRT file on Try it, and ask what it does not say of itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from fer_core.base.emotions import CLASS_SETS
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.inference import foreign, model_registry
from fer_core.inference.onnx_file import Graph
from fer_core.ui.components import messages
from fer_core.ui.shell import cache, page

_ADDED = "try-add-model"
_FER2013 = ("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def button(workspace: Workspace) -> None:
    """Opens the dialog."""
    if st.button("Add a model file", icon=":material/add:", width="stretch", key="try-add"):
        _dialog(workspace)


@st.dialog("Add a model")
def _dialog(workspace: Workspace) -> None:
    st.caption(
        "An ONNX, Keras or LiteRT file that takes face crops and answers with one value per emotion. "
        "It is copied to models/files; code of its own is refused."
    )
    file = st.file_uploader("Model file", type=["onnx", "keras", "h5", "tflite"], key="try-add-file")
    if file is None:
        return
    try:
        known = st.session_state.get(_ADDED)
        if known is None or known[0] != file.file_id:  # drawn again, for the form below, it has been added
            known = st.session_state[_ADDED] = (file.file_id, _add(workspace, file.name, file.getvalue()))
        model = known[1]
        graph = cache.missing_metadata(model.path)
    except FerError as error:
        page.show_error(error)
        return
    if graph is None or _form(model, graph):
        st.session_state["try-added"] = model.name
        st.rerun()


def _add(workspace: Workspace, name: str, content: bytes) -> model_registry.Model:
    if Path(name).suffix.lower() not in (*foreign.KERAS_ENDINGS, foreign.LITERT_ENDING):
        return model_registry.add_model(workspace, name, content)
    with tempfile.TemporaryDirectory() as folder, st.spinner("Opening it in safe mode, and converting"):
        file = Path(folder) / Path(name).name
        file.write_bytes(content)
        return foreign.import_keras(workspace, file)


def question(model: model_registry.Model) -> bool:
    """Ask about a model on the shelf that lacks metadata; False where that is not what is wrong with it."""
    try:
        graph = cache.missing_metadata(model.path)
    except FerError:
        return False
    if graph is None:
        return False
    with st.container(border=True):
        if _form(model, graph):
            st.rerun()
    return True


def _form(model: model_registry.Model, graph: Graph) -> bool:
    """What the file does not say; True once it is answered."""
    st.markdown(
        f"**{messages.plain(model.name)}** does not say what its answers mean. Its graph has {graph.describe()}."
    )
    with st.form(f"try-question-{model.name}", border=False):
        guess = _FER2013 if graph.outputs == 7 else CLASS_SETS.get(graph.outputs or 0, ())
        classes = st.text_input(
            "Emotions, in the order of its outputs",
            ", ".join(guess),
            help="Check this: a wrong order gives wrong answers without any error.",
        )
        sides = [side for side in graph.sides if side]
        size = st.number_input("Input size, pixels", 8, 1024, sides[0] if sides else 48)
        colors = ["gray", "rgb"]
        color = st.selectbox("Input", colors, index=int(graph.channels == 3))
        scaling = st.selectbox(
            "It wants gray levels",
            ["none", "unit", "symmetric", "imagenet"],
            format_func={
                "none": "as they are, 0 to 255",
                "unit": "0 to 1",
                "symmetric": "-1 to 1",
                "imagenet": "as ImageNet models do",
            }.__getitem__,
        )
        output = st.selectbox("It answers with", ["probabilities", "logits"])
        if not st.form_submit_button("Use it", type="primary"):
            return False
    fields = {
        "classes": [name.strip() for name in classes.split(",") if name.strip()],
        "input_size": int(size),
        "color": color,
        "scaling": scaling,
        "output": output,
    }
    try:
        model_registry.write_metadata(model.path, fields)
    except FerError as error:
        page.show_error(error)
        return False
    return True
