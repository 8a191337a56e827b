"""What a run says before its first epoch has ended: batches done, and their loss as it goes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fer_core.ui.components import markup
from fer_core.ui.shell.run_snapshots import RunSnapshot

_WORDS = {
    "queued": "It begins when those before it have ended.",
    "starting": "Starting: the network is built.",
}


@st.cache_resource(max_entries=16, show_spinner=False)
def _seen(run: str) -> dict[int, float]:
    """Batch -> mean loss of the epoch until then, as somebody saw it."""
    return {}


def draw(snapshot: RunSnapshot, dark: bool) -> None:
    """In words and, once there are some, as a curve."""
    progress = snapshot.run.progress
    loss, step = progress.details.get("loss"), progress.details.get("step")
    if snapshot.state != "running" or loss is None or not step:
        usual = "The first epoch has not ended yet." if snapshot.works else "No epoch has ended."
        st.html(f'<p class="fer-muted">{_WORDS.get(snapshot.state, usual)}</p>')
        return
    seen = _seen(f"{snapshot.id} {snapshot.info.get('launched')}")
    seen[int(step)] = float(loss)
    steps, accuracy = int(progress.details.get("steps") or 0), progress.details.get("accuracy")
    parts = [f"<b>first epoch</b>, batch {int(step):,} of {steps:,}", f"loss <b>{float(loss):.3f}</b>"]
    parts += [f"accuracy {float(accuracy):.3f}"] if accuracy is not None else []
    st.html(
        f'<p class="fer-note" aria-live="off">{" · ".join(parts)}</p>'
        + markup.progress(int(step) / max(steps, 1))
    )
    if len(seen) > 2:
        st.html('<p class="fer-axis">mean loss of the epoch so far, by batch</p>')
        table = pd.DataFrame({"batch": list(seen), "loss": list(seen.values())})
        st.line_chart(table, x="batch", y="loss", height=200, color="#7C93F5" if dark else "#3B5BDB")
