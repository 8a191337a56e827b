"""The curves of a run, with those of other runs behind them, and recall by class."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import streamlit as st

from fer_core.charts import curves
from fer_core.emotions import colors
from fer_core.ui import html, run_data, style
from fer_core.ui.run_data import Look

_ARROW = 0.01  # recall moved by less is level
_BACK = 5  # epochs
_MOST = 3


def draw(look: Look, looks: Sequence[Look]) -> None:
    """Accuracy and loss, then gap and learning rate, then the choice of runs to hold it against."""
    dark = style.is_dark()
    if not look.rows:
        words = {"queued": "It begins when those before it have ended.", "starting": "Starting.",
                 "running": "The first epoch has not ended yet."}.get(look.state, "No epoch has ended.")  # fmt: skip
        st.html(f'<p class="fer-muted">{words}</p>')
        return
    figures = st.container()
    others = _others(look, looks)
    best = int(look.best["epoch"]) if look.best else None
    planned = look.planned if look.state != "finished" else None
    forked = int(look.info.get("forked_at") or 0) or None
    with figures:
        _figures(look, others, best, forked, planned, dark)


def _figures(
    look: Look,
    others: dict[str, list[run_data.Row]],
    best: int | None,
    forked: int | None,
    planned: int | None,
    dark: bool,
) -> None:
    key = look.id
    for place, measure in zip(st.columns(2), ("accuracy", "loss"), strict=True):
        with place:
            st.html(f'<p class="fer-axis">{measure}</p>')
            spec = curves.curve(
                look.rows, measure, best=best, forked_at=forked, others=others, planned=planned, dark=dark
            )
            st.vega_lite_chart(spec=spec, theme=None, key=f"curve-{key}-{measure}")
    left, right = st.columns(2)
    with left:
        st.html('<p class="fer-axis">gap: train minus validation accuracy, points; 0 to 5 is healthy</p>')
        st.vega_lite_chart(
            spec=curves.gap_curve(look.rows, planned=planned, dark=dark), theme=None, key=f"curve-{key}-gap"
        )
    with right:
        st.html('<p class="fer-axis">learning rate</p>')
        st.vega_lite_chart(
            spec=curves.rate_curve(look.rows, planned=planned, dark=dark), theme=None, key=f"curve-{key}-rate"
        )


def _others(look: Look, looks: Sequence[Look]) -> dict[str, list[run_data.Row]]:
    """The runs somebody wants to see behind this one; of a fork, at first the run it branches off from."""
    choice = {
        one.id: one for one in looks if one.rows and one.id != look.id and one.run.dataset == look.run.dataset
    }
    if not choice:
        return {}
    parent = look.info.get("forked_from")
    chosen = st.multiselect(
        "Curves of other runs",
        list(choice),
        default=[parent] if parent in choice else [],
        format_func=lambda name: f"run {choice[name].title} · {choice[name].best.get('val_accuracy', 0):.3f}",
        key=f"overlay-{look.id}",
        max_selections=_MOST,
        placeholder="Draw an earlier run behind these curves",
        label_visibility="collapsed",
    )
    return {f"run {run_data.number(name)}": choice[name].rows for name in chosen}


def recall_card(look: Look) -> str:
    """Recall of each class now and how it came there, as HTML; "" where nobody measured it."""
    told = [(int(r["epoch"]), r["val_recall"]) for r in look.rows if isinstance(r.get("val_recall"), dict)]
    aside = f"validation, epoch {told[-1][0]:,}" if told else "validation, best epoch"
    history = [found for _, found in told]
    if not history and (stored := _evaluated(look)):
        history = [stored]
    if not history:
        return ""
    return html.heading("Recall by class", aside) + recall_bars(history)


def _evaluated(look: Look) -> dict[str, float | None]:
    """Recall by class from the evaluation of a run that has ended."""
    found = look.run.evaluation().get("splits", {}).get("val", {}).get("per_class", {})
    return {str(n): (float(row["recall"]) if row.get("support") else None) for n, row in found.items()}


def recall_bars(history: Sequence[dict[str, float | None]]) -> str:
    """One row per class, the best recognised first: bar, trend over the epochs, value and where it is going."""
    now = {name: value for name, value in history[-1].items() if value is not None}
    palette = colors(history[-1])
    rows = []
    for name, value in sorted(now.items(), key=lambda item: -item[1]):
        past = [found[name] for found in history if found.get(name) is not None]
        moved = value - (past[-1 - _BACK] if len(past) > _BACK else past[0])  # type: ignore[operator]
        sign, word = (
            ("▲", "rising") if moved > _ARROW else ("▼", "falling") if moved < -_ARROW else ("", "level")
        )
        rows.append(
            f"<span>{html.esc(name)}</span>"
            f'<span class="fer-bar" role="img" aria-label="{html.esc(name)}: {value:.0%} recognised, {word}">'
            f'<i style="width:{max(value, 0.004):.1%};background:{palette[name]}"></i></span>'
            f"{_trend(past, palette[name])}"  # type: ignore[arg-type]
            f'<span class="num">{value:.2f}<i class="fer-way" title="{word} over the last {_BACK} epochs">{sign}</i></span>'
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
