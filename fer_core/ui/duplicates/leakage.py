"""The leak table, and what leaks did to the score of a finished run."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fer_core.errors import FerError
from fer_core.evaluation import ledger
from fer_core.evaluation.leak_cost import leak_cost, leaked_images
from fer_core.quality.duplicates import Groups
from fer_core.quality.leakage import leak_table
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.ui import copies_cache, copies_dial, html, page, tables


def card(scope: page.Scope, groups: Groups) -> None:
    """Groups that two splits share, and the leak cost of a run on this dataset."""
    with st.container(border=True):
        table = leak_table(groups)
        words = tables.leaks(table) if len(table) else '<p class="fer-muted">No copies, so no leaks.</p>'
        st.html(html.heading("Leak table", "groups two splits share") + words)
        runs = {
            run.id: run
            for run in store.list_runs(scope.workspace)
            if run.dataset == scope.dataset.name and run.state in {"finished", "stopped"}
        }
        if not runs:
            st.html(
                '<p class="fer-muted">Leak cost: train a run, and its score without leaks stands here.</p>'
            )
            return
        run = runs[st.selectbox("Leak cost of run", list(runs), key="dup-run")]
        st.html("".join(_line(split, cost) for split, cost in _costs(scope, run).items()))


def _costs(scope: page.Scope, run: Run) -> dict[str, dict[str, Any]]:
    """Leak cost per split the run has predictions for, with the copies of the version it was trained on."""
    result = {}
    read = {(look["run"], look["version"]) for look in ledger.reads(scope.workspace)}
    for split in ("val", "test"):
        if split == ledger.HELD and (run.id, run.version) not in read:
            continue  # a test result is shown only where somebody has asked for it on Compare
        try:
            predictions = run.predictions(split)
            table = copies_cache.groups(scope.dataset, run.version, copies_dial.distance()).table
            result[split] = leak_cost(predictions, leaked_images(table, split))
        except FerError:
            continue  # no such split, or its version is gone
    return result


def _line(split: str, cost: dict[str, Any]) -> str:
    share = f"{cost['leaked']:,} of {cost['images']:,}"
    if cost["without"] is None:
        return f'<p class="fer-note"><b>{html.esc(split)}</b>: accuracy {cost["accuracy"]:.3f}; {share} leaked</p>'
    low, high = cost["interval"]
    return (
        f'<p class="fer-note"><b>{html.esc(split)}</b>: accuracy {cost["accuracy"]:.3f} with, {cost["without"]:.3f} without '
        f"the {share} that have a copy in train. Difference {cost['difference']:+.3f} "
        f'<span class="fer-muted">[{low:+.3f}, {high:+.3f}]</span></p>'
    )
