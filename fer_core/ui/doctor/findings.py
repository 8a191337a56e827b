"""What the doctor found last, file by file, and the buttons that look again and mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from markupsafe import Markup

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.jobs.tasks import Doctor
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress, page

Findings = Sequence[Mapping[str, Any]]
"""As the doctor's JSON has them."""
_STATES = ("whole", "damaged", "gone", "not checked")
_MOST = 200  # rows of a table


def card(workspace: Workspace) -> None:
    """The last look at every file that found something out; while one goes on, its progress, and how the last one ended."""
    looks = jobs.find(workspace, Doctor)
    last = next(iter(looks), None)
    if job_progress.job_card(last):
        return
    told = next((look for look in looks if look.result), None)
    found = {} if told is None else told.result
    bad: Findings = found.get("findings", [])
    with st.container(horizontal=True):
        if st.button(
            "Check every file",
            type="secondary" if bad else "primary",
            icon=":material/fact_check:",
            key="doctor-look",
        ):
            _start(workspace, Doctor())
        mend = sum(bool(each["repairable"]) for each in bad)
        words = f"Repair {markup.plural(mend, 'file')}"
        tip = "Makes again what can be, sets aside what cannot; deletes nothing"
        if mend and st.button(words, type="primary", icon=":material/healing:", key="doctor-mend", help=tip):
            _start(workspace, Doctor(mend=True))
    if last is not None and last.state != "finished":
        st.html(f'<p class="fer-muted">{markup.esc(_ended(last, told))}</p>')
    if told is None:
        page.empty(
            "Nobody has looked yet" if last is None else "No look has come to its end yet",
            "Check every file: each is compared with the sum noted when it was written.",
        )
        return
    st.html(markup.heading("Files", f"checked {_when(told)}", _verdict(bad)))
    rows: list[list[markup.Cell]] = [
        [kind, *(f"{counts.get(state, 0):,}" for state in _STATES)]
        for kind, counts in found["checked"].items()
    ]
    if rows:
        st.html(markup.table(["kind", *_STATES], rows, numeric=(1, 2, 3, 4)))
        st.html(
            '<p class="fer-muted">Not checked: can be read, but no sum was noted. '
            "None is for the queue and for jobs, nor was one by older versions.</p>"
        )
    _repaired("An interrupted repair", found.get("interrupted", []))
    _repaired("What was done", found.get("repaired", []))
    _listed(bad)


def _when(look: jobs.Job) -> str:
    return f"{look.created[:16].replace('T', ' ')} UTC"


def _ended(last: jobs.Job, told: jobs.Job | None) -> str:
    """How the last look came to no end, and what is shown in its place."""
    what = "repair" if last.result.get("repaired") else "look"
    how = "failed" if last.state == "failed" else f"was {last.state}"
    words = f"The last {what}, of {_when(last)}, {how} before its end."
    if told is None:
        return words
    if told.id == last.id:
        return f"{words} What it had done and found by then is below; check every file to know the rest."
    return f"{words} What the one of {_when(told)} found is below."


def _start(workspace: Workspace, task: Doctor) -> None:
    jobs.start(workspace, task)
    st.rerun()


def _verdict(bad: Findings) -> Markup:
    if not bad:
        return markup.chip("good", "nothing damaged", "As far as it can be checked")
    return markup.chip("bad", f"{markup.plural(len(bad), 'file')} damaged or gone")


def _repaired(title: str, done: Findings) -> None:
    if done:
        rows: list[list[markup.Cell]] = [[each["path"], each["words"]] for each in done[:_MOST]]
        st.html(markup.heading(title))
        st.html(markup.table(["file", "done"], rows))


def _remedy(words: str) -> Markup:
    """As a page says it: the button's name, and verbs as code."""
    parts = words.replace("--repair", "Repair").split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else markup.esc(part)
        for number, part in enumerate(parts)
    )


def _listed(bad: Findings) -> None:
    if not bad:
        return
    rows: list[list[markup.Cell]] = [
        [each["path"], markup.chip("bad", each["state"]), each["harm"], _remedy(each["remedy"])]
        for each in bad[:_MOST]
    ]
    st.html(markup.heading("What is wrong", "the first 200" if len(bad) > _MOST else ""))
    st.html(markup.table(["file", "state", "what that harms", "what helps"], rows))
