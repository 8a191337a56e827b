"""A new run out of an old one: from scratch or as a fork, with settings that may be filled in already.

What was asked for is kept until the dialog is closed, so that a page that is drawn anew, because a run changed its
state, does not take the dialog away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.recipes.recipe import Recipe, override
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import resume, start
from fer_core.ui.components import messages
from fer_core.ui.shell import page, run_snapshots
from fer_core.ui.train import recipe_form

_ASKED, _ROUND, _DRAWN = "train-asked", "train-asked-round", "train-asked-drawn"
_ANEW, _OTHER = "start", "other"


def ask(run: str, settings: Mapping[str, Any]) -> None:
    """Open the dialog when the page is drawn next."""
    st.session_state[_ASKED] = (run, dict(settings))
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


def wanted() -> bool:
    """Whether somebody wants the dialog and the page has not drawn it yet."""
    return _ASKED in st.session_state and st.session_state.get(_DRAWN) != st.session_state[_ROUND]


def close() -> None:
    """Nobody wants it any more."""
    st.session_state.pop(_ASKED, None)


def show(workspace: Workspace) -> None:
    """Draw the dialog if it was asked for."""
    if _ASKED not in st.session_state:
        return
    st.session_state[_DRAWN] = st.session_state[_ROUND]
    name, settings = st.session_state[_ASKED]
    try:
        run = store.get(workspace, name)
    except FerError as error:
        close()
        page.show_error(error)
        return
    title = f"New run out of run {run_snapshots.title(run)}"
    st.dialog(title, width="medium", on_dismiss=close)(_body)(run, settings)


def _body(run: Run, filled: Mapping[str, Any]) -> None:
    snapshot = run_snapshots.read(run)
    recipe = run_snapshots.recipe(run)
    if recipe is None:
        messages.error(f"The recipe of run {run.id} cannot be read.", icon=":material/error:")
        return
    last = int(snapshot.rows[-1]["epoch"]) if snapshot.rows else 0
    places = {_ANEW: "scratch"}
    states = run.folder / "checkpoints"
    if last and (states / "last.npz").is_file():
        if (states / "best-state.npz").is_file() or last == snapshot.best["epoch"]:
            places["best"] = f"the best epoch, {snapshot.best['epoch']}"
        places["last"] = f"the last epoch, {last}"
    kept = _kept(run)
    if len(kept) > 1:
        places[_OTHER] = "another epoch"
    forks = "last" in places and _can_fork(run, recipe, filled)
    begin = st.segmented_control(
        "Start from", list(places), default="last" if forks else _ANEW,
        format_func=places.__getitem__, required=True, key=f"fork-place-{st.session_state.get(_ROUND)}",
        help="From scratch is the fair comparison; a fork takes over what was learned until then",
    )  # fmt: skip
    if begin == _OTHER:
        begin = str(st.select_slider("Epoch", kept, value=kept[-1], key=f"fork-epoch-{run.id}"))
    key = f"fork-{run_snapshots.number(run.id)}-{st.session_state.get(_ROUND)}"
    done = {"best": int(snapshot.best.get("epoch", 0)), "last": last, _ANEW: 0}.get(str(begin))
    longer = resume.epochs_for_fork(recipe, int(begin) if done is None else done)
    if longer != recipe.training.epochs and "training.epochs" not in filled:
        key, filled = f"{key}-longer", {**filled, "training.epochs": longer}
    settings = recipe_form.draw(recipe, key, filled, model=begin == _ANEW)
    st.html(recipe_form.summary(recipe, settings) or '<p class="fer-muted">Nothing is changed yet.</p>')
    words = "Start the run" if begin == _ANEW else "Start the fork"
    try:
        override(recipe, settings)
        if st.button(words, type="primary", icon=":material/fork_right:", width="stretch", key="fork-start"):
            _show(_start(run, str(begin), settings))
    except FerError as error:
        page.show_error(error)


def _can_fork(run: Run, recipe: Recipe, settings: Mapping[str, Any]) -> bool:
    try:
        resume.check_fork(run, override(recipe, settings))
    except FerError:
        return False
    return True


def _kept(run: Run) -> list[int]:
    """Epochs whose state was kept because `training.checkpoints` is "every"."""
    files = (run.folder / "checkpoints").glob("epoch-*.npz")
    return sorted(int(path.stem.removeprefix("epoch-")) for path in files)


def _start(run: Run, begin: str, settings: Mapping[str, Any]) -> Run:
    if begin != _ANEW:
        return resume.fork(run, int(begin) if begin.isdigit() else begin, settings)
    return start.start(run.workspace, run.dataset, run.version, run.recipe, settings)


def _show(run: Run) -> None:
    close()
    st.session_state["train-runs-current"] = run.id
    st.rerun()
