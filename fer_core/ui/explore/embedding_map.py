"""The explorer's map: faces alike lie together; circle some, look at them, decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from fer_core import jobs
from fer_core.base.emotions import SPLIT_COLORS, emotion_colors
from fer_core.base.errors import FerError
from fer_core.charts import scatter
from fer_core.data.dataset import Dataset
from fer_core.explore import embedding_store
from fer_core.explore.embedding import SAMPLE
from fer_core.explore.facts import NO_IMAGE_FLAGS, ImageFacts
from fer_core.inference import model_registry
from fer_core.jobs.tasks import MakeMap
from fer_core.ui.components import map_peek, markup
from fer_core.ui.components.style import is_dark
from fer_core.ui.explore import face_detail, filters, selection_bar, sheets
from fer_core.ui.explore.state import FLAG_WORDS, Explorer
from fer_core.ui.shell import job_progress, page

_METHODS = {"pca": "PCA", "tsne": "t-SNE"}
_CATEGORIES = {
    "label": "class",
    "split": "split",
    "decision": "decision",
    "voted": "most votes",
    "said": "run's answer",
}
_FLAG_COLORS = ("#ADB5BD", "#E8590C")
_SLOW = ("hog", "emotions")  # what takes longer than a page may


def draw(explorer: Explorer) -> None:
    """The whole view "Map"."""
    with face_detail.beside(explorer) as right:
        with st.container(border=True):
            features, method, by = _choice(explorer)
            table = _table(explorer, features, method)
            chosen = _plot(explorer, table, f"{features}-{method}", by) if table is not None else None
        none = np.zeros(0, np.int64)
        selection_bar.draw(explorer, none if chosen is None else chosen, key="exp-map-bulk")
        with right, st.container(border=True, key="exp-circled"):
            if chosen is None:
                page.empty("No faces chosen", "Circle faces with the lasso, or drag a box: they stand here.")
            else:
                _circled(explorer, chosen)


def _choice(explorer: Explorer) -> tuple[str, str, str]:
    shipped = bool(model_registry.shipped(explorer.scope.workspace))
    offered = {"emotions": "what the shipped model sees"} if shipped else {}
    offered |= {f"run:{run.id}": f"answers of run {run.id}" for run in explorer.runs[:12]}
    offered |= {"hog": "gradients (HOG)", "pixels": "pixels"}
    with st.container(horizontal=True, vertical_alignment="top", gap="small"):
        features = st.selectbox(
            "Faces described by", list(offered), format_func=offered.__getitem__, key="features", bind="query-params",
            width=210,
        )  # fmt: skip
        method = st.segmented_control(
            "Layout", list(_METHODS), format_func=_METHODS.__getitem__, default="tsne", required=True, key="layout",
            bind="query-params",
        )  # fmt: skip
        by = _color_by(explorer)
    return str(features), str(method), by


@st.cache_resource(max_entries=6, show_spinner="Laying out the faces")
def _made(dataset: Dataset, version: str, features: str, method: str, stamp: float) -> pd.DataFrame:
    facts = ImageFacts(dataset, version)
    kept = embedding_store.load_map(dataset, version, features, method) if stamp else None
    return embedding_store.compute_map(facts, features, method) if kept is None else kept


def _table(explorer: Explorer, features: str, method: str) -> pd.DataFrame | None:
    """The map, made now where that takes a second, else once a job has made it."""
    scope = explorer.scope
    path = embedding_store.map_path(scope.dataset, scope.version.id, features, method)
    stamp = path.stat().st_mtime if path.is_file() else 0.0
    if not stamp and (method == "tsne" or features in _SLOW):
        _job(explorer, features, method)
        return None
    try:
        return _made(scope.dataset, scope.version.id, features, method, stamp)
    except FerError as error:
        page.show_error(error)
        return None


def _job(explorer: Explorer, features: str, method: str) -> None:
    """Lay the map out beside the page: at once the first time, again where somebody stopped it or it failed."""
    scope = explorer.scope
    task = MakeMap(scope.dataset.name, scope.version.id, features, method)
    last = jobs.latest(scope.workspace, task)
    if job_progress.job_card(last, "Laying out the map"):
        return
    images = min(int(explorer.facts.readable.sum()), embedding_store.AT_MOST)
    words = f"Describes {images:,} faces by {features}"
    if method == "tsne":
        laid = min(images, SAMPLE)
        rest = f", then puts the other {images - laid:,} among their neighbours" if images > laid else ""
        words += f" and lays {'a spread sample of ' if rest else ''}{laid:,} of them out by t-SNE{rest}"
    st.html(
        f'<p class="fer-note">{markup.esc(words)}. It runs beside the page and is kept with the dataset.</p>'
    )
    pressed = last is not None and st.button(
        "Lay out the map", type="primary", icon=":material/scatter_plot:", key="exp-make-map"
    )
    if last is None or pressed:
        try:
            jobs.start(scope.workspace, task)
        except (FerError, OSError) as error:
            page.show_error(error)
            return
        st.rerun()


@st.cache_resource(max_entries=2, show_spinner=False)
def _tiles(dataset: Dataset, version: str, features: str, places: NDArray[np.int64]) -> list[bytes]:
    facts = ImageFacts(dataset, version)
    return map_peek.tiles(dataset.pixels()[facts.columns.numbers("row")[places]])


def _peek(
    explorer: Explorer, table: pd.DataFrame, features: str, shown: NDArray[np.bool_], chart: str
) -> None:
    """The face under the pointer."""
    scope, places = explorer.scope, table["place"].to_numpy(np.int64)
    made = _tiles(scope.dataset, scope.version.id, features, places)
    columns = explorer.facts.columns
    labels, splits = (columns.texts(name, places[shown]) for name in ("label", "split"))
    words = [f"{label} · {split}" for label, split in zip(labels, splits, strict=True)]
    map_peek.draw(made, np.flatnonzero(shown), words, count=len(places), chart=chart, key="exp-peek")


def _plot(explorer: Explorer, table: pd.DataFrame, name: str, by: str) -> NDArray[np.int64] | None:
    """Draw the map; places of the faces that are circled, None while none are."""
    positions = table["place"].to_numpy(np.int64)
    passed = np.isin(positions, explorer.positions())
    points = table[["x", "y"]].to_numpy(np.float32)[passed]
    positions = positions[passed]
    filters.active(explorer)
    if not len(positions):
        page.empty("No face passes these filters", "Take one of them away, or clear them all.")
        return None
    figure, held = _figure(explorer, points, positions, by)
    state = explorer.state
    drawn = (*sorted(state.selection.to_query().items()), state.ids, state.like)
    key = f"exp-map-{name}-{by}-{hash(drawn) & 0xFFFFFF:x}"
    _peek(explorer, table, name.rpartition("-")[0], passed, key)
    event: Any = st.plotly_chart(
        figure, key=key, on_select="rerun", selection_mode=("points", "box", "lasso"),
        config={"displaylogo": False, "scrollZoom": True, "modeBarButtonsToRemove": ["autoScale2d"]},
    )  # fmt: skip
    _words(explorer, table, len(positions))
    picked = [
        held[p["curve_number"]][p["point_index"]]
        for p in event.selection.points
        if p["curve_number"] < len(held)
    ]
    return positions[np.unique(np.array(picked, np.int64))] if picked else None


def _color_by(explorer: Explorer) -> str:
    offered = {
        name: words
        for name, words in _CATEGORIES.items()
        if (name != "voted" or explorer.facts.has_votes) and (name != "said" or explorer.run)
    }
    offered |= {f"flag:{f}": FLAG_WORDS[f] for f in explorer.flags() if f not in NO_IMAGE_FLAGS}
    offered |= {f"measure:{m}": filters.MEASURE_WORDS[m].partition(",")[0] for m in explorer.measures()}
    return str(
        st.selectbox(
            "Coloured by",
            list(offered),
            format_func=offered.__getitem__,
            key="color",
            bind="query-params",
            width=165,
        )
    )


def _figure(
    explorer: Explorer, points: NDArray[np.float32], positions: NDArray[np.int64], by: str
) -> tuple[Any, list[Any]]:
    kind, _, name = by.partition(":")
    dark = is_dark()
    if kind == "measure":
        return scatter.scatter_by_value(
            points, explorer.facts.measure(name)[positions], name.replace("_", " "), dark=dark
        )
    if kind == "flag":
        flagged = explorer.facts.flag(name)[positions].astype(np.int32)
        two = ("not flagged", FLAG_WORDS[name])
        return scatter.scatter(points, flagged, two, dict(zip(two, _FLAG_COLORS, strict=True)), dark=dark)
    codes, names = explorer.facts.category(by)
    palette = dict(emotion_colors(names))
    if by == "split":
        shades = ["#4C6EF5", "#E8590C", "#2B8A3E", *SPLIT_COLORS.values()]
        palette = {n: shades[i % len(shades)] for i, n in enumerate(names)}
    if by == "decision":
        palette = dict(zip(names, ("#ADB5BD", "#3B5BDB", "#2B8A3E", "#E03131", "#D9780B"), strict=True))
    return scatter.scatter(points, codes[positions], names, palette, dark=dark)


def _words(explorer: Explorer, table: pd.DataFrame, shown: int) -> None:
    told = [f"{shown:,} faces; circle some with the lasso, or drag a box"]
    explained = table.attrs.get("explained", float("nan"))
    if explained == explained:
        told.append(f"two components hold {explained:.0%} of the variance")
    if not table["laid"].all():
        told.append(f"{int(table['laid'].sum()):,} laid out, the others put among their neighbours")
    images = int(table.attrs.get("images", len(table)))
    if images > len(table):
        told.append(f"a spread sample of {images:,}")
    st.html(f'<p class="fer-muted">{markup.esc("; ".join(told))}.</p>')


def _circled(explorer: Explorer, chosen: NDArray[np.int64]) -> None:
    """The faces that are circled, and what to do with all of them."""

    def take(view: str) -> None:
        explorer.show(explorer.state.selection, ids=chosen.tolist(), view=view)

    def pick() -> None:
        explorer.pick((), explorer.facts.columns.ids(chosen))
        explorer.state.nonce += 1

    codes, names = explorer.facts.category("label")
    counts = np.bincount(codes[chosen], minlength=len(names))
    told = ", ".join(
        f"{n:,} {name}" for n, name in sorted(zip(counts.tolist(), names, strict=True), reverse=True) if n
    )
    st.html(markup.heading(f"{len(chosen):,} circled", told))
    with st.container(horizontal=True, gap="xsmall"):
        st.button("Select all", key="exp-map-pick", icon=":material/check_circle:", on_click=pick)
        st.button("Open in Faces", key="exp-map-open", type="tertiary", on_click=take, args=("Faces",))
    sheets.pages(explorer, chosen)
