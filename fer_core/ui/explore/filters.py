"""The filter of the explorer: any column, any flag, any range; what is set stands below as words to take away."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from markupsafe import Markup

from fer_core.explore.filter import BY_PATH, SHUFFLE, Selection
from fer_core.ui.components import links, markup
from fer_core.ui.explore.state import CHECK_FLAGS, FLAG_WORDS, Explorer

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
_MANY = 200  # names of a category beyond which a list is no help


def bar(explorer: Explorer) -> None:
    """Search, split, filter, order and shuffle."""
    chosen = explorer.state.selection
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="exp-words"):
        _many(explorer, chosen, "label", width=220, placeholder="all classes", label_visibility="collapsed")
        _order(explorer, chosen)
        _text(explorer, chosen)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="exp-bar"):
        _split(explorer, chosen)
        with st.popover("Filter", icon=":material/tune:", key="exp-filter"):
            _all(explorer, chosen)
        st.button(
            "Shuffle", shortcut="S", icon=":material/shuffle:", key="exp-reshuffle", on_click=_shuffle, args=(explorer,)
        )  # fmt: skip
    active(explorer)


def _shuffle(explorer: Explorer) -> None:
    chosen = explorer.state.selection
    explorer.show(replace(chosen, order=SHUFFLE, seed=chosen.seed + 1), ids=explorer.state.ids)


def _set(explorer: Explorer, selection: Selection) -> None:
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
        on_change=lambda: _set(explorer, replace(chosen, text=st.session_state["exp-f-text"].strip())),
    )


def _many(explorer: Explorer, chosen: Selection, name: str, **more: Any) -> None:
    """Choose names of a category; those an address asks for are offered even where no image has them."""
    key = f"exp-f-{name}"
    known = explorer.facts.category(name)[1]
    picked = chosen.any_of.get(name, ())
    st.session_state[key] = list(picked)
    st.multiselect(
        _CATEGORY_WORDS[name],
        [*known, *(n for n in picked if n not in known)],
        key=key,
        on_change=lambda: _set(explorer, chosen.with_choices(name, *st.session_state[key])),
        **{"width": "stretch", "placeholder": "all", **more},
    )


def _split(explorer: Explorer, chosen: Selection) -> None:
    known, picked = explorer.facts.splits, chosen.any_of.get("split", ())
    st.session_state["exp-f-split"] = list(picked)
    st.segmented_control(
        "Splits", [*known, *(n for n in picked if n not in known)], selection_mode="multi", key="exp-f-split",
        label_visibility="collapsed",
        on_change=lambda: _set(explorer, chosen.with_choices("split", *st.session_state["exp-f-split"])),
    )  # fmt: skip


def _order(explorer: Explorer, chosen: Selection) -> None:
    offered = {SHUFFLE: "shuffled", BY_PATH: "file name"}
    for name in explorer.measures():
        words = MEASURE_WORDS[name].partition(",")[0]
        offered[name], offered[f"-{name}"] = f"{words}, low first", f"{words}, high first"
    for name in CHECK_FLAGS[:4] if explorer.checks_known else ():
        offered[f"{name}_score"] = f"{FLAG_WORDS[name].partition(' or')[0]}, worst first"
    offered.setdefault(chosen.order, chosen.order)
    st.session_state["exp-f-order"] = chosen.order
    st.selectbox(
        "Order", list(offered), format_func=offered.__getitem__, key="exp-f-order", width=190,
        label_visibility="collapsed",
        on_change=lambda: _set(explorer, replace(chosen, order=st.session_state["exp-f-order"])),
    )  # fmt: skip


def _all(explorer: Explorer, chosen: Selection) -> None:
    """The rest of the columns: flags, decisions, votes, runs, ranges."""
    st.session_state["exp-f-flag"] = list(chosen.flags)
    known = explorer.flags()
    st.multiselect(
        "Flags: has one of",
        [*known, *(f for f in chosen.flags if f not in known)],
        format_func=lambda flag: FLAG_WORDS.get(flag, flag),
        key="exp-f-flag",
        placeholder="any",
        on_change=lambda: _set(explorer, replace(chosen, flags=tuple(st.session_state["exp-f-flag"]))),
    )
    if not explorer.checks_known:
        st.html(
            '<p class="fer-muted">Dark, blurry and the like come with the checks: run them on Overview.</p>'
        )
    for name in _offered(explorer):
        _many(explorer, chosen, name)
    if len(explorer.runs) > 1:
        _run(explorer)
    st.html(markup.heading("Between"))
    for name in explorer.measures():
        _range(explorer, chosen, name)


def _offered(explorer: Explorer) -> list[str]:
    names = (
        ["decision"] + (["voted"] if explorer.facts.has_votes else []) + (["said"] if explorer.run else [])
    )
    for name in ("source", "mode", "format", "subject", "group"):
        if name in explorer.facts.columns and 1 < len(explorer.facts.category(name)[1]) <= _MANY:
            names.append(name)
    return names


def _run(explorer: Explorer) -> None:
    ids = [run.id for run in explorer.runs]
    st.session_state["exp-f-run"] = explorer.run.id if explorer.run else ids[0]

    def change() -> None:
        explorer.state.run = st.session_state["exp-f-run"]

    st.selectbox("Run whose predictions count", ids, key="exp-f-run", on_change=change)


def _range(explorer: Explorer, chosen: Selection, name: str) -> None:
    """From and to of one measure; empty is open."""
    low, high = chosen.ranges.get(name, (-math.inf, math.inf))
    ends = limits(explorer, name)
    if ends is None:
        return
    for part, value in (("low", low), ("high", high)):
        st.session_state[f"exp-r-{name}-{part}"] = None if math.isinf(value) else value

    def change() -> None:
        got = (st.session_state[f"exp-r-{name}-{part}"] for part in ("low", "high"))
        _set(explorer, chosen.with_range(name, *got))

    step = 1.0 if name == "side" else 0.0001 if name == "sharpness" else 0.01
    form = {1.0: "%.0f", 0.01: "%.2f"}.get(step, "%.4f")
    left, right = st.columns(2, gap="small")
    for column, part, end in ((left, "low", ends[0]), (right, "high", ends[1])):
        column.number_input(
            f"{MEASURE_WORDS[name]}: {'from' if part == 'low' else 'to'}",
            value=None, step=step, format=form, placeholder=f"{end:.4g}", key=f"exp-r-{name}-{part}",
            on_change=change,
        )  # fmt: skip


def limits(explorer: Explorer, name: str) -> tuple[float, float] | None:
    """Lowest and highest value of a measure; None where no image has one."""
    values = explorer.facts.measure(name)
    if not np.isfinite(values).any():
        return None
    return float(np.nanmin(values)), float(np.nanmax(values))


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
        _set(explorer, replace(chosen, text=""))
    elif kind == "any":
        _set(explorer, chosen.with_choices(name))
    elif kind == "flag":
        _set(explorer, replace(chosen, flags=tuple(f for f in chosen.flags if f != name)))
    else:
        _set(explorer, chosen.with_range(name))
