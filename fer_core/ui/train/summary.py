"""The numbers at the top of the Train page: they follow the run on screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from statistics import median

from streamlit.delta_generator import DeltaGenerator

from fer_core.ui import html, run_data
from fer_core.ui.run_data import Look


def draw(place: DeltaGenerator, looks: Sequence[Look], chosen: Look | None, version: str) -> None:
    """Runs at work, the device, the best of this run and of this version, seconds an epoch.

    Args:
        place: an empty element; what it holds is replaced.
        looks: all runs, newest first.
        chosen: the run on screen.
        version: id of the version on screen.
    """
    place.html(html.stats(items(looks, chosen, version)))


def items(looks: Sequence[Look], chosen: Look | None, version: str) -> list[tuple[html.Cell, str]]:
    """The numbers and what they are."""
    working = sum(one.works for one in looks)
    waiting = sum(one.state == "queued" for one in looks)
    here = [one for one in looks if one.run.version == version and one.best]
    best = max(here, key=lambda one: one.best["val_accuracy"], default=None)
    told: list[tuple[html.Cell, str]] = [
        (working, f"running, {waiting:,} queued"),
        _device(looks),
        (
            _score(chosen),
            f"best of run {run_data.number(chosen.id)}" if chosen else "best of the run on screen",
        ),
        (
            _score(best),
            f"best so far on this version (run {run_data.number(best.id)})"
            if best
            else "best so far on this version",
        ),
    ]
    seconds = [float(row["seconds"]) for row in (chosen.rows if chosen else []) if row.get("seconds")]
    usual = median(seconds[-5:]) if seconds else 0.0
    told.append((_seconds(usual) if seconds else "–", "an epoch"))
    return told


def _device(looks: Sequence[Look]) -> tuple[html.Cell, str]:
    """What the newest run worked on; before the first, what can be known without Keras."""
    known = next((one for one in looks if one.info.get("device")), None)
    if known is None:
        return f"{os.cpu_count()} cores", "processor of this machine"
    device, backend = str(known.info["device"]), str(known.info.get("backend") or "")
    name = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(backend, backend)
    words = "no GPU here" if device.startswith("CPU") else "GPU"
    return device.replace(", ", " · "), f"{words}; {name} backend" if name else words


def _score(look: Look | None) -> str:
    return f"{look.best['val_accuracy']:.3f}" if look and look.best else "–"


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 90 else html.duration(value)
