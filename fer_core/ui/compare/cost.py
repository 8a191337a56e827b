"""What a run costs, and the button that measures it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fer_core import jobs
from fer_core.errors import FerError
from fer_core.evaluation import cost
from fer_core.runs.run import Run
from fer_core.ui import html, live

_JOB = "cmp-cost-job"


def card(run: Run) -> None:
    """Arithmetic, time per face, file sizes, training time and energy."""
    info, found = run.summary(), cost.stored(run)
    seconds, device = float(info["seconds"] or 0), str(info["device"] or "")
    facts: list[tuple[str, html.Cell]] = []
    if info.get("parameters"):
        facts.append(("parameters", f"{int(info['parameters']):,}"))
    if seconds:
        facts.append(("training", f"{html.duration(seconds)} on {device or 'an unknown device'}"))
    if seconds and device:
        watts = cost.watts(device)
        tip = f"{watts:g} W assumed for {device}, times the training time"
        energy = cost.energy(device, seconds)
        facts.append(
            (
                "energy",
                html.Raw(f'<span title="{html.esc(tip)}">about {_energy(energy)}, at {watts:g} W</span>'),
            )
        )
    if found:
        facts += _measured(found)
    st.html(html.heading("Cost", "" if found else "time per face is not measured yet"))
    if facts:
        st.html(html.facts(facts))
    _measure(run, bool(found))


def _measured(found: Mapping[str, Any]) -> list[tuple[str, html.Cell]]:
    facts: list[tuple[str, html.Cell]] = []
    if found.get("flops"):
        facts.append(("arithmetic", f"{found['flops'] / 1e6:,.1f} Mflop per face"))
    one, many = found["ms"]["1"], found["ms"]["32"]
    facts.append(("per face", f"{one:.2f} ms alone, {many:.2f} ms of 32 at once"))
    files = f"ONNX {found['model_bytes'] / 1e6:.1f} MB"
    if found.get("keras_bytes"):
        files += f", Keras {found['keras_bytes'] / 1e6:.1f} MB"
    facts.append(("files", files))
    busy = "; the machine was busy" if found.get("load", 0) > 0.5 else ""
    facts.append(
        ("measured", f"{str(found['time'])[:10]}, CPU, {html.plural(found['threads'], 'thread')}{busy}")
    )
    return facts


def _measure(run: Run, again: bool) -> None:
    if not (run.folder / "model.onnx").is_file():
        return
    name = st.session_state.get(f"{_JOB}-{run.id}")
    if name:
        job = jobs.get(run.workspace, name)
        if job.state == "running":
            _watch(run, name)
            return
        if job.state != "finished":
            st.warning(job.error or "The measurement ended without a word.", icon=":material/error:")
    if st.button(
        "Measure again" if again else "Measure on this CPU", key="cmp-cost", icon=":material/timer:"
    ):
        started = jobs.start(run.workspace, ["cost", run.id], title=f"Measuring {run.id}")
        st.session_state[f"{_JOB}-{run.id}"] = started.id
        st.rerun()


@st.fragment(run_every=0.5)
def _watch(run: Run, name: str) -> None:
    try:
        job = jobs.get(run.workspace, name)
    except FerError:
        return
    if job.state != "running":
        st.rerun(scope="app")
    live.job_progress(job, job.title)


def _energy(watt_hours: float) -> str:
    return f"{watt_hours / 1000:.2f} kWh" if watt_hours >= 1000 else f"{watt_hours:.1f} Wh"
