"""The card that makes a run: recipe and start, what is changed, what is expected; and Train, always in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from markupsafe import Markup

from fer_core.base.errors import FerError
from fer_core.data.manifest import classes
from fer_core.recipes.recipe import Recipe, override
from fer_core.runs.run import Run
from fer_core.scheduling import experiments, queue, start
from fer_core.splits import certificate
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import page
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import (
    changes,
    estimate,
    expectation,
    layers,
    rate_card,
    recipe_choice,
    recipe_form,
    run_queue,
    warnings,
)  # fmt: skip
from fer_core.ui.train.recipe_choice import RecipeChoice

_IN_VIEW = "train-run-in-view"


@dataclass(frozen=True)
class FormState:
    """What stands on the form: a recipe, and what is changed in it."""

    recipe: Recipe
    settings: Mapping[str, Any]


def card(scope: page.Scope, snapshots: Sequence[RunSnapshot], *, folded: bool) -> FormState:
    """Draw the card, and what starts the run beneath it.

    Args:
        scope: dataset and version.
        snapshots: the runs there are.
        folded: whether the fields wait in their drawer, because a run is on screen.
    """
    with st.container(border=True, key="train-new"):
        splits = scope.version.images_per_split
        told = f"{splits.get('train', 0):,} to train on, {splits.get('val', 0):,} to validate"
        st.html(markup.heading("New run", told, _certified(scope)))
        chosen = recipe_choice.draw(scope, snapshots)
        with st.expander("All settings", expanded=not folded, key="train-drawer", icon=":material/tune:"):
            changed = recipe_form.draw(
                chosen.recipe,
                chosen.key,
                chosen.filled,
                start=False,
                more=lambda: _several(scope, chosen.key),
            )
        changes.draw(chosen.recipe, changed, chosen.key, recipe_choice.anew)
        expectation.fields()
    form = FormState(chosen.recipe, {**changed, **chosen.start})
    with st.container(border=True, key="train-actions", gap="small"):
        _actions(scope, form, chosen, snapshots)
    return form


def _actions(
    scope: page.Scope, form: FormState, chosen: RecipeChoice, snapshots: Sequence[RunSnapshot]
) -> None:
    """What the run would take, what is to be known before, and the buttons."""
    cautions = warnings.of(scope)
    problem: FerError | None = None
    try:
        whole = override(form.recipe, form.settings)
        cautions += warnings.of_recipe(scope, whole)
    except FerError as error:
        problem = error
    blocked = bool(problem or chosen.missing) or any(one.blocks for one in cautions)
    if problem:
        page.show_error(problem)
    if chosen.missing:
        st.html(markup.chip("warn", chosen.missing))
    warnings.draw(scope, cautions)
    if not problem:
        estimate.card(scope, chosen.source, whole, form.settings, snapshots)
        staged = bool(whole.progressive.stages)  # those have rates of their own
        if not staged:
            rate_card.progress(scope, chosen.source, form.settings)
        with st.container(horizontal=True, gap="small", key="train-looks"):
            estimate.button(scope, chosen.source, form.settings)
            layers.button(whole, len(classes(scope.manifest)))
            if not staged:
                widget = recipe_form.rate_widget(chosen.key, whole.optimizer.name)
                rate_card.button(scope, chosen.source, form.settings, widget)
    _buttons(scope, form, chosen.key, blocked=blocked)


def _certified(scope: page.Scope) -> Markup:
    found = certificate.load(scope.dataset, scope.version.id)
    if found is None:
        return markup.chip(
            "none", "not certified", "Stratify checks every pair of images in different splits"
        )
    if found.holds:
        return markup.chip(
            "good" if found.current else "warn",
            "certified" if found.current else "certified, not as far as is usual",
            f"{found.pairs_checked:,} pairs across splits checked for {found.scope}: no copy found",
        )
    return markup.chip("bad", "has leaks", "Its certificate does not hold: Stratify shows the pairs")


def _several(scope: page.Scope, key: str) -> None:
    """How often: seeds, or the folds this dataset was split into."""
    folded = bool(st.session_state.get(f"{key}-folds"))
    st.number_input(
        "seeds", value=1, min_value=1, max_value=experiments.MOST, key=f"{key}-seeds", persist_state="session",
        disabled=folded,
        help="More than one: as many runs, alike but for the seed, as one experiment with mean and spread",
    )  # fmt: skip
    counts = sorted(
        {int(v.parameters["folds"]) for v in scope.dataset.versions() if v.operation == "stratify" and v.parameters.get("folds")}
    )  # fmt: skip
    if counts:
        st.selectbox(
            "folds", [0, *counts], format_func=lambda k: f"{k} folds" if k else "none", key=f"{key}-folds",
            persist_state="session",
            help="A run on each fold of the newest split into so many, as one experiment",
        )  # fmt: skip
    if folded:
        st.html('<p class="fer-muted">One run on each fold, all with one seed: seeds do not count here.</p>')


def _buttons(scope: page.Scope, form: FormState, key: str, *, blocked: bool) -> None:
    with st.container(horizontal=True, gap="small", key="train-buttons"):
        now = st.button(
            "Train", type="primary", icon=":material/play_arrow:", key="train-start", disabled=blocked, width="stretch",
            help="Starts now; while another run works, it is the next",
        )  # fmt: skip
        later = st.button(
            "Queue", icon=":material/playlist_add:", key="train-later", disabled=blocked,
            help="To the end of the queue; you go on watching the run on screen",
        )  # fmt: skip
    if now or later:
        try:
            made = _start(scope, form, key)
        except FerError as error:
            page.show_error(error)
            return
        expectation.keep(made)
        if now:
            for run in reversed(made):
                if run.state == "queued":
                    queue.move(run, 1)
            run_queue.show(made[0])
            st.session_state[_IN_VIEW] = st.session_state.get(_IN_VIEW, 0) + 1
        else:
            messages.toast(
                f"{markup.plural(len(made), 'run')} in the queue.", icon=":material/playlist_add_check:"
            )
        st.rerun()


def pressed() -> int:
    """How often Train was pressed in this visit."""
    return int(st.session_state.get(_IN_VIEW, 0))


def _start(scope: page.Scope, form: FormState, key: str) -> list[Run]:
    recipe, settings = form.recipe, form.settings
    seeds, folds = (int(st.session_state.get(f"{key}-{name}") or 0) for name in ("seeds", "folds"))
    if folds:
        return experiments.folds(scope.dataset, recipe, folds, settings)
    if seeds > 1:
        return experiments.seeds(scope.dataset, scope.version, recipe, seeds, settings)
    return [start.start(scope.workspace, scope.dataset, scope.version.id, recipe, settings)]
