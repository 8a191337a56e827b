"""The numbers at the top of the Train page: they follow the run on screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median

from streamlit.delta_generator import DeltaGenerator

from fer_core.ui.components import markup
from fer_core.ui.shell import run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot


def draw(
    place: DeltaGenerator, snapshots: Sequence[RunSnapshot], chosen: RunSnapshot | None, version: str
) -> None:
    """Runs at work, the device, the best of this run and of this version, seconds an epoch.

    Args:
        place: an empty element; what it holds is replaced.
        looks: all runs, newest first.
        chosen: the run on screen.
        version: id of the version on screen.
    """
    place.html(markup.stats(items(snapshots, chosen, version)))


def items(
    snapshots: Sequence[RunSnapshot], chosen: RunSnapshot | None, version: str
) -> list[tuple[markup.Cell, str]]:
    """The numbers and what they are."""
    working = sum(one.works for one in snapshots)
    waiting = sum(one.state == "queued" for one in snapshots)
    here = [one for one in snapshots if one.run.version == version and one.best]
    best = max(here, key=lambda one: one.best["val_accuracy"], default=None)
    told: list[tuple[markup.Cell, str]] = [
        (working, f"running, {waiting:,} queued"),
        _device(snapshots),
        (
            _score(chosen),
            f"best of run {run_snapshots.number(chosen.id)}" if chosen else "best of the run on screen",
        ),
        (
            _score(best),
            f"best so far on this version (run {run_snapshots.number(best.id)})"
            if best
            else "best so far on this version",
        ),
    ]
    seconds = [float(row["seconds"]) for row in (chosen.rows if chosen else []) if row.get("seconds")]
    usual = median(seconds[-5:]) if seconds else 0.0
    told.append((_seconds(usual) if seconds else "–", "an epoch"))
    return told


def _device(snapshots: Sequence[RunSnapshot]) -> tuple[markup.Cell, str]:
    """What the newest run worked on; before the first, what can be known without Keras."""
    known = next((one for one in snapshots if one.info.get("device")), None)
    if known is None:
        return f"{os.cpu_count()} cores", "processor of this machine"
    device, backend = str(known.info["device"]), str(known.info.get("backend") or "")
    name = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(backend, backend)
    words = "no GPU here" if device.startswith("CPU") else "GPU"
    return device.replace(", ", " · "), f"{words}; {name} backend" if name else words


def _score(snapshot: RunSnapshot | None) -> str:
    return f"{snapshot.best['val_accuracy']:.3f}" if snapshot and snapshot.best else "–"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 90 else markup.duration(value)
