"""The explorer's overview: splits, classes, checks and a sheet of faces per class."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core.base.errors import SplitError
from fer_core.explore.facts import ImageFacts
from fer_core.explore.filter import Selection
from fer_core.splits import balance
from fer_core.splits.ratios import parse_ratios
from fer_core.ui.components import links, markup, messages, tables
from fer_core.ui.explore import checks, distinct, face_detail, sheets
from fer_core.ui.explore.state import Explorer, shown
from fer_core.ui.explore.tables import class_balance, drift, splits_and_classes
from fer_core.ui.shell import decisions, near_copies, page
from fer_core.ui.versions import version_list

_TARGET = "80/10/10"


def draw(explorer: Explorer) -> None:
    """The whole view "Overview"."""
    with st.container(key="exp-main"):
        left, right = st.columns([2, 1.12], gap="medium")
    with left:
        _splits(explorer)
        _classes(explorer)
        distinct.card(explorer)
        _faces(explorer)
        if explorer.state.face:  # what is known about the set makes room for the face at the right
            version_list.overview(explorer.scope)
    with right:
        checks.card(explorer)
        if not explorer.state.face:
            version_list.overview(explorer.scope)
        face_detail.card(explorer)  # the last, so that it can stay in view while the faces are scrolled


def _follow(explorer: Explorer, where: str) -> None:
    """Show the faces behind a number of a table."""
    _, split, label = where.split("|", 2)
    chosen = {name: (value,) for name, value in (("split", split), ("label", label)) if value}
    explorer.show(shown(any_of=chosen), view="Faces")


def _splits(explorer: Explorer) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(markup.heading("Splits and classes"))
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
            messages.warning(str(error), icon=":material/warning:")
        drawn = _split_tables(explorer.scope.version.id, tuple(target), explorer.facts)
        links.draw(drawn, key="exp-splits", on_go=lambda where: _follow(explorer, where))
        if sources := _sources(explorer):
            st.html(sources)
        st.page_link("pages/data/stratify.py", label="Splits on Stratify", icon=":material/call_split:")


@st.cache_data(max_entries=8, show_spinner=False)
def _split_tables(version: str, target: tuple[float, ...], _facts: ImageFacts) -> str:
    counted = _facts.counts()
    shares = balance.split_shares(counted, [100 * part / sum(target) for part in target])
    return splits_and_classes(counted, shares) + drift(counted)


@st.cache_data(max_entries=8, show_spinner=False)
def _class_tables(version: str, _facts: ImageFacts) -> tuple[str, str]:
    """The table of classes, and their weights as JSON."""
    counted = _facts.counts()
    return class_balance(counted), weights(counted)


def _sources(explorer: Explorer) -> str:
    """Images per source and split, where there is more than one."""
    codes, names = explorer.facts.category("source")
    splits, known = explorer.facts.category("split")
    if len(names) < 2:
        return ""
    good = explorer.facts.readable
    rows: list[list[markup.Cell]] = []
    for number, name in enumerate(names):
        own = good & (codes == number)
        rows.append([name, *(int((own & (splits == i)).sum()) for i in range(len(known))), int(own.sum())])
    header = ["source", *known, "all"]
    return markup.table(header, rows, numeric=range(1, len(header)), caption="Images per source and split")


def _classes(explorer: Explorer) -> None:
    drawn, code = _class_tables(explorer.scope.version.id, explorer.facts)
    even = 1 / max(len(explorer.classes), 1)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(markup.heading("Class balance", f"even would be {even:.1%} each; the mark on the bars"))
            with st.popover("Class weights", type="tertiary", key="exp-weights"):
                st.html(
                    '<p class="fer-note">Weights that make every class count alike in the loss: '
                    "images / (classes × images of the class). Of the train split, where there is one.</p>"
                )
                st.code(code, language="json")
        links.draw(drawn, key="exp-balance", on_go=lambda where: _follow(explorer, where))


def weights(counted: pd.DataFrame) -> str:
    """Class weights of what is trained on, as JSON, from the counts per split and class."""
    trained = counted.loc[["train"]] if "train" in counted.index else counted
    table = balance.class_balance(trained)
    lines = [f'  "{name}": {weight:.3f}' for name, weight in table["weight"].items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _faces(explorer: Explorer) -> None:
    with st.container(border=True):
        st.html(markup.heading("Faces", "click one to see what is known about it"))
        with st.container(horizontal=True, vertical_alignment="center"):
            split = st.segmented_control(
                "Split",
                ["all", *explorer.facts.splits],
                default="all",
                required=True,
                key="exp-split",
                label_visibility="collapsed",
            )
            if st.button("Shuffle", shortcut="S", icon=":material/shuffle:", key="exp-shuffle"):
                st.session_state["exp-seed"] = st.session_state.get("exp-seed", 0) + 1
        chosen = Selection(seed=st.session_state.get("exp-seed", 0))
        if split != "all":
            chosen = chosen.with_choices("split", str(split))
        sheets.per_class(explorer, chosen, "exp-class")
        frames = markup.chip(
            "warn", "orange frame", "A copy in another split or with another label, or likely wrong"
        )
        st.html(f'<p class="fer-muted">{frames} flagged · blue frame: opened at the right</p>')


def draw_numbers(explorer: Explorer) -> None:
    """Images, unreadable files, copies, decisions and the version."""
    facts, version = explorer.facts, explorer.scope.version
    good, leaks = int(facts.readable.sum()), near_copies.known(explorer.scope)
    kinds = f"{len(facts.classes)} {'class' if len(facts.classes) == 1 else 'classes'}"
    page.numbers(
        [
            (good, f"images in {kinds}, {markup.plural(len(facts.splits), 'split')}"),
            (int(facts.flag("unreadable").sum()), "unreadable"),
            (facts.copies.extra_copies, "extra equal copies"),
            (
                leaks.total.copies,
                f"{'pair' if leaks.total.copies == 1 else 'pairs'} of copies across splits: {leaks.counts}",
            )
            if leaks.total.copies or not leaks.missing
            else ("not compared", "near and mirrored copies across splits; no equal pixels there"),
            (decisions.pending(explorer.scope), "decisions to apply"),
            (f"v{version.number}", tables.origin(version, explorer.scope.dataset)),
        ]
    )
