"""After a save: what was made, and the one thing to do next, on top of the page until it is closed or left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from fer_core.data.dataset import Dataset
from fer_core.data.versions import ANNOTATIONS
from fer_core.duplicates import scan_store
from fer_core.evaluation import leaderboard
from fer_core.reports.status import status
from fer_core.reports.status_parts import DatasetStatus
from fer_core.runs import run_annotations
from fer_core.splits import certificate
from fer_core.ui.components import markup
from fer_core.ui.shell import cache

PAGES = {
    "explore": "pages/data/explore.py",
    "duplicates": "pages/data/duplicates.py",
    "mislabels": "pages/data/mislabels.py",
    "stratify": "pages/data/stratify.py",
    "train": "pages/models/train.py",
    "compare": "pages/models/compare.py",
    "predict": "pages/demo/predict.py",
}
PAGE = "fer-page"
"""Where the session keeps the address of the page that is drawn."""
_MADE = "fer-made"


@dataclass(frozen=True)
class Made:
    """What the last save of this visit made.

    Attributes:
        dataset, version: by name and id.
        words: a sentence.
        more: further lines.
        where: address of the page it was saved on.
    """

    dataset: str
    version: str
    words: str
    more: tuple[str, ...]
    where: str


def _here() -> str:
    return str(st.session_state.get(PAGE, ""))


def made(dataset: str, version: str, words: str, more: Sequence[str] = ()) -> None:
    """Say on the next draw that a version is there, and what comes next.

    Args:
        dataset, version: its name and id.
        words: what was made, a sentence.
        more: further lines.
    """
    st.session_state[_MADE] = Made(dataset, version, words, tuple(more), _here())


def close() -> None:
    """Say it no longer."""
    st.session_state.pop(_MADE, None)


def just_made(dataset: Dataset, version: str) -> bool:
    """Whether this version was saved a moment ago, on this page."""
    found: Made | None = st.session_state.get(_MADE)
    return found is not None and (found.dataset, found.version, found.where) == (
        dataset.name,
        version,
        _here(),
    )


def draw(dataset: Dataset, version: str) -> None:
    """What was made on this page, and the way on; nothing where nothing was, or another version is shown."""
    if not just_made(dataset, version):
        close()
        return
    said: Made = st.session_state[_MADE]
    following = known(dataset).next if said.where else None  # Home has it below
    lines = "".join(f'<p class="fer-note">{markup.esc(line)}</p>' for line in said.more)
    if following:
        lines += f'<p class="fer-note"><b>Next: {markup.esc(following.title)}.</b> {markup.esc(following.reason)}</p>'
    with st.container(border=True, key="fer-made", horizontal=True, vertical_alignment="center"):
        st.html(markup.heading(said.words) + lines)
        if (
            following
            and following.page != said.where
            and st.button(following.title, type="primary", icon=":material/arrow_forward:", key="fer-made-on")
        ):
            close()
            st.switch_page(PAGES[following.page], query_params={"dataset": dataset.name})
        st.button("Close", type="tertiary", icon=":material/close:", key="fer-made-close", on_click=close)


@st.cache_data(max_entries=8, show_spinner="Looking at what is known")
def _status(dataset: Dataset, stamp: tuple[object, ...], later: tuple[str, ...]) -> DatasetStatus:
    return status(dataset, later)


def known(dataset: Dataset, later: Sequence[str] = ()) -> DatasetStatus:
    """Where a dataset stands; looked up anew once something about it was stored.

    Args:
        dataset: the dataset.
        later: names of steps that were put off.
    """
    workspace = dataset.workspace
    runs = [each for row, each in leaderboard.rows_with_stamps(workspace) if row["dataset"] == dataset.name]
    versions = dataset.versions()
    files = [certificate.certificate_path(dataset, version.id) for version in versions]
    # Not the folder itself: reading the journal changes its time.
    files += [dataset.quality_dir, dataset.folder / "dataset.json", dataset.folder / ANNOTATIONS]
    files += [scan_store.scan_file(dataset, kind) for kind in ("near", "mirrored")]
    times = tuple(file.stat().st_mtime_ns for file in files if file.exists())
    used = run_annotations.promoted(workspace)
    stamp = (dataset.head, len(versions), cache.journal(dataset).newest, times, tuple(runs), used)
    return _status(dataset, stamp, tuple(later))
