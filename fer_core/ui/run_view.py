"""One run, live: state, where it is, curves, epochs, log. Reads the run's files again while it works."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from fer_core.charts.learning import learning_curve
from fer_core.evaluation.report import gap_verdict
from fer_core.runs.run import Run, best_epoch
from fer_core.ui import html, live, run_controls, style
from fer_core.ui.faces import each

_COLUMNS = {
    "epoch": "epoch",
    "loss": "loss",
    "accuracy": "accuracy",
    "val_loss": "val loss",
    "val_accuracy": "val accuracy",
    "learning_rate": "learning rate",
    "seconds": "seconds",
}


def draw(run: Run) -> None:
    """The run as it is now; while it works, again every second."""
    if run.active:
        _live(run)
    else:
        _show(run)


@st.fragment(run_every=0.8)
def _live(run: Run) -> None:
    if not run.active:
        st.rerun(scope="app")
    _show(run)


def _show(run: Run) -> None:
    state, reason = run.status()
    metrics = run.metrics()
    last_rows = each(metrics)
    best = best_epoch(last_rows)
    with st.container(border=True):
        _head(run, state, reason, best, last_rows)
        if len(metrics):
            left, right = st.columns(2)
            planned = int(run.info.get("planned_epochs") or len(metrics))
            for place, measure in ((left, "accuracy"), (right, "loss")):
                with place:
                    chart = learning_curve(
                        metrics,
                        measure,
                        best_epoch=int(best["epoch"]) if best else None,
                        epochs=planned if state in ("running", "stopping", "pausing") else None,
                        dark=style.is_dark(),
                    )
                    st.altair_chart(chart, theme=None, key=f"curve-{run.id}-{measure}")
        elif state in ("starting", "running"):
            st.html('<p class="fer-muted">The first epoch has not ended yet.</p>')
    run_controls.advice(run, state, last_rows)
    if len(metrics):
        _epochs(metrics, best)
    log = run.log_tail(14)
    if log:
        with st.container(border=True):
            st.html(html.heading("Log", "last lines") + f'<pre class="fer-log">{html.esc(log)}</pre>')


def _head(run: Run, state: str, reason: str, best: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    chips = [live.state_chip(state, reason)]
    if best:
        train, val = float(best["accuracy"]), float(best["val_accuracy"])
        word, gap = gap_verdict(train, val), 100 * (train - val)
        verdict: html.Verdict = "good" if word == "healthy" else "look" if gap < 15 else "bad"
        chips.append(
            html.chip(
                verdict,
                f"{word}, gap {gap:+.1f}",
                "train minus validation accuracy at the best epoch, in points",
            )
        )
    title, buttons = st.columns([3, 1.6], vertical_alignment="center")
    with title:
        st.html(
            html.heading(
                run.id, f"{run.dataset}, version {run.info.get('version_number', run.version[:6])}", *chips
            )
        )
    with buttons:
        run_controls.draw(run, state)
    if reason:
        st.error(reason, icon=":material/error:")
    st.html(_line(run, state, best, rows))


def _line(run: Run, state: str, best: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The numbers of the moment in one line, and the bar."""
    progress, info = run.progress, run.info
    planned = int(info.get("planned_epochs") or 0)
    parts = [f"<b>epoch {int(progress.get('epoch') or len(rows))}</b> of {planned}"]
    if state in ("running", "stopping", "pausing") and progress.get("eta_seconds"):
        parts.append(f"{html.duration(float(progress['eta_seconds']))} left")
    if best:
        parts.append(f"best {best['val_accuracy']:.3f} at {best['epoch']}")
    if rows:
        parts.append(f"{rows[-1]['images_per_second']:,.0f} images/s")
        parts.append(f"learning rate {rows[-1]['learning_rate']:.2g}")
    if info.get("parameters"):
        parts.append(f"{int(info['parameters']):,} parameters")
    if info.get("device"):
        parts.append(html.esc(info["device"]))
    share = 1.0 if state == "finished" else live.share(progress)
    return f'<p class="fer-note">{" · ".join(parts)}</p>{html.progress(share)}'


def _epochs(metrics: pd.DataFrame, best: dict[str, Any]) -> None:
    newest = metrics.iloc[::-1].head(8)
    body: list[list[html.Cell]] = [
        [
            int(r["epoch"]),
            *(f"{r[c]:.4f}" for c in ("loss", "accuracy", "val_loss", "val_accuracy")),
            f"{r['learning_rate']:.2e}",
            f"{r['seconds']:.1f}",
        ]
        for r in each(newest)
    ]
    epochs = [int(e) for e in newest["epoch"]]
    marked = epochs.index(int(best["epoch"])) if best and int(best["epoch"]) in epochs else None
    with st.container(border=True):
        st.html(
            html.heading("Epochs", f"last {len(body)} of {len(metrics):,}; best marked")
            + html.table(list(_COLUMNS.values()), body, numeric=range(7), current=marked, caption="Epochs")
        )
