"""The explorer's overview: splits, classes, checks and a sheet of faces per class."""

from __future__ import annotations

import streamlit as st

from fer_core.errors import SplitError
from fer_core.quality import balance
from fer_core.quality.selection import Selection
from fer_core.splits.ratios import parse_ratios
from fer_core.ui import (
    explore_checks,
    explore_face,
    explore_sheets,
    explore_tables,
    html,
    links,
    versions_card,
)
from fer_core.ui.explore_desk import Desk, shown

_TARGET = "80/10/10"


def draw(desk: Desk) -> None:
    """The whole view "Overview"."""
    with st.container(key="exp-main"):
        left, right = st.columns([2, 1.12], gap="medium")
    with left:
        _splits(desk)
        _classes(desk)
        _faces(desk)
        if desk.state.face:  # what is known about the set makes room for the face at the right
            versions_card.overview(desk.scope)
    with right:
        explore_checks.card(desk)
        if not desk.state.face:
            versions_card.overview(desk.scope)
        explore_face.card(desk)  # the last, so that it can stay in view while the faces are scrolled


def _follow(desk: Desk, where: str) -> None:
    """Show the faces behind a number of a table."""
    _, split, label = where.split("|", 2)
    chosen = {name: (value,) for name, value in (("split", split), ("label", label)) if value}
    desk.show(shown(any_of=chosen), view="Faces")


def _splits(desk: Desk) -> None:
    counted = desk.facts.counts()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(html.heading("Splits and classes"))
            with st.popover("Target", type="tertiary", key="exp-target-pop"):
                text = st.text_input(
                    "Percent for train, val and test",
                    _TARGET,
                    key="target",
                    bind="query-params",
                    placeholder=_TARGET,
                )
        target = (80.0, 10.0, 10.0)
        try:
            target = parse_ratios(text or _TARGET)  # type: ignore[assignment]
        except SplitError as error:
            st.warning(str(error), icon=":material/warning:")
        total = sum(target)
        shares = balance.shares_of(counted, [100 * part / total for part in target])
        markup = explore_tables.splits_and_classes(counted, shares) + explore_tables.drift(counted)
        links.draw(markup, key="exp-splits", on_go=lambda where: _follow(desk, where))
        st.page_link("pages/data/stratify.py", label="Repair on Stratify", icon=":material/call_split:")


def _classes(desk: Desk) -> None:
    counted = desk.facts.counts()
    even = 1 / max(len(desk.classes), 1)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(html.heading("Class balance", f"even would be {even:.1%} each; the mark on the bars"))
            with st.popover("Class weights", type="tertiary", key="exp-weights"):
                st.html(
                    '<p class="fer-note">Weights that make every class count alike in the loss: '
                    "images / (classes × images of the class). Of the train split, where there is one.</p>"
                )
                st.code(weights(desk), language="json")
        markup = explore_tables.class_balance(counted)
        links.draw(markup, key="exp-balance", on_go=lambda where: _follow(desk, where))


def weights(desk: Desk) -> str:
    """Class weights of what is trained on, as JSON."""
    counted = desk.facts.counts()
    trained = counted.loc[["train"]] if "train" in counted.index else counted
    table = balance.balance_of(trained)
    lines = [f'  "{name}": {weight:.3f}' for name, weight in table["weight"].items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _faces(desk: Desk) -> None:
    with st.container(border=True):
        st.html(html.heading("Faces", "click one to see what is known about it"))
        with st.container(horizontal=True, vertical_alignment="center"):
            split = st.segmented_control(
                "Split",
                ["all", *desk.facts.splits],
                default="all",
                required=True,
                key="exp-split",
                label_visibility="collapsed",
            )
            if st.button("Shuffle", shortcut="S", icon=":material/shuffle:", key="exp-shuffle"):
                st.session_state["exp-seed"] = st.session_state.get("exp-seed", 0) + 1
        chosen = Selection(seed=st.session_state.get("exp-seed", 0))
        if split != "all":
            chosen = chosen.narrowed("split", str(split))
        explore_sheets.per_class(desk, chosen, "exp-class")
        frames = html.chip(
            "look", "orange frame", "A copy in another split or with another label, or likely wrong"
        )
        st.html(f'<p class="fer-muted">{frames.text} flagged · blue frame: opened at the right</p>')
