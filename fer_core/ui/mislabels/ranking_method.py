"""Which ranking is on screen, and how another one is made: a job that is followed here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from fer_core import jobs, mislabels
from fer_core.base.checksums import checked_file
from fer_core.jobs.tasks import RankLabels
from fer_core.mislabels import judges
from fer_core.mislabels.carry import AT_ONCE_UP_TO
from fer_core.recipes.recipe import builtin_names
from fer_core.runs import store
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import cache, job_progress
from fer_core.ui.shell.page import Scope

_WAYS = {
    "emotions": "emotions: the model that ships, for images it has not learned; finds most",
    "quick": "quick: a small model, out of fold, a minute for 20,000 images",
    "folds": "folds: a recipe trained in folds, minutes, and better",
    "run": "run: a finished run, for images it did not train on",
    "file": "file: probabilities of another program",
}

_KEPT = "mis-method-kept"


def chosen(scope: Scope) -> str | None:
    """The method whose ranking is shown: as the address says, else the best there is; None where there is none.

    Rankings of an earlier version carry over first, where that takes a moment.
    """
    known = mislabels.methods(scope.dataset, scope.version.id)
    if not known and scope.version.parent is not None:
        with st.spinner("Carrying over the ranking of the version before"):
            judges.carry_over(scope.dataset, scope.version.id, most=AT_ONCE_UP_TO)
        known = mislabels.methods(scope.dataset, scope.version.id)
    if not known:
        return None
    best = known[0]
    if scope.arrived and (kept := st.session_state.get(_KEPT)) in known and "method" not in st.query_params:
        st.query_params["method"] = kept
    wanted = str(st.query_params.get("method", ""))
    if wanted and wanted not in known:
        messages.warning(f"There is no ranking by {wanted} of this version. Showing {best}.")
    st.session_state[_KEPT] = wanted if wanted in known else best
    return str(st.session_state[_KEPT])


def first(scope: Scope) -> None:
    """No ranking yet: what it is, and one button; other ways are folded away."""
    with st.container(border=True):
        if _followed(scope):
            return
        st.html(
            markup.heading("Which labels are likely wrong?")
            + '<p class="fer-note">The model that ships says what it sees in every face it has not learned; a quick one, '
            "which learns what the classes look like here, judges the others as if it had seen neither the picture nor a "
            "copy of it. Then you look at the likeliest mistakes, one key each.</p>"
        )
        if st.button("Rank the labels", type="primary", icon=":material/sort:", key="rank"):
            _start(scope, _task(scope, judges.best(scope.dataset, scope.version.id)))
        with st.expander("Other ways to rank"):
            _form(scope)


def card(scope: Scope, method: str) -> None:
    """Switch between the rankings there are, and make another."""
    known = mislabels.methods(scope.dataset, scope.version.id)

    def switch() -> None:
        st.query_params["method"] = st.session_state["mis-method"]

    with st.container(border=True):
        st.html(markup.heading("Ranking"))
        st.selectbox("Judged by", known, index=known.index(method), key="mis-method", on_change=switch)
        found = cache.ranking(scope.dataset, scope.version.id, method)
        if found is not None and (words := mislabels.told_words(found.attrs.get("about", {}))):
            st.caption(" ".join(words))
        if found is not None and judges.is_outdated(scope.dataset, found):
            messages.warning(
                "Another model ships now than the one that made this ranking.", icon=":material/update:"
            )
            if st.button("Rank again", key="mis-again", icon=":material/sort:"):
                _start(scope, _task(scope, "emotions"))
        elif found is not None and "carried" in found.attrs.get("about", {}):
            _again(scope, found.attrs["about"])
        if not _followed(scope):
            with st.expander("Rank another way"):
                _form(scope)


def _again(scope: Scope, about: Mapping[str, Any]) -> None:
    """Rank a version anew whose ranking is carried over; a file is read from where it was."""
    way, what = str(about["kind"]), str(about.get("run") or about.get("path") or "")
    options = {key: about[key] for key in ("recipe", "folds", "epochs") if way == "folds"}
    if st.button("Rank again", key="mis-again", icon=":material/sort:"):
        _start(scope, _task(scope, f"{way}:{what}" if what else way, anew=True, **options))


def _form(scope: Scope) -> None:
    way = st.selectbox("Judge", list(_WAYS), format_func=_WAYS.__getitem__, key="mis-way")
    task: RankLabels | None = _task(scope, way)
    if way == "folds":
        names = builtin_names()
        recipe = st.selectbox(
            "Recipe", names, index=names.index("compact") if "compact" in names else 0, key="mis-recipe"
        )
        folds = st.number_input("Folds", 2, 20, 2, key="mis-folds")
        epochs = st.number_input("Epochs of each", 1, 500, 18, key="mis-epochs")
        task = _task(scope, way, recipe=str(recipe), folds=int(folds), epochs=int(epochs))
    elif way == "run":
        done = [run.id for run in store.list_runs(scope.workspace) if run.state == "finished"]
        run = st.selectbox("Run", done, key="mis-run", placeholder="no finished run yet")
        task = _task(scope, f"run:{run}") if run else None
    elif way == "file":
        upload = st.file_uploader(
            "CSV or Parquet",
            type=["csv", "parquet"],
            key="mis-file",
            help="image_id or path, and one column per class",
        )
        kept = _keep(scope, upload.name, upload.getvalue()) if upload is not None else None
        task = _task(scope, f"file:{kept}") if kept else None
    if st.button("Rank", key="mis-rank", icon=":material/sort:", disabled=task is None) and task:
        _start(scope, task)


def _keep(scope: Scope, name: str, content: bytes) -> Path:
    """An upload as a file of the dataset, under its own name: the ranking is called after it."""
    clean = re.sub(r"[^\w.-]+", "-", Path(name).name).lstrip(".-") or "probabilities.csv"
    target = scope.dataset.quality_dir / "probabilities" / clean
    if not target.is_file() or target.read_bytes() != content:
        with checked_file(target) as temporary:
            temporary.write_bytes(content)
    return target


def _task(scope: Scope, method: str, **options: Any) -> RankLabels:
    return RankLabels(scope.dataset.name, scope.version.id, method, **options)


def _start(scope: Scope, task: RankLabels) -> None:
    jobs.start(scope.workspace, task)
    st.rerun()


def _followed(scope: Scope) -> bool:
    """Follow a ranking of this version that runs; say why the last one failed."""
    found = jobs.latest(scope.workspace, RankLabels, dataset=scope.dataset.name, version=scope.version.id)
    return job_progress.job_card(found, on_end=_show)


def _show(job: jobs.Job) -> None:
    """The ranking that was made is the one on screen."""
    if job.state == "finished" and isinstance(job.task, RankLabels):
        st.query_params["method"] = job.task.ranking
