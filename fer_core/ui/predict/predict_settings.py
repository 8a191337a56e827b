"""What answers on Try it, and how pictures are read: the two popovers at the top right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.inference import model_registry, tta
from fer_core.inference.analyse import AnalysisMode, ReadOptions
from fer_core.inference.detect import detectors
from fer_core.inference.detect.boxes import Detector
from fer_core.inference.ensemble import Ensemble
from fer_core.inference.predictor import Predictor
from fer_core.ui.components import markup, messages
from fer_core.ui.predict import add_model
from fer_core.ui.shell import cache, page

_MODES = {"auto": "decide by itself", "faces": "look for faces", "whole": "whole picture is one face"}
_TTA = {"none": "off", "flip": "mirror image", "many": "mirror and five crops"}


@dataclass(frozen=True)
class Settings:
    """What the visitor chose."""

    workspace: Workspace
    model: model_registry.Model
    predictor: Predictor | Ensemble
    reading: ReadOptions
    detector: Detector

    @property
    def threshold(self) -> float:
        """Below this top probability an answer is uncertain."""
        chosen = self.reading.threshold
        return self.predictor.threshold if chosen is None else chosen


def choose(workspace: Workspace) -> Settings | None:
    """Draw both popovers; None while there is no model that can answer."""
    found = {model.name: model for model in model_registry.models(workspace)}
    if not found:
        return None
    if (added := st.session_state.pop("try-added", None)) in found:
        st.session_state["try-model"] = added
    asked = st.session_state.get("try-model") or st.query_params.get("try-model")
    model = found[asked] if asked in found else next(iter(found.values()))
    with st.container(horizontal=True, horizontal_alignment="right", key="try-head"):
        predictor = _model(workspace, found, model)
        if predictor is None:
            return None
        with st.popover("Options", icon=":material/tune:", width="content"):
            reading, name = _options(predictor)
    try:
        detector = detectors.open_detector(name, workspace)
    except FerError as error:
        page.show_error(error)
        detector = detectors.open_detector("haar", workspace)
    return Settings(workspace, model, predictor, reading, detector)


def _model(
    workspace: Workspace, found: dict[str, model_registry.Model], model: model_registry.Model
) -> Predictor | Ensemble | None:
    """The chip with the model: choose another, read its card, add a file."""
    try:
        predictor = cache.predictor(model.path)
    except FerError as error:
        predictor, failure = None, error
    size = f"{len(predictor.classes)} emotions `{model.megabytes:.1f} MB`" if predictor else "needs an answer"
    with st.popover(f"**{messages.plain(model.name)}** · {size}", width="content", help="The model in use"):
        names = list(found)
        st.selectbox(
            "Model",
            names,
            index=names.index(model.name),
            format_func=lambda n: f"{n} · {found[n].about}" if found[n].about else n,
            key="try-model",
            bind="query-params",
        )
        if predictor:
            _about(model, predictor)
        add_model.button(workspace)
    if predictor is None and not add_model.question(model):
        page.show_error(failure)
    return predictor


def _about(model: model_registry.Model, predictor: Predictor | Ensemble) -> None:
    known = predictor.metadata
    size = f"{known.input_size} × {known.input_size}, {known.color}"
    pairs: list[tuple[str, markup.Cell]] = [
        ("knows", ", ".join(known.classes)),
        ("sees", size),
        ("uncertain below", f"{known.threshold:.2f}"),
        ("temperature", f"{known.temperature:.3g}"),
    ]
    if known.dataset:
        pairs.append(("trained on", f"{known.dataset} {known.version[:8]}"))
    if known.recipe:
        pairs.append(("recipe", known.recipe))
    st.html(markup.facts(pairs))
    if model.card and st.button("Read its card", icon=":material/description:", width="stretch"):
        _card(model.name, model.card)


@st.dialog("Model card", width="large")
def _card(name: str, text: str) -> None:
    st.caption(name)
    st.markdown(text.replace("![", "!\\["))  # a card loads no pictures from elsewhere


def _options(predictor: Predictor | Ensemble) -> tuple[ReadOptions, str]:
    mode = st.selectbox(
        "What is in the pictures",
        list(_MODES),
        format_func=_MODES.__getitem__,
        key="try-mode",
        persist_state="session",
    )
    words = "If the likeliest emotion is less probable than this, the prediction is uncertain."
    threshold = st.slider(
        "Uncertain below",
        0.0,
        1.0,
        float(predictor.threshold),
        0.05,
        help=words,
        key=f"try-threshold-{predictor.threshold}",
        persist_state="session",
    )
    words = "The same face shown several ways, the predictions averaged: slower, a little steadier."
    kind = st.selectbox(
        "Averaging",
        tta.KINDS,
        format_func=_TTA.__getitem__,
        key="try-tta",
        persist_state="session",
        help=words,
    )
    kinds = detectors.KINDS
    name = st.selectbox(
        "Find faces with",
        list(kinds),
        format_func=lambda n: kinds[n].title,
        key="try-detector",
        persist_state="session",
        help=" ".join(f"{kind.title}: {kind.about}" for kind in kinds.values()),
    )
    smallest = st.slider("Smallest face, pixels", 0, 200, 0, 10, key="try-smallest", persist_state="session")
    score = st.slider("Least detection score", 0.0, 1.0, 0.0, 0.05, key="try-score", persist_state="session")
    align = st.toggle(
        "Turn upright by the eyes",
        True,
        key="try-align",
        persist_state="session",
        help="Where the detector finds eyes.",
    )
    return ReadOptions(cast("AnalysisMode", mode), kind, threshold, smallest, score, align), name
