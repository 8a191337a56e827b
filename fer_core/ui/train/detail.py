"""One run, live: state, where it is, curves, recall, faces, verdicts, epochs, log. Reads what is new while it works."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.base.workspace import Workspace
from fer_core.runs import store
from fer_core.runs.run import ACTIVE
from fer_core.ui.components import markup
from fer_core.ui.shell import run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import controls, curves, fork_dialog, header, summary, worst_faces

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
    shown = run_snapshots.read(store.get(workspace, run))
    st.session_state["train-state"] = (run, shown.state)
    (_live if shown.state in ACTIVE else _once)(workspace, version, run, strip)


@st.fragment(run_every=EVERY)
def _live(workspace: Workspace, version: str, run: str, strip: DeltaGenerator) -> None:
    _show(workspace, version, run, strip)


@st.fragment
def _once(workspace: Workspace, version: str, run: str, strip: DeltaGenerator) -> None:
    _show(workspace, version, run, strip)


def _show(workspace: Workspace, version: str, run: str, strip: DeltaGenerator) -> None:
    snapshots = [run_snapshots.read(one) for one in store.list_runs(workspace)]
    snapshot = next((one for one in snapshots if one.id == run), None)
    if (
        snapshot is None
        or (run, snapshot.state) != st.session_state.get("train-state")
        or fork_dialog.wanted()
    ):
        # The whole page once: what else it shows depends on it.
        st.session_state["train-state"] = (run, snapshot.state if snapshot else "")
        st.rerun(scope="app")
    summary.draw(strip, snapshots, snapshot, version)
    with st.container(border=True):
        header.draw(snapshot, snapshots)
        controls.trouble(snapshot)
        curves.draw(snapshot, snapshots)
    controls.verdicts(snapshot)
    _evidence(snapshot)
    _epochs(snapshot)
    _log(snapshot)


def _evidence(snapshot: RunSnapshot) -> None:
    """Recall by class and the faces got wrong, side by side where there are both."""
    recall, (images, when) = curves.recall_card(snapshot), worst_faces.worst(snapshot)
    if not recall and not images:
        return
    columns = st.columns([1, 1.35]) if recall and images else [st.container()]
    if recall:
        with columns[0], st.container(border=True, height="stretch"):
            st.html(recall)
    if images:
        with columns[-1], st.container(border=True, height="stretch"):
            worst_faces.draw(snapshot, images, when)


def _epochs(snapshot: RunSnapshot) -> None:
    newest = snapshot.rows[: -_EPOCHS - 1 : -1]
    if not newest:
        return
    body: list[list[markup.Cell]] = [
        [
            int(row["epoch"]),
            *(f"{row[name]:.4f}" for name in ("loss", "accuracy", "val_loss", "val_accuracy")),
            f"{row['learning_rate']:.2e}",
            f"{row['seconds']:.1f}",
        ]
        for row in newest
    ]
    epochs = [int(row["epoch"]) for row in newest]
    best = int(snapshot.best["epoch"])
    with st.container(border=True):
        st.html(
            markup.heading("Epochs", f"last {len(body)} of {len(snapshot.rows):,}{'; best marked' if best in epochs else ''}")
            + markup.table(
                _COLUMNS, body, numeric=range(7), current=epochs.index(best) if best in epochs else None, caption="Epochs",
            )
        )  # fmt: skip


def _log(snapshot: RunSnapshot) -> None:
    broken = snapshot.state in ("failed", "lost")
    log = snapshot.run.log_tail(_LOG_OF_FAILED if broken else _LOG)
    if log:
        with st.container(border=True):
            st.html(markup.heading("Log", "last lines") + f'<pre class="fer-log">{markup.esc(log)}</pre>')
