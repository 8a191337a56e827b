"""The card of checks: what is found, how bad it is, and the way to the faces."""

from __future__ import annotations

import streamlit as st

from fer_core import jobs
from fer_core.quality import checks
from fer_core.ui import html, links, live
from fer_core.ui.explore_desk import CHECK_FLAGS, FLAG_WORDS, Desk, shown

_FEW = 0.01
_PAGES = {"duplicates": "pages/data/duplicates.py", "mislabels": "pages/data/mislabels.py"}
_LEAVE = "exp-leave"


def card(desk: Desk) -> None:
    """Every check with its count, a verdict, and "see"."""
    with st.container(border=True, key="exp-checks-card"):
        st.html(html.heading("Checks", f"{len(desk.facts):,} files"))
        links.draw(_table(desk), key="exp-checks", on_go=lambda where: _go(desk, where))
        if page := st.session_state.pop(_LEAVE, None):
            st.switch_page(_PAGES[page])
        if not desk.checks_known:
            _job(desk)


def _go(desk: Desk, where: str) -> None:
    kind, _, name = where.partition("|")
    if kind == "page":
        st.session_state[_LEAVE] = name
        return
    order = f"{name}_score" if name in CHECK_FLAGS else "label_score" if name == "likely_wrong" else "path"
    order = "agreement" if name == "humans_disagree" else order
    desk.show(shown(flags=(name,), order=order), view="Faces")


def _table(desk: Desk) -> str:
    facts = desk.facts
    total = max(int(facts.readable.sum()), 1)
    rows: list[list[html.Cell]] = []

    def see(flag: str, found: int) -> html.Cell:
        return links.go("see ›", f"see|{flag}", f"See the faces: {FLAG_WORDS[flag]}") if found else ""

    def row(name: str, flag: str, found: int, unit: str, chip: html.Raw, title: str = "") -> None:
        named = html.Raw(f'<span title="{html.esc(title)}">{html.esc(name)}</span>') if title else name
        rows.append([named, f"{found:,} {unit}".strip(), chip, see(flag, found)])

    copies = facts.copies
    across, two = copies["groups_across_splits"], copies["groups_with_two_labels"]
    row("copies across splits", "copy_across_splits", across, "groups", _verdict(across, "leak"),
        "Equal pixels in more than one split")  # fmt: skip
    row("same picture, two labels", "copy_other_label", two, "groups", _verdict(two, "conflict"))
    if "likely_wrong" in desk.flags():
        wrong = int(facts.flag("likely_wrong").sum())
        share = wrong / total
        chip = html.chip("bad" if share > 0.02 else "look" if wrong else "good", f"{share:.1%}")
        row("wrong labels, likely", "likely_wrong", wrong, "", chip)
    else:
        rank = links.go("rank ›", "page|mislabels", "Rank the labels on Wrong labels")
        rows.append(["wrong labels", "–", html.chip("none", "not ranked"), rank])
    if facts.has_votes:
        differ = int(facts.flag("humans_disagree").sum())
        row("humans disagree", "humans_disagree", differ, "", _share(differ, total),
            "No emotion got more than half of the votes")  # fmt: skip
    for check in checks.CHECKS if desk.checks_known else ():
        found = int(facts.flag(check.name).sum())
        row(check.title.lower(), check.name, found, "", _share(found, total),
            f"{check.words}; score below {check.threshold:g}")  # fmt: skip
    broken = len(facts) - int(facts.readable.sum())
    row("unreadable", "unreadable", broken, "files" if broken else "", _share(broken, len(facts)))
    return html.table(["check", "found", "verdict", ""], rows, numeric=[1, 3], caption="Checks")


def _verdict(found: int, word: str) -> html.Raw:
    return html.chip("bad", word) if found else html.chip("good", "none")


def _share(found: int, total: int) -> html.Raw:
    """A verdict on pictures that are seldom a fault of the set while they are few."""
    share = found / max(total, 1)
    if not found:
        return html.chip("good", "none")
    return (
        html.chip("look", "look", f"{share:.2%} of all") if share < _FEW else html.chip("bad", f"{share:.1%}")
    )


def _job(desk: Desk) -> None:
    """Measure many pictures: a job that is followed here."""
    args = ["check", desk.scope.dataset.name, "--version", desk.scope.version.id]
    running = next((j for j in jobs.recent(desk.scope.workspace) if j.args == args), None)
    if running is not None and running.state == "running":
        _follow(running)
        return
    if running is not None and running.state in {"failed", "lost"}:
        st.error(running.error, icon=":material/error:")
    left = desk.facts.unmeasured()
    st.html(
        f'<p class="fer-muted">Dark, bright, blurry, blank and odd pictures are not known yet: '
        f"{left:,} are to be measured, about {html.duration(max(left / 6000, 1))}.</p>"
    )
    if st.button("Run the checks", type="primary", icon=":material/fact_check:", key="exp-run-checks"):
        jobs.start(desk.scope.workspace, args, title=f"Checking {desk.scope.dataset.name}")
        st.rerun()


@st.fragment(run_every=1)
def _watch(job: jobs.Job) -> None:
    if job.state != "running":
        st.rerun()
    live.job_progress(job, "Checking the pictures")


def _follow(job: jobs.Job) -> None:
    _watch(job)
    if st.button("Stop", key="exp-stop-checks"):
        job.stop()
        st.rerun()
