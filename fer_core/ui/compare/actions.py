"""What can be done on the Compare page: show test results, evaluate on a version, keep notes, export, put away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from fer_core import jobs
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.evaluation import ledger, scores
from fer_core.evaluation.leaderboard import LeaderboardRow
from fer_core.evaluation.ranking import Ranking
from fer_core.jobs.tasks import Evaluate
from fer_core.reports import comparison_page, document, model_card, production
from fer_core.reports.table_text import as_text
from fer_core.runs import run_annotations
from fer_core.runs.run import Run
from fer_core.ui.components import markup, messages
from fer_core.ui.components.leaderboard_table import Line
from fer_core.ui.shell import job_progress, page, run_snapshots

_SHOWN = "cmp-test-shown"  # (run, version) whose test result this session has asked for
COMMON = "cmp-common"
"""Key of the switch that ranks all runs on the images none has learned from."""


def shown(version: str) -> set[str]:
    """Runs whose test result on this version the session has asked to see."""
    return {run for run, where in st.session_state.get(_SHOWN, set()) if where == version}


def ask_for_test(runs: Sequence[Run], version: str) -> None:
    """The button that shows test results, and what pressing it means."""
    hidden = [run for run in runs if run.id not in shown(version)]
    if not hidden:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(
            '<p class="fer-note"><b>Test results are hidden.</b> Looking is written to the ledger; '
            "whatever is trained or resumed afterwards counts as tuned after seeing test.</p>"
        )
        if st.button(
            f"Show test results of {markup.plural(len(hidden), 'run')}",
            icon=":material/visibility:",
            key="cmp-look",
        ):
            _look(hidden, version)
            st.rerun()


def _look(runs: Sequence[Run], version: str) -> None:
    asked = st.session_state.setdefault(_SHOWN, set())
    bar = st.progress(0.0, "Reading the test predictions")
    for done, run in enumerate(runs, 1):
        try:
            scores.read_scores(run, ledger.HELD, via="page", version=version)
            asked.add((run.id, version))
        except FerError:
            pass  # the leaderboard says of every run why it is not ranked
        bar.progress(done / len(runs), f"{run.id}")
    bar.empty()


def evaluate_elsewhere(
    workspace: Workspace, runs: Sequence[Run], version: str, number: int, images: str
) -> None:
    """Offer to judge runs of other versions with all others on the clean part of this one they have in common.

    They are asked for their predictions by jobs; those at work are shown. What anybody earned so far stays as it is.

    Args:
        runs: that have no predictions for the version.
        version, number: what the others are judged on.
        images: what its split is called.
    """
    tasks = [Evaluate(run.id, version) for run in runs]
    busy = [job_progress.job_card(jobs.latest(workspace, task)) for task in tasks]
    if not runs or any(busy):
        return

    def judge_all() -> None:
        st.session_state[COMMON] = True
        for task in tasks:
            jobs.start(workspace, task, title=f"{task.title} on v{number}")

    said = markup.plural(len(runs), "run")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            f'<p class="fer-muted">{said} of other versions, with what they earned there in gray: other images, so no rank. '
            "To be ranked they answer these images; nobody's own figures change.</p>"
        )
        st.button(
            f"Judge all on a common clean {images} part",
            key="cmp-evaluate",
            icon=":material/sync:",
            on_click=judge_all,
            help=f"{said} are asked for version {number}; ranks are then by the images that no run has learned from",
        )


def export(
    lines: Sequence[Line], columns: Sequence[Any], title: str, picked: Sequence[Run], split: str, version: str
) -> None:
    """Download the leaderboard as it stands: CSV, Markdown, LaTeX, and an HTML report.

    Args:
        lines, columns: as they are on screen.
        title: of the report.
        picked: the chosen runs, A first.
        split, version: they are judged by.
    """
    rows = []
    for line in lines:
        ends = line.cells["interval"].ends
        rows.append(
            {
                "rank": line.cells["rank"].text,
                "run": line.id,
                "name": line.name,
                "accuracy": line.cells["accuracy"].text,
                "low": ends[0] if ends else None,
                "high": ends[2] if ends else None,
                **{c.label: line.cells[c.key].text if c.key in line.cells else "" for c in columns},
            }
        )
    table = pd.DataFrame(rows)
    for kind, suffix, mime in (
        ("csv", "csv", "text/csv"),
        ("markdown", "md", "text/markdown"),
        ("latex", "tex", "text/plain"),
    ):
        st.download_button(
            {"csv": "CSV", "markdown": "Markdown", "latex": "LaTeX"}[kind],
            partial(as_text, table, kind),
            f"leaderboard.{suffix}",
            mime,
            key=f"cmp-export-{kind}",
            width="stretch",
            on_click="ignore",
        )
    st.download_button(
        "HTML report",
        lambda: _report(table, title, picked, split, version),
        "comparison.html",
        "text/html",
        key="cmp-export-html",
        width="stretch",
        on_click="ignore",
        help="The leaderboard with bars; of two chosen runs also verdict, confusion and what differs",
    )


def _report(table: pd.DataFrame, title: str, picked: Sequence[Run], split: str, version: str) -> str:
    """The comparison as one HTML file."""
    shares = pd.to_numeric(table["accuracy"].str.partition(" ")[0], errors="coerce")
    board = table.assign(accuracy=shares)
    return comparison_page.of_runs(title, "Accuracy at the best epoch.", board, picked, split, version)


def about(run: Run, row: LeaderboardRow) -> None:
    """Note, tags, model card, promote, archive and delete for one run."""
    with st.container(border=True):
        st.html(markup.heading(f"Keep {run_snapshots.title(run)}", "note, tags, and what becomes of it"))
        left, right = st.columns([1.6, 1], gap="medium")
        with left:
            note = st.text_area(
                "Note",
                row["note"],
                key=f"cmp-note-{run.id}",
                height=80,
                placeholder="What was tried, and why",
            )
            tags = st.multiselect(
                "Tags", row["tags"], row["tags"], key=f"cmp-tags-{run.id}", accept_new_options=True
            )
            if note != row["note"] or sorted(tags) != sorted(row["tags"]):
                run_annotations.annotate(run, note=note, tags=tags)
                st.rerun()
        with right:
            _buttons(run, row)


def promote(run: Run, row: LeaderboardRow) -> None:
    """The button that lets its model answer on Try it."""
    has_model = (run.folder / "model.onnx").is_file()
    if row["promoted"]:
        st.html(markup.chip("good", "answers on Try it"), width="content")
    elif st.button(
        "Use it on Try it",
        icon=":material/rocket_launch:",
        type="primary",
        disabled=not has_model,
        key="cmp-promote",
        help=None if has_model else "It has no exported model",
    ):
        run_annotations.promote(run)
        messages.toast(f"Run {run_snapshots.title(run)} answers on Try it.")
        st.rerun()


def _buttons(run: Run, row: LeaderboardRow) -> None:
    st.download_button(
        "Model card", lambda: document.markdown(model_card.card(run, row)), f"{run.id}.md", "text/markdown",
        icon=":material/description:",
        key="cmp-card", width="stretch", on_click="ignore",
    )  # fmt: skip
    st.download_button(
        "Production page", lambda: document.html(production.page(run, row)), f"{run.id}-production.html", "text/html",
        icon=":material/policy:", key="cmp-production", width="stretch", on_click="ignore",
        help="What to know, to watch and to say before its model is put to use",
    )  # fmt: skip
    put = "Bring back" if row["archived"] else "Archive"
    if st.button(put, icon=":material/archive:", key="cmp-archive", width="stretch", disabled=run.active):
        run_annotations.annotate(run, archived=not row["archived"])
        messages.toast(f"{run.id} is {'back' if row['archived'] else 'archived; the filter shows it again'}.")
        st.rerun()
    if st.button("Delete", icon=":material/delete:", key="cmp-delete", width="stretch", disabled=run.active):
        _ask(run)


@st.dialog("Delete this run?")
def _ask(run: Run) -> None:
    st.write(
        f"{run.id} leaves the list. Its files are moved to models/deleted, from where they can be taken back by hand."
    )
    if st.button("Delete it", type="primary", key="cmp-delete-yes"):
        try:
            run_annotations.delete(run)
        except FerError as error:
            page.show_error(error)
            return
        st.session_state["cmp-picked"] = [
            name for name in st.session_state.get("cmp-picked", []) if name != run.id
        ]
        st.rerun()


def common_part(ranked: Ranking, common: bool) -> None:
    """Say who is judged on a part of its own, and offer to rank all on the part they have in common."""
    if not ranked.apart and not common:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if common:
            words = (
                f"Ranked on the {ranked.images:,} of {ranked.whole:,} images that no run has learned from."
            )
        else:
            who = "1 run has" if ranked.apart == 1 else f"{ranked.apart:,} runs have"
            words = (
                f"{who} learned from some of these images: judged on the others alone (n), without a rank."
            )
        st.html(f'<p class="fer-muted">{words}</p>')
        st.toggle("Rank all on their common part", key=COMMON)
