"""One run, live: state, where it is, curves, recall, faces, verdicts, epochs, log. Reads what is new while it works."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.runs import store
from fer_core.runs.run import ACTIVE
from fer_core.ui import html, run_charts, run_controls, run_data, run_dialog, run_faces, run_head, train_strip
from fer_core.ui.run_data import Look
from fer_core.workspace import Workspace

EVERY = 0.7  # seconds
_COLUMNS = ("epoch", "loss", "accuracy", "val loss", "val accuracy", "learning rate", "seconds")
_EPOCHS, _LOG, _LOG_OF_FAILED = 6, 12, 40


def draw(workspace: Workspace, version: str, run: str, strip: DeltaGenerator) -> None:
    """A run as it is now; while it waits or works, again and again.

    Args:
        workspace: whose runs there are.
        version: the version on screen, for the strip.
        run: id of the run to show.
        strip: where the numbers of the page go.
    """
    shown = run_data.look(store.get(workspace, run))
    st.session_state["train-state"] = (run, shown.state)
    (_live if shown.state in ACTIVE else _once)(workspace, version, run, strip)


@st.fragment(run_every=EVERY)
def _live(workspace: Workspace, version: str, run: str, strip: DeltaGenerator) -> None:
    _show(workspace, version, run, strip)


@st.fragment
def _once(workspace: Workspace, version: str, run: str, strip: DeltaGenerator) -> None:
    _show(workspace, version, run, strip)


def _show(workspace: Workspace, version: str, run: str, strip: DeltaGenerator) -> None:
    looks = [run_data.look(one) for one in store.list_runs(workspace)]
    look = next((one for one in looks if one.id == run), None)
    if look is None or (run, look.state) != st.session_state.get("train-state") or run_dialog.wanted():
        # The whole page once: what else it shows depends on it.
        st.session_state["train-state"] = (run, look.state if look else "")
        st.rerun(scope="app")
    train_strip.draw(strip, looks, look, version)
    with st.container(border=True):
        run_head.draw(look, looks)
        run_controls.trouble(look)
        run_charts.draw(look, looks)
    run_controls.verdicts(look)
    _evidence(look)
    _epochs(look)
    _log(look)


def _evidence(look: Look) -> None:
    """Recall by class and the faces got wrong, side by side where there are both."""
    recall, (images, when) = run_charts.recall_card(look), run_faces.worst(look)
    if not recall and not images:
        return
    places = st.columns([1, 1.35]) if recall and images else [st.container()]
    if recall:
        with places[0], st.container(border=True, height="stretch"):
            st.html(recall)
    if images:
        with places[-1], st.container(border=True, height="stretch"):
            run_faces.draw(look, images, when)


def _epochs(look: Look) -> None:
    newest = look.rows[: -_EPOCHS - 1 : -1]
    if not newest:
        return
    body: list[list[html.Cell]] = [
        [
            int(row["epoch"]),
            *(f"{row[name]:.4f}" for name in ("loss", "accuracy", "val_loss", "val_accuracy")),
            f"{row['learning_rate']:.2e}",
            f"{row['seconds']:.1f}",
        ]
        for row in newest
    ]
    epochs = [int(row["epoch"]) for row in newest]
    best = int(look.best["epoch"])
    with st.container(border=True):
        st.html(
            html.heading("Epochs", f"last {len(body)} of {len(look.rows):,}{'; best marked' if best in epochs else ''}")
            + html.table(
                _COLUMNS, body, numeric=range(7), current=epochs.index(best) if best in epochs else None, caption="Epochs",
            )
        )  # fmt: skip


def _log(look: Look) -> None:
    broken = look.state in ("failed", "lost")
    log = look.run.log_tail(_LOG_OF_FAILED if broken else _LOG)
    if log:
        with st.container(border=True):
            st.html(html.heading("Log", "last lines") + f'<pre class="fer-log">{html.esc(log)}</pre>')
