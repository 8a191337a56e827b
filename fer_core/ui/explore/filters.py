"""The filter of the explorer: any column, any flag, any range; what is set stands below as words to take away."""

from __future__ import annotations

import importlib
import math
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from markupsafe import Markup

from fer_core.explore.filter import BY_PATH, SHUFFLE, Selection
from fer_core.ui.components import links, markup, messages
from fer_core.ui.explore.state import FLAG_WORDS, OFTEN_CHECKED, Explorer

MEASURE_WORDS = {
    "brightness": "brightness, 0–1", "contrast": "contrast, 0–0.5", "sharpness": "sharpness",
    "side": "side, px", "agreement": "agreement of votes, 0–1", "entropy": "entropy of votes, bits",
    "label_share": "votes for the label, 0–1", "label_score": "label score, low is bad",
    "confidence": "how sure the run is, 0–1", "valence": "valence, -1 to 1", "arousal": "arousal, -1 to 1",
}  # fmt: skip
_CATEGORY_WORDS = {
    "label": "Class", "split": "Split", "flag": "Flags", "decision": "Decision", "voted": "Most votes for",
    "said": "Predicted", "source": "Source", "mode": "Colour", "format": "Format", "subject": "Subject", "group": "Group",
}  # fmt: skip
_CHIPS = 9  # names of a category beyond which chips take too much room


def bar(explorer: Explorer) -> None:
    """Classes and splits as chips with how many faces each would show, order, search, shuffle, and the way to all filters."""
    chosen = explorer.state.selection
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="exp-bar"):
        _chips(explorer, chosen, "label")
        _chips(explorer, chosen, "split")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="exp-words"):
        if not _fits(explorer, "label"):
            many(
                explorer, chosen, "label", width=220, placeholder="all classes", label_visibility="collapsed"
            )
        _order(explorer, chosen)
        _text(explorer, chosen)
        st.toggle("All filters", key="exp-filter", persist_state="session")
        shuffle = {"shortcut": explorer.key("S"), "icon": ":material/shuffle:", "key": "exp-reshuffle"}
        st.button("Shuffle", on_click=_shuffle, args=(explorer,), **shuffle)  # type: ignore[arg-type]
    if st.session_state["exp-filter"]:
        importlib.import_module("fer_core.ui.explore.filter_panel").draw(explorer)
    active(explorer)


def _fits(explorer: Explorer, name: str) -> bool:
    return len(explorer.facts.category(name)[1]) <= _CHIPS


def _chips(explorer: Explorer, chosen: Selection, name: str) -> None:
    """Names of a category, each with the faces it would show beside all other filters; none where they are many."""
    codes, names = explorer.facts.category(name)
    if not _fits(explorer, name) or len(names) < 2:
        return
    picked = chosen.any_of.get(name, ())
    passed = chosen.with_choices(name).mask(explorer.facts) & (codes >= 0)
    counts = dict(zip(names, np.bincount(codes[passed], minlength=len(names)).tolist(), strict=True))
    key = f"exp-f-{name}"
    st.session_state[key] = list(picked)
    st.pills(
        _CATEGORY_WORDS[name], [*names, *(n for n in picked if n not in names)], selection_mode="multi", key=key,
        format_func=lambda n: f"{messages.plain(n)} {counts.get(n, 0):,}", label_visibility="collapsed",
        on_change=lambda: change(explorer, chosen.with_choices(name, *st.session_state[key])),
    )  # fmt: skip


def _shuffle(explorer: Explorer) -> None:
    chosen = explorer.state.selection
    explorer.show(replace(chosen, order=SHUFFLE, seed=chosen.seed + 1), ids=explorer.state.ids)


def change(explorer: Explorer, selection: Selection) -> None:
    """Filter otherwise, of the same circled faces or neighbours."""
    like = explorer.state.like
    explorer.show(selection, ids=explorer.state.ids)
    explorer.state.like = like


def _text(explorer: Explorer, chosen: Selection) -> None:
    st.session_state["exp-f-text"] = chosen.text
    st.text_input(
        "Search the path",
        key="exp-f-text",
        placeholder="search the path",
        icon=":material/search:",
        label_visibility="collapsed",
        width=180,
        on_change=lambda: change(explorer, replace(chosen, text=st.session_state["exp-f-text"].strip())),
    )


def many(explorer: Explorer, chosen: Selection, name: str, **more: Any) -> None:
    """Choose names of a category; those an address asks for are offered even where no image has them."""
    key = f"exp-f-{name}"
    known = explorer.facts.category(name)[1]
    picked = chosen.any_of.get(name, ())
    st.session_state[key] = list(picked)
    st.multiselect(
        _CATEGORY_WORDS[name],
        [*known, *(n for n in picked if n not in known)],
        key=key,
        on_change=lambda: change(explorer, chosen.with_choices(name, *st.session_state[key])),
        **{"width": "stretch", "placeholder": "all", **more},
    )


def _order(explorer: Explorer, chosen: Selection) -> None:
    offered = {SHUFFLE: "shuffled", BY_PATH: "file name"}
    for name in explorer.measures():
        words = MEASURE_WORDS[name].partition(",")[0]
        offered[name], offered[f"-{name}"] = f"{words}, low first", f"{words}, high first"
    for name in OFTEN_CHECKED if explorer.checks_known else ():
        offered[f"{name}_score"] = f"{FLAG_WORDS[name].partition(' or')[0]}, worst first"
    offered.setdefault(chosen.order, chosen.order)
    st.session_state["exp-f-order"] = chosen.order
    st.selectbox(
        "Order", list(offered), format_func=offered.__getitem__, key="exp-f-order", width=190,
        label_visibility="collapsed",
        on_change=lambda: change(explorer, replace(chosen, order=st.session_state["exp-f-order"])),
    )  # fmt: skip


def words(explorer: Explorer, chosen: Selection) -> dict[str, str]:
    """What is filtered, in words, by what takes it away."""
    found = {"like": "nearest to one face"} if explorer.state.like else {}
    found |= {} if explorer.state.ids is None else {"ids": f"{len(explorer.state.ids):,} chosen on the map"}
    return found | words_of(chosen)


def words_of(chosen: Selection) -> dict[str, str]:
    """What a selection lets through, in words, by what takes it away."""
    found = {"text": f"path has “{chosen.text}”"} if chosen.text else {}
    for name, names in chosen.any_of.items():
        found[f"any|{name}"] = f"{_CATEGORY_WORDS.get(name, name).lower()}: {', '.join(names)}"
    found |= {f"flag|{f}": FLAG_WORDS.get(f, f) for f in chosen.flags}
    for name, (low, high) in chosen.ranges.items():
        title = MEASURE_WORDS.get(name, name.replace("_", " ")).partition(",")[0]
        between = f"up to {high:.4g}" if math.isinf(low) else f"{low:.4g} to {high:.4g}"
        found[f"range|{name}"] = f"{title} {f'from {low:.4g}' if math.isinf(high) else between}"
    return found


def active(explorer: Explorer) -> None:
    """What is filtered, each a word that takes itself away; nothing where nothing is."""
    told = words(explorer, explorer.state.selection)
    if not told:
        return
    parts = [
        links.go(Markup(f"{markup.esc(text)} <b>×</b>"), key, "Take this filter away").replace(
            "fer-go", "fer-go fer-filter"
        )
        for key, text in told.items()
    ]
    parts.append(links.go("Clear all", "clear"))
    links.draw(
        f'<div class="fer-filters" role="group" aria-label="Filters that are set">{"".join(parts)}</div>',
        key="exp-active", on_go=lambda where: _take_away(explorer, where),
    )  # fmt: skip


def _take_away(explorer: Explorer, where: str) -> None:
    chosen = explorer.state.selection
    kind, _, name = where.partition("|")
    if kind == "clear":
        explorer.show(Selection(order=chosen.order, seed=chosen.seed))
    elif kind == "like" or kind == "ids":
        explorer.show(chosen)
    elif kind == "text":
        change(explorer, replace(chosen, text=""))
    elif kind == "any":
        change(explorer, chosen.with_choices(name))
    elif kind == "flag":
        change(explorer, replace(chosen, flags=tuple(f for f in chosen.flags if f != name)))
    else:
        change(explorer, chosen.with_range(name))
