"""The way of a dataset from import to a model in use: the next action on top, a card for each step below."""

from __future__ import annotations

import streamlit as st

from fer_core.reports.status_parts import DatasetStatus, JourneyStep
from fer_core.ui.components import links, markup
from fer_core.ui.components.markup import Verdict
from fer_core.ui.shell import next_step, page
from fer_core.ui.shell.next_step import PAGES

_LATER = "home-later"
_WORDS: dict[str, tuple[Verdict, str]] = {
    "done": ("good", "done"),
    "open": ("warn", "to do"),
    "working": ("info", "working"),
    "ahead": ("none", "not begun"),
}


def known(scope: page.Scope) -> DatasetStatus:
    """The status of the dataset on screen, without the steps that were put off."""
    return next_step.known(scope.dataset, st.session_state.get(_LATER, {}).get(scope.dataset.name, ()))


def _put_off(name: str, step: str) -> None:
    later = dict(st.session_state.get(_LATER, {}))
    later[name] = (*later.get(name, ()), step)
    st.session_state[_LATER] = later


def _take_up(name: str) -> None:
    st.session_state[_LATER] = {k: v for k, v in st.session_state.get(_LATER, {}).items() if k != name}


def next_action(found: DatasetStatus) -> None:
    """The one thing to do, with its reason; it can be put off for this visit."""
    action, later = found.next, st.session_state.get(_LATER, {}).get(found.dataset, ())
    with st.container(border=True, key="home-next", horizontal=True, vertical_alignment="center"):
        if action is None:
            st.html(
                markup.heading("All that is left was put off")
                + '<p class="fer-note">The steps below go on.</p>'
            )
        else:
            words = (
                f'<p class="fer-note">{markup.esc(action.reason)} <code>{markup.esc(action.verb)}</code></p>'
            )
            st.html(markup.heading(f"Next: {action.title}") + words)
            if st.button("Open", type="primary", icon=":material/arrow_forward:", key="home-open"):
                st.switch_page(PAGES[action.page], query_params={"dataset": found.dataset})
            st.button("Not now", key="home-later-now", on_click=_put_off, args=(found.dataset, action.step))
        if later:
            words = f"Take up {markup.plural(len(later), 'step')} put off"
            st.button(words, type="tertiary", key="home-take-up", on_click=_take_up, args=(found.dataset,))


def steps(found: DatasetStatus) -> None:
    """A card for each step: what is known, what is open, and the way there."""
    to = st.session_state.pop("home-go", None)
    if to in PAGES:
        st.switch_page(PAGES[to], query_params={"dataset": found.dataset})
    proposed = found.next.step if found.next else ""
    cards = "".join(
        _card(number, step, step.name == proposed) for number, step in enumerate(found.steps, start=1)
    )
    links.draw(f'<ol class="fer-journey">{cards}</ol>', key="home-steps", on_go=_go)


def _go(where: str) -> None:
    st.session_state["home-go"] = where


def _card(number: int, step: JourneyStep, proposed: bool) -> str:
    verdict, words = _WORDS[step.state]
    chip = markup.chip("warn", step.caution) if step.caution else markup.chip(verdict, words)
    facts = "<br>".join(markup.esc(fact) for fact in step.facts)
    name = links.go(step.name, step.page, f"Open {step.name}")
    here = ' class="next"' if proposed else ""
    return f'<li{here}><b><i class="{verdict}">{number}</i>{name}</b><span>{facts}</span>{chip}</li>'
