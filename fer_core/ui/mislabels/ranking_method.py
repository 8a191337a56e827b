"""Which ranking is on screen, and how another one is made: a job that is followed here."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from fer_core import jobs
from fer_core.quality import mislabels
from fer_core.runs import store
from fer_core.training import recipe as recipes
from fer_core.ui import html, live
from fer_core.ui.page import Scope
from fer_core.workspace import write_atomic

_WAYS = {
    "quick": "quick: a small model, out of fold, a minute for 20,000 images",
    "folds": "folds: a recipe trained in folds, minutes, and better",
    "run": "run: a finished run, for images it did not train on",
    "file": "file: probabilities of another program",
}
_BROKEN = "The ranking ended without a word. Its log is in the workspace."


def chosen(scope: Scope) -> str | None:
    """The method whose ranking is shown: as the address says, else the best there is; None where there is none."""
    known = mislabels.methods(scope.dataset, scope.version.id)
    if not known:
        return None
    best = "folds" if "folds" in known else known[0]
    wanted = str(st.query_params.get("method", ""))
    if wanted and wanted not in known:
        st.warning(f"There is no ranking by {wanted} of this version. Showing {best}.")
    return wanted if wanted in known else best


def first(scope: Scope) -> None:
    """No ranking yet: what it is, and one button; other ways are folded away."""
    with st.container(border=True):
        if _followed(scope):
            return
        st.html(
            html.heading("Which labels are likely wrong?")
            + '<p class="fer-note">A quick model learns what the classes look like and judges every label as if it had '
            "seen neither the picture nor a copy of it, about a thousand a second. "
            "Then you look at the likeliest mistakes, one key each.</p>"
        )
        if st.button("Rank the labels", type="primary", icon=":material/sort:", key="rank"):
            _start(scope, ["--method", "quick"])
        with st.expander("Other ways to rank"):
            _form(scope)


def card(scope: Scope, method: str) -> None:
    """Switch between the rankings there are, and make another."""
    known = mislabels.methods(scope.dataset, scope.version.id)

    def switch() -> None:
        st.query_params["method"] = st.session_state["mis-method"]

    with st.container(border=True):
        st.html(html.heading("Ranking"))
        st.selectbox("Judged by", known, index=known.index(method), key="mis-method", on_change=switch)
        if not _followed(scope):
            with st.expander("Rank another way"):
                _form(scope)


def _form(scope: Scope) -> None:
    way = st.selectbox("Judge", list(_WAYS), format_func=_WAYS.__getitem__, key="mis-way")
    args: list[str] | None = ["--method", way]
    if way == "folds":
        names = recipes.names()
        recipe = st.selectbox(
            "Recipe", names, index=names.index("compact") if "compact" in names else 0, key="mis-recipe"
        )
        folds = st.number_input("Folds", 2, 20, 2, key="mis-folds")
        epochs = st.number_input("Epochs of each", 1, 500, 18, key="mis-epochs")
        args = ["--method", way, "--recipe", str(recipe), "--folds", str(folds), "--epochs", str(epochs)]
    elif way == "run":
        done = [run.id for run in store.list_runs(scope.workspace) if run.state == "finished"]
        run = st.selectbox("Run", done, key="mis-run", placeholder="no finished run yet")
        args = ["--method", f"run:{run}"] if run else None
    elif way == "file":
        upload = st.file_uploader(
            "CSV or Parquet",
            type=["csv", "parquet"],
            key="mis-file",
            help="image_id or path, and one column per class",
        )
        kept = _keep(scope, upload.name, upload.getvalue()) if upload is not None else None
        args = ["--method", f"file:{kept}"] if kept else None
    if st.button("Rank", key="mis-rank", icon=":material/sort:", disabled=args is None) and args:
        _start(scope, args)


def _keep(scope: Scope, name: str, content: bytes) -> Path:
    """An upload as a file of the dataset, under its own name: the ranking is called after it."""
    clean = re.sub(r"[^\w.-]+", "-", Path(name).name).lstrip(".-") or "probabilities.csv"
    target = scope.dataset.quality_dir / "probabilities" / clean
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.read_bytes() != content:
        write_atomic(target, content)
    return target


def _start(scope: Scope, args: list[str]) -> None:
    name = scope.dataset.name
    verb = ["mislabels", name, "--version", scope.version.id, *args]
    jobs.start(scope.workspace, verb, title=f"Ranking the labels of {name}")
    st.rerun()


def _followed(scope: Scope) -> bool:
    """Follow a ranking of this version that runs; say why the last one failed."""
    mine = [
        job
        for job in jobs.recent(scope.workspace)
        if job.args[:2] == ["mislabels", scope.dataset.name] and scope.version.id in job.args
    ]
    if mine and mine[0].state == "running":
        _follow(scope, mine[0].id)
        return True
    if mine and mine[0].state in {"failed", "lost"}:
        st.error(mine[0].error or _BROKEN, icon=":material/error:")
    return False


@st.fragment(run_every=0.7)
def _follow(scope: Scope, job_id: str) -> None:
    job = jobs.get(scope.workspace, job_id)
    if job.state != "running":
        if job.state == "finished":
            st.query_params["method"] = _method_of(job.args)
        st.rerun(scope="app")
    live.job_progress(job, job.title)
    if st.button("Stop", icon=":material/stop:", key=f"stop-{job_id}"):
        job.stop()
        st.rerun(scope="app")


def _method_of(args: list[str]) -> str:
    """The name under which a job's ranking is kept."""
    said = args[args.index("--method") + 1] if "--method" in args else "quick"
    kind, _, what = said.partition(":")
    return f"file:{Path(what).name}" if kind == "file" else said
