"""Other datasets: the runs of the board on every dataset of the workspace, and what each drop consists of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from fer_core import jobs
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import list_datasets
from fer_core.evaluation.across import matrix
from fer_core.evaluation.across.answers import folder
from fer_core.evaluation.across.drop import DropParts
from fer_core.evaluation.across.matrix import MatrixCell
from fer_core.inference.predictor import RUN_MODEL
from fer_core.jobs.tasks import EvaluateAcross
from fer_core.runs.predictions import predictions_path
from fer_core.runs.run import Run
from fer_core.splits import known_leaks
from fer_core.ui.compare import cached_runs
from fer_core.ui.compare.leaderboard_card import Judged, LeaderboardView
from fer_core.ui.components import markup
from fer_core.ui.shell import job_progress, page, run_snapshots
from fer_core.ui.shell.page import Scope

_RUNS = 6
_PARTS = ("class_mix", "quality", "rest")


def draw(scope: Scope, view: LeaderboardView, found: Judged) -> None:
    """The matrix of the chosen runs, else of the best ones, with the button that asks them."""
    others = [dataset for dataset in list_datasets(scope.workspace) if dataset.name != scope.dataset.name]
    if not others:
        page.empty("There is one dataset alone", "Add another one, and every run here can be judged on it.")
        return
    picked = [
        name for name in st.session_state.get("cmp-picked", []) if name in {line.id for line in found.lines}
    ]
    names = (picked or [line.id for line in found.lines if not line.muted])[:_RUNS]
    runs = [Run(scope.workspace.runs / name) for name in names]
    with st.container(border=True):
        st.html(
            markup.heading(
                "On other datasets", "validation images there; what a run has learned from is left out"
            )
        )
        if not runs:
            st.html('<p class="fer-muted">No run of this board has been judged yet.</p>')
            return
        rows = [_row(run, others) for run in runs]
        titles = {run.id: markup.run_name(run_snapshots.title(run)) for run in runs}
        st.html(_table(rows, [scope.dataset.name, *(dataset.name for dataset in others)], titles))
        _ask(scope, runs, rows)
    cells = [cell for cells in rows for cell in cells if cell.parts is not None]
    if cells:
        with st.container(border=True):
            _drops(cells, titles)


def _row(run: Run, others: list[Dataset]) -> list[MatrixCell]:
    stamps = tuple(
        (dataset.name, dataset.head, _written(folder(run, dataset.name, dataset.head))) for dataset in others
    )
    known = known_leaks.find(run.workspace, run.dataset, run.version)
    own = (cached_runs.stamp(run, "val", run.version), known.sentence if known else "")
    return _cells(str(run.folder), stamps, own, run, others)


def _written(place: Path) -> int:
    """When answers were written there, in nanoseconds; 0 where there are none."""
    try:
        return predictions_path(place, "val").stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(max_entries=64, show_spinner=False)
def _cells(
    root: str,
    stamps: tuple[tuple[str, str, int], ...],
    own: tuple[int, str],
    _run: Run,
    _others: list[Dataset],
) -> list[MatrixCell]:
    return matrix.row(_run, _others)


def _ask(scope: Scope, runs: list[Run], rows: list[list[MatrixCell]]) -> None:
    """The button that asks whoever was not asked, and what is being asked."""
    open_ = {
        run.id: tuple(
            cell.dataset for cell in cells if cell.accuracy is None and not cell.problem and not cell.home
        )
        for run, cells in zip(runs, rows, strict=True)
        if (run.folder / RUN_MODEL).is_file()
    }
    tasks = [EvaluateAcross((run,), datasets) for run, datasets in open_.items() if datasets]
    busy = [job_progress.job_card(jobs.latest(scope.workspace, task)) for task in tasks]
    if not tasks or any(busy):
        return

    def start() -> None:
        for task in tasks:
            jobs.start(scope.workspace, task)

    count = sum(map(len, open_.values()))
    st.button(
        f"Judge {markup.plural(len(tasks), 'run')} there", icon=":material/sync:", key="cmp-across", on_click=start,
        help=f"{markup.plural(count, 'cell')} of the table: pictures are compared with what a run has learned from, and answered",
    )  # fmt: skip


def _table(rows: list[list[MatrixCell]], names: list[str], titles: Mapping[str, Markup]) -> str:
    body: list[list[markup.Cell]] = []
    for cells in rows:
        known = {cell.dataset: cell for cell in cells}
        body.append([titles[cells[0].run], *(_cell(known.get(name)) for name in names)])
    header = ["run", *(f"{name} (home)" if place == 0 else name for place, name in enumerate(names))]
    return markup.table(header, body, numeric=range(1, len(header)), caption="Runs on datasets")


def _cell(cell: MatrixCell | None) -> markup.Cell:
    if cell is None or cell.accuracy is None or cell.interval is None:
        problem = cell.problem if cell else ""
        return markup.chip("none", "not known", problem) if problem else "not asked"
    low, high = cell.interval
    out = [f"{cell.seen:,} learned from"] * bool(cell.seen) + [f"{cell.other:,} of other classes"] * bool(
        cell.other
    )
    about = f"n {cell.images:,}" + (f", without {' and '.join(out)}" if out else "")
    about += f"; {cell.note}" if cell.note else ""
    return Markup(
        f"<b>{cell.accuracy:.3f}</b> [{low:.3f}, {high:.3f}]<br><small class='fer-muted'>{markup.esc(about)}</small>"
    )


def _drops(cells: list[MatrixCell], titles: Mapping[str, Markup]) -> None:
    st.html(markup.heading("What the drop consists of", "points of accuracy, 95 %"))
    body: list[list[markup.Cell]] = []
    for cell in cells:
        parts = cell.parts
        assert parts is not None
        body.append(
            [
                titles[cell.run] + f" on {cell.dataset}",
                f"{parts.home:.3f} (n {parts.home_images:,})",
                f"{parts.away:.3f} (n {parts.away_images:,})",
                _points(parts, "drop", parts.drop),
                *(_points(parts, name, getattr(parts, name)) for name in _PARTS),
            ]
        )
    header = ["run", "home", "there", "drop", "class mix", "picture quality", "the rest"]
    st.html(markup.table(header, body, numeric=range(1, 7), caption="Parts of each drop"))
    st.html(
        '<p class="fer-muted">Home and there are of pictures of the classes in common, copies counted once, answers chosen among '
        "these classes. The images at home are weighted: so that classes are as frequent as there (class mix), then so "
        "that brightness, contrast, sharpness and size are too (picture quality); what then is left is the rest: labels by other "
        "rules, other people, poses and frames. Kitagawa 1955; weights as Cai, Namkoong and Yadlowsky 2023. – where too few "
        "images at home look like those there.</p>"
    )


def _points(parts: DropParts, name: str, value: float | None) -> markup.Cell:
    if value is None:
        return "–"
    low, high = parts.intervals.get(name, (value, value))
    return Markup(f"<b>{-100 * value:+z.1f}</b> [{-100 * high:+z.1f}, {-100 * low:+z.1f}]")
