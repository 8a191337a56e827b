"""The leak table, and what leaks did to the score of a finished run."""

from __future__ import annotations

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.duplicates.exact import DuplicateGroups
from fer_core.duplicates.leakage import leak_table
from fer_core.evaluation import ledger
from fer_core.evaluation.leakage.leak_cost import LeakCost, leak_cost, leaked_images
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.splits.leaks import Leaks
from fer_core.ui.components import markup, tables
from fer_core.ui.duplicates import cached_groups, threshold
from fer_core.ui.shell import near_copies, page, run_snapshots


def card(scope: page.Scope, groups: DuplicateGroups, known: Leaks) -> None:
    """Groups that two splits share, what is known about leaks, and the leak cost of a run on this dataset."""
    with st.container(border=True):
        table = leak_table(groups)
        words = tables.leaks(table) if len(table) else ""
        words += f'<p class="fer-muted">{markup.esc(known.sentence)}</p>'
        st.html(markup.heading("Leak table", "groups two splits share", near_copies.chip(known)) + words)
        runs = {
            run.id: run
            for run in store.list_runs(scope.workspace)
            if run.dataset == scope.dataset.name and run.state in {"finished", "stopped"}
        }
        if not runs:
            st.html(
                '<p class="fer-muted">Cost of leaks: shown once a run is trained on this version, as its score without them.</p>'
            )
            return
        chosen = st.selectbox(
            "Leak cost of run",
            list(runs),
            format_func=lambda one: run_snapshots.title(runs[one]),
            key="dup-run",
        )
        run = runs[chosen]
        st.html("".join(_line(split, cost) for split, cost in _costs(scope, run).items()))


def _costs(scope: page.Scope, run: Run) -> dict[str, LeakCost]:
    """Leak cost per split the run has predictions for, with the copies of the version it was trained on."""
    result = {}
    read = {(look["run"], look["version"]) for look in ledger.reads(scope.workspace)}
    for split in ("val", "test"):
        if split == ledger.HELD and (run.id, run.version) not in read:
            continue  # a test result is shown only where somebody has asked for it on Compare
        try:
            predictions = run.predictions(split)
            table = cached_groups.copy_groups(scope.dataset, run.version, threshold.distance()).table
            result[split] = leak_cost(predictions, leaked_images(table, split))
        except FerError:
            continue  # no such split, or its version is gone
    return result


def _line(split: str, cost: LeakCost) -> str:
    share = f"{cost['leaked']:,} of {cost['images']:,}"
    if cost["without"] is None or cost["interval"] is None:
        return f'<p class="fer-note"><b>{markup.esc(split)}</b>: accuracy {cost["accuracy"]:.3f}; {share} leaked</p>'
    low, high = cost["interval"]
    return (
        f'<p class="fer-note"><b>{markup.esc(split)}</b>: accuracy {cost["accuracy"]:.3f} with, {cost["without"]:.3f} without '
        f"the {share} that have a copy in train. Difference {cost['difference']:+.3f} "
        f'<span class="fer-muted">[{low:+.3f}, {high:+.3f}]</span></p>'
    )
