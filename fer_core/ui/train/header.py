"""The head of a run: what it is, how it does, and where it is, in one line of numbers and a bar."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median, stdev

import streamlit as st

from fer_core.evaluation.report import gap_verdict
from fer_core.training import advice
from fer_core.ui import html, live, run_controls, run_data
from fer_core.ui.run_data import Look


def draw(look: Look, looks: Sequence[Look]) -> None:
    """Title, verdicts, buttons, numbers and bar."""
    title, buttons = st.columns([1.1, 1], vertical_alignment="center")
    version = look.info.get("version_number") or look.run.version[:6]
    with title:
        st.html(
            html.heading(
                "Run " + look.title.replace(" ", " · ", 1), f"{look.run.dataset}, version {version}",
                live.state_chip(look.state, look.reason), *gap_chip(look),
            )
        )  # fmt: skip
    with buttons:
        run_controls.draw(look)
    st.html(_line(look) + html.progress(_share(look)))
    if told := _experiment(run_data.siblings(looks, look)):
        st.html(told)


def gap_chip(look: Look) -> list[html.Raw]:
    """The verdict on train minus validation accuracy at the best epoch; [] while it is too early for one."""
    if not look.best or (look.works and len(look.rows) < advice.MIN_EPOCHS):
        return []
    train, val = float(look.best["accuracy"]), float(look.best["val_accuracy"])
    word, gap = gap_verdict(train, val), round(100 * (train - val), 1) + 0.0  # no -0.0
    level: html.Verdict = "good" if word == "healthy" else "bad" if gap >= 15 else "look"
    said = f"{word} gap {gap:+.1f}" if word in {"healthy", "moderate", "high"} else f"{word}, gap {gap:+.1f}"
    return [html.chip(level, said, "Train minus validation accuracy at the best epoch, in points")]


def _share(look: Look) -> float:
    if look.state == "finished":
        return 1.0
    if look.works:
        return live.share(look.run.progress)
    return min(len(look.rows) / max(look.planned, 1), 1.0)


def _line(look: Look) -> str:
    """The numbers of the moment."""
    done, last = len(look.rows), look.rows[-1] if look.rows else {}
    parts = [f"<b>epoch {done:,}</b> of {look.planned:,}"]
    parts += _time(look)
    if (left := run_data.patience_left(look)) and look.state != "finished":
        parts.append(f"patience {left[0]:,} of {left[1]:,}")
    if look.best:
        parts.append(f"best <b>{look.best['val_accuracy']:.3f}</b> at {look.best['epoch']:,}")
    speed = look.run.progress.get("images_per_second") if look.works else None
    if speed := speed or last.get("images_per_second"):
        parts.append(f"{float(speed):,.0f} images/s")
    if last.get("cpu_percent") is not None:
        parts.append(f"CPU {float(last['cpu_percent']):,.0f} %")
    if last.get("rss_mb"):
        parts.append(f"{float(last['rss_mb']) / 1000:.1f} GB")
    if last.get("gpu_memory_mb") is not None:
        parts.append(f"GPU {float(last['gpu_memory_mb']) / 1000:.1f} GB")
    if last.get("learning_rate") is not None:
        parts.append(f"learning rate {float(last['learning_rate']):.2g}")
    if look.info.get("parameters"):
        parts.append(f"{int(look.info['parameters']):,} parameters")
    if look.info.get("device"):
        parts.append(html.esc(look.info["device"]))
    return '<p class="fer-now" aria-live="off">' + "".join(f"<span>{part}</span>" for part in parts) + "</p>"


def _time(look: Look) -> list[str]:
    """What is left of the epoch and of all, while it works; how long it took, once it has ended."""
    seconds = [float(row.get("seconds", 0.0)) for row in look.rows]
    if not look.works:
        return [f"{html.duration(sum(seconds))} trained"] if seconds else []
    progress = look.run.progress
    phase = str(progress.get("phase") or "starting")
    if phase not in {"training", "validating"}:
        return [html.esc(phase)]
    told = []
    eta = progress.get("eta_seconds")
    if eta is not None:
        told.append(f"<b>{html.duration(float(eta))}</b> left")
        if seconds:
            rest = float(eta) - median(seconds[-5:]) * max(look.planned - int(progress.get("epoch") or 0), 0)
            told.append(f"{html.duration(max(rest, 0.0))} of this epoch")
    return told


def _experiment(members: Sequence[Look]) -> str:
    """Mean and spread of the runs that belong together, once two have a result."""
    if len(members) < 2:
        return ""
    scores = [float(one.best["val_accuracy"]) for one in members if one.best and one.state == "finished"]
    told = f"{len(scores)} of {len(members)} runs of this experiment have finished"
    if len(scores) > 1:
        told += f": best validation accuracy <b>{fmean(scores):.3f} ± {stdev(scores):.3f}</b> (mean, standard deviation)"
    return f'<p class="fer-muted">{told}</p>'
