"""The card of checks: what is found, how bad it is, and the way to the faces."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from fer_core import jobs
from fer_core.checks import checks
from fer_core.jobs.tasks import Check
from fer_core.mislabels.summary import wrong_level
from fer_core.splits.conflicts import LabelConflicts
from fer_core.ui.components import links, markup
from fer_core.ui.explore import cached_facts
from fer_core.ui.explore.state import CHECK_FLAGS, FLAG_WORDS, Explorer, shown
from fer_core.ui.shell import job_progress, near_copies

_PAGES = {"duplicates": "pages/data/duplicates.py", "mislabels": "pages/data/mislabels.py"}
_LEAVE = "exp-leave"


def card(explorer: Explorer) -> None:
    """Every check with its count, a verdict, and "see"."""
    with st.container(border=True, key="exp-checks-card"):
        st.html(markup.heading("Checks", f"{len(explorer.facts):,} files"))
        links.draw(_table(explorer), key="exp-checks", on_go=lambda where: _go(explorer, where))
        if page := st.session_state.pop(_LEAVE, None):
            st.switch_page(_PAGES[page])
        if not explorer.checks_known:
            _job(explorer)
        if not near_copies.known(explorer.scope).complete:
            near_copies.offer(explorer.scope, key="exp-near-copies")


def _go(explorer: Explorer, where: str) -> None:
    kind, _, name = where.partition("|")
    if kind == "page":
        st.session_state[_LEAVE] = name
        return
    order = f"{name}_score" if name in CHECK_FLAGS else "label_score" if name == "likely_wrong" else "path"
    order = "agreement" if name == "humans_disagree" else order
    explorer.show(shown(flags=(name,), order=order), view="Faces")


def _table(explorer: Explorer) -> str:
    facts = explorer.facts
    total = max(int(facts.readable.sum()), 1)
    rows: list[list[markup.Cell]] = []

    def see(flag: str, found: int) -> markup.Cell:
        return links.go("see ›", f"see|{flag}", f"See the faces: {FLAG_WORDS[flag]}") if found else ""

    def row(name: str, flag: str, found: int, unit: str, chip: Markup, title: str = "") -> None:
        named = Markup(f'<span title="{markup.esc(title)}">{markup.esc(name)}</span>') if title else name
        rows.append([named, f"{found:,} {unit}".strip(), chip, see(flag, found)])

    leaks = near_copies.known(explorer.scope)
    seen = see("copy_across_splits", leaks.total.copies)
    copies = f"{leaks.total.copies:,} pairs" if leaks.total.copies or not leaks.missing else "–"
    named = Markup(f'<span title="{markup.esc(leaks.sentence)}">copies across splits</span>')
    rows.append([named, copies, near_copies.chip(leaks), seen])
    two = cached_facts.conflicts(explorer.scope.dataset, explorer.scope.version.id)
    how = (
        "near and mirrored copies too"
        if two.compared
        else "equal pixels alone; near copies are not compared yet"
    )
    named = Markup(f'<span title="{markup.esc(how)}">same picture, two labels</span>')
    groups = f"{two.groups:,} groups" if two.groups or two.compared else "–"
    rows.append([named, groups, _conflict(two), see("copy_other_label", two.groups)])
    if "likely_wrong" in explorer.flags():
        wrong = int(facts.flag("likely_wrong").sum())
        chip = markup.chip(wrong_level(wrong, total), f"{wrong / total:.1%}")
        row("wrong labels, likely", "likely_wrong", wrong, "", chip)
    else:
        rank = links.go("rank ›", "page|mislabels", "Rank the labels on Wrong labels")
        rows.append(["wrong labels", "–", markup.chip("none", "not ranked"), rank])
    if facts.has_votes:
        differ = int(facts.flag("humans_disagree").sum())
        row("humans disagree", "humans_disagree", differ, "", _share(differ, total),
            "No emotion got more than half of the votes")  # fmt: skip
    for check in checks.CHECKS if explorer.checks_known else ():
        found = int(facts.flag(check.name).sum())
        row(check.title.lower(), check.name, found, "", _share(found, total),
            f"{check.description}; score below {check.threshold:g}")  # fmt: skip
    if bare := int(facts.flag("unlabelled").sum()):
        row("no emotion", "unlabelled", bare, "pictures", markup.chip("none", "left out of the classes"),
            "What the set itself calls none, uncertain or no face: kept, in no class")  # fmt: skip
    broken = int(facts.flag("unreadable").sum())
    row("unreadable", "unreadable", broken, "files" if broken else "", _share(broken, len(facts)))
    return markup.table(["check", "found", "verdict", ""], rows, numeric=[1, 3], caption="Checks")


def _conflict(found: LabelConflicts) -> Markup:
    if found.groups:
        return markup.chip("bad", "conflict")
    return markup.chip("good", "OK") if found.compared else markup.chip("none", "not compared yet")


def _share(found: int, total: int) -> Markup:
    """A verdict on pictures that are seldom a fault of the set while they are few."""
    share, level = found / max(total, 1), checks.severity(found, total)
    if level == "warn":
        return markup.chip("warn", "check", f"{share:.2%} of all")
    return markup.chip(level, f"{share:.1%}" if found else "OK")


def _job(explorer: Explorer) -> None:
    """Measure many pictures: a job that is followed here."""
    task = Check(explorer.scope.dataset.name, explorer.scope.version.id)
    if job_progress.job_card(jobs.latest(explorer.scope.workspace, task), "Checking the pictures"):
        return
    left = explorer.facts.unmeasured()
    st.html(
        f'<p class="fer-muted">Dark, bright, blurry, blank and odd pictures are not known yet: '
        f"{left:,} are to be measured, about {markup.duration(max(left / 6000, 1))}.</p>"
    )
    if st.button("Run the checks", type="primary", icon=":material/fact_check:", key="exp-run-checks"):
        jobs.start(explorer.scope.workspace, task)
        st.rerun()
