"""The curves of a run, with those of other runs behind them, and recall by class."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import streamlit as st

from fer_core.base.emotions import emotion_colors
from fer_core.charts import curves
from fer_core.evaluation import advice
from fer_core.runs.records import Epoch
from fer_core.ui.components import markup, style
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import first_epoch

_SIGNS = {"rising": "▲", "falling": "▼", "level": ""}
_MOST = 3
_SMOOTHING = {0.0: "off", 0.6: "some", 0.9: "much"}


def draw(snapshot: RunSnapshot, snapshots: Sequence[RunSnapshot]) -> None:
    """Accuracy and loss, then gap and learning rate, then how they are drawn and with which runs behind them."""
    dark = style.is_dark()
    if not snapshot.rows:
        first_epoch.draw(snapshot, dark)
        return
    figures = st.container()
    others = _others(snapshot, snapshots)
    with figures:
        _figures(snapshot, others, dark)


def _shape() -> tuple[float, bool]:
    """How much the curves are smoothed, and whether the loss is logarithmic; kept for the visit."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        smoothing = st.segmented_control(
            "Smoothing", list(_SMOOTHING), format_func=_SMOOTHING.__getitem__, default=0.0, required=True,
            key="train-smoothing", persist_state="session", width="content",
            help="Moving average of the epochs; what was measured stays behind it, thin, and in the tooltip",
        )  # fmt: skip
        log = st.toggle(
            "Log loss axis",
            key="train-log",
            persist_state="session",
            help="Small losses apart from each other",
        )
    return float(smoothing or 0.0), bool(log)


def _figures(snapshot: RunSnapshot, others: dict[str, list[Epoch]], dark: bool) -> None:
    key = snapshot.id
    best = int(snapshot.best["epoch"]) if snapshot.best else None
    planned = snapshot.planned if snapshot.state != "finished" else None
    forked = int(snapshot.info.get("forked_at") or 0) or None
    smoothing, log = _shape()
    for place, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        with place:
            st.html(f'<p class="fer-axis">{measure}</p>')
            spec = curves.curve(
                snapshot.rows, measure, best=best, forked_at=forked, others=others, planned=planned,
                smoothing=smoothing, log=log and measure == "loss", dark=dark,
            )  # fmt: skip
            st.vega_lite_chart(spec=spec, theme=None, key=f"curve-{key}-{measure}")
    left, right = st.columns(2)
    with left:
        st.html('<p class="fer-axis">gap: train minus validation accuracy, points; 0 to 5 is healthy</p>')
        st.vega_lite_chart(
            spec=curves.gap_curve(snapshot.rows, planned=planned, dark=dark),
            theme=None,
            key=f"curve-{key}-gap",
        )
    with right:
        st.html('<p class="fer-axis">learning rate</p>')
        st.vega_lite_chart(
            spec=curves.rate_curve(snapshot.rows, planned=planned, dark=dark),
            theme=None,
            key=f"curve-{key}-rate",
        )


def _others(snapshot: RunSnapshot, snapshots: Sequence[RunSnapshot]) -> dict[str, list[Epoch]]:
    """The runs somebody wants to see behind this one; of a fork, at first the run it branches off from."""
    choice = {
        one.id: one
        for one in snapshots
        if one.rows and one.id != snapshot.id and one.run.dataset == snapshot.run.dataset
    }
    if not choice:
        return {}
    parent = snapshot.info.get("forked_from")
    chosen = st.multiselect(
        "Curves of other runs",
        list(choice),
        default=[parent] if parent in choice else [],
        format_func=lambda name: f"run {choice[name].title} · {choice[name].best.get('val_accuracy', 0):.3f}",
        key=f"overlay-{snapshot.id}",
        max_selections=_MOST,
        placeholder="Draw an earlier run behind these curves",
        label_visibility="collapsed",
    )
    return {f"run {choice[name].title}": choice[name].rows for name in chosen}


def recall_card(snapshot: RunSnapshot) -> str:
    """Recall of each class now and how it came there, as HTML; "" where nobody measured it."""
    told = [
        (int(r["epoch"]), r["val_recall"]) for r in snapshot.rows if isinstance(r.get("val_recall"), dict)
    ]
    aside = f"validation, epoch {told[-1][0]:,}" if told else "validation, best epoch"
    history = [found for _, found in told]
    if not history and (stored := _evaluated(snapshot)):
        history = [stored]
    if not history:
        return ""
    return markup.heading("Recall by class", aside) + recall_bars(history)


def _evaluated(snapshot: RunSnapshot) -> dict[str, float | None]:
    """Recall by class from the evaluation of a run that has ended."""
    found = snapshot.run.evaluation().get("splits", {}).get("val", {}).get("per_class", {})
    return {str(n): (float(row["recall"]) if row.get("support") else None) for n, row in found.items()}


def recall_bars(history: Sequence[dict[str, float | None]]) -> str:
    """One row per class, the best recognised first: bar, trend over the epochs, value and where it is going."""
    now = {name: value for name, value in history[-1].items() if value is not None}
    palette = emotion_colors(history[-1])
    rows = []
    for name, value in sorted(now.items(), key=lambda item: -item[1]):
        past = [seen for found in history if (seen := found.get(name)) is not None]
        word = advice.trend(past)
        tip = f"{word} over the last {advice.TREND_EPOCHS} epochs"
        rows.append(
            f"<span>{markup.esc(name)}</span>"
            f'<span class="fer-bar" role="img" aria-label="{markup.esc(name)}: {value:.0%} recognised, {word}">'
            f'<i style="width:{max(value, 0.004):.1%};background:{palette[name]}"></i></span>'
            f"{_trend(past, palette[name])}"
            f'<span class="num">{value:.2f}<i class="fer-way" title="{tip}">{_SIGNS[word]}</i></span>'
        )
    return f'<div class="fer-bars fer-recall">{"".join(rows)}</div>'


def _trend(values: Sequence[float], color: str) -> str:
    """A small line of a value between 0 and 1."""
    if len(values) < 2:
        return "<span></span>"
    step = 60 / (len(values) - 1)
    points = " ".join(f"{i * step:.1f},{17 - 16 * v:.1f}" for i, v in enumerate(values))
    # As a picture, because inline SVG does not survive `st.html`.
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 18">'
        f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6"/></svg>'
    )
    return f'<img class="fer-trend" role="presentation" alt="" src="data:image/svg+xml,{quote(drawn)}">'
