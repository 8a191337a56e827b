"""The head of a run: what it is, how it does, and where it is, in one line of numbers and a bar."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median, stdev

import streamlit as st
from markupsafe import Markup

from fer_core.evaluation import advice
from fer_core.evaluation.report import gap_level, shown_gap, verdict_of
from fer_core.evaluation.verdicts import meanings
from fer_core.scheduling import starting_points
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress, run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import controls, expectation

_GAP = "Train minus validation accuracy at the best epoch, in points"


def draw(snapshot: RunSnapshot, snapshots: Sequence[RunSnapshot]) -> None:
    """Title, verdicts, buttons, numbers and bar."""
    title, buttons = st.columns([1.1, 1], vertical_alignment="center")
    version = snapshot.info.get("version_number") or snapshot.run.version[:6]
    with title:
        st.html(
            markup.heading(
                "Run " + snapshot.title.replace(" ", " · ", 1), f"{snapshot.run.dataset}, version {version}",
                job_progress.state_chip(snapshot.state, snapshot.reason), *gap_chip(snapshot),
            )
        )  # fmt: skip
    with buttons:
        controls.draw(snapshot)
    st.html(_line(snapshot) + markup.progress(_share(snapshot)))
    if start := snapshot.info.get("start"):
        st.html(f'<p class="fer-muted">{markup.esc(starting_points.sentence(start))}.</p>')
    if told := expectation.told(snapshot):
        st.html(told)
    if told := _experiment(run_snapshots.siblings(snapshots, snapshot)):
        st.html(told)


def gap_chip(snapshot: RunSnapshot) -> list[Markup]:
    """The verdict on train minus validation accuracy at the best epoch; [] while it is too early for one."""
    if not snapshot.best or (snapshot.works and len(snapshot.rows) < advice.MIN_EPOCHS):
        return []
    train, val = float(snapshot.best["accuracy"]), float(snapshot.best["val_accuracy"])
    word, gap = verdict_of(snapshot.run, train, val), shown_gap(train, val)
    if advice.is_early(word, len(snapshot.rows)):
        return []
    level = gap_level(word)
    said = f"{word} gap {gap:+.1f}" if word in {"healthy", "moderate", "high"} else f"{word}, gap {gap:+.1f}"
    return [markup.chip(level, said, meanings.meaning(word) or _GAP)]


def _share(snapshot: RunSnapshot) -> float:
    if snapshot.state == "finished":
        return 1.0
    if snapshot.works:
        return snapshot.run.progress.share
    return min(len(snapshot.rows) / max(snapshot.planned, 1), 1.0)


def _line(snapshot: RunSnapshot) -> str:
    """The numbers of the moment."""
    done, last = len(snapshot.rows), snapshot.rows[-1] if snapshot.rows else {}
    parts = [f"<b>epoch {done:,}</b> of {snapshot.planned:,}"]
    parts += _time(snapshot)
    if (left := run_snapshots.patience_left(snapshot)) and snapshot.state != "finished":
        parts.append(f"patience {left[0]:,} of {left[1]:,}")
    if snapshot.best:
        parts.append(f"best <b>{snapshot.best['val_accuracy']:.3f}</b> at {snapshot.best['epoch']:,}")
    speed = snapshot.run.progress.details.get("images_per_second") if snapshot.works else None
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
    if snapshot.info.get("parameters"):
        parts.append(f"{int(snapshot.info['parameters']):,} parameters")
    if snapshot.info.get("device"):
        parts.append(markup.esc(snapshot.info["device"]))
    return '<p class="fer-now" aria-live="off">' + "".join(f"<span>{part}</span>" for part in parts) + "</p>"


def _time(snapshot: RunSnapshot) -> list[str]:
    """What is left of the epoch and of all, while it works; how long it took, once it has ended."""
    seconds = [float(row.get("seconds", 0.0)) for row in snapshot.rows]
    if not snapshot.works:
        return [f"{markup.duration(sum(seconds))} trained"] if seconds else []
    progress = snapshot.run.progress
    phase = progress.what or "starting"
    if phase not in {"training", "validating"}:
        return [markup.esc(phase)]
    told = []
    eta = progress.eta_s
    if eta is not None:
        told.append(f"<b>{markup.duration(eta)}</b> left")
        if seconds:
            epoch = int(progress.details.get("epoch") or 0)
            rest = eta - median(seconds[-5:]) * max(snapshot.planned - epoch, 0)
            told.append(f"{markup.duration(max(rest, 0.0))} of this epoch")
    return told


def _experiment(members: Sequence[RunSnapshot]) -> str:
    """Mean and spread of the runs that belong together, once two have a result."""
    if len(members) < 2:
        return ""
    scores = [float(one.best["val_accuracy"]) for one in members if one.best and one.state == "finished"]
    told = f"{len(scores)} of {len(members)} runs of this experiment have finished"
    if len(scores) > 1:
        told += f": best validation accuracy <b>{fmean(scores):.3f} ± {stdev(scores):.3f}</b> (mean, standard deviation)"
    return f'<p class="fer-muted">{told}</p>'
