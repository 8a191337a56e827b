"""What a run costs, and the button that measures it."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from fer_core import jobs
from fer_core.evaluation import cost
from fer_core.jobs.tasks import MeasureCost
from fer_core.runs.run import Run
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress


def card(run: Run) -> None:
    """Arithmetic, time per face, file sizes, training time and energy."""
    info, found = run.summary(), cost.stored_cost(run)
    seconds, device = float(info["seconds"] or 0), str(info["device"] or "")
    facts: list[tuple[str, markup.Cell]] = []
    if info["parameters"]:
        facts.append(("parameters", f"{info['parameters']:,}"))
    if seconds:
        facts.append(("training", f"{markup.duration(seconds)} on {device or 'an unknown device'}"))
    energy = cost.energy(device, seconds)
    if energy is not None:
        watts = cost.watts(device)
        tip = f"{watts:g} W assumed for {device}, times the training time"
        facts.append(
            (
                "energy",
                Markup(f'<span title="{markup.esc(tip)}">about {_energy(energy)}, at {watts:g} W</span>'),
            )
        )
    if found:
        facts += _measured(found)
    st.html(markup.heading("Cost", "" if found else "time per face is not measured yet"))
    if facts:
        st.html(markup.facts(facts))
    _measure(run, bool(found))


def _measured(found: cost.RunCost) -> list[tuple[str, markup.Cell]]:
    facts: list[tuple[str, markup.Cell]] = []
    if found["flops"]:
        facts.append(("arithmetic", f"{found['flops'] / 1e6:,.1f} Mflop per face"))
    one, many = found["ms"]["1"], found["ms"]["32"]
    facts.append(("per face", f"{one:.2f} ms alone, {many:.2f} ms of 32 at once"))
    files = f"ONNX {found['model_bytes'] / 1e6:.1f} MB"
    if found["keras_bytes"]:
        files += f", Keras {found['keras_bytes'] / 1e6:.1f} MB"
    facts.append(("files", files))
    busy = "; the machine was busy" if cost.was_busy(found) else ""
    facts.append(
        ("measured", f"{str(found['time'])[:10]}, CPU, {markup.plural(found['threads'], 'thread')}{busy}")
    )
    return facts


def _measure(run: Run, again: bool) -> None:
    if not (run.folder / "model.onnx").is_file():
        return
    task = MeasureCost((run.id,))
    if job_progress.job_card(jobs.latest(run.workspace, task)):
        return
    if st.button(
        "Measure again" if again else "Measure on this CPU", key="cmp-cost", icon=":material/timer:"
    ):
        jobs.start(run.workspace, task)
        st.rerun()


def _energy(watt_hours: float) -> str:
    return f"{watt_hours / 1000:.2f} kWh" if watt_hours >= 1000 else f"{watt_hours:.1f} Wh"
