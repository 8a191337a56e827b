"""The card that makes a run: version, recipe, what is changed, what it would take, Train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from markupsafe import Markup

from fer_core import recipes
from fer_core.base.errors import FerError
from fer_core.models import published
from fer_core.recipes.recipe import Recipe
from fer_core.runs.run import Run
from fer_core.scheduling import experiments, queue, start
from fer_core.splits import certificate
from fer_core.ui.components import markup, messages
from fer_core.ui.shell import page
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import estimate, recipe_form, run_queue, warnings

_ROUND = "train-form-round"


def card(scope: page.Scope, snapshots: Sequence[RunSnapshot]) -> None:
    """Draw the card."""
    with st.container(border=True, key="train-new"):
        st.html(markup.heading("New run"))
        _version(scope)
        names = [name for name in recipes.names() if name != "base"]
        name = st.selectbox(
            "Recipe", names, index=names.index("compact"), key="train-recipe", bind="query-params"
        )
        recipe = recipes.load(name)
        _origin(recipe)
        key = f"train-{name}-{st.session_state.get(_ROUND, 0)}"
        settings = recipe_form.draw(recipe, key, more=lambda: _several(scope, key))
        if settings:
            st.html(recipe_form.summary(recipe, settings))
        cautions = warnings.of(scope)
        warnings.draw(scope, cautions)
        blocked = any(one.blocks for one in cautions)
        try:
            changed = recipes.override(recipe, settings)
        except FerError as error:
            page.show_error(error)
            _buttons(scope, recipe, settings, key, blocked=True)
            return
        asked = warnings.of_recipe(scope, changed)
        warnings.draw(scope, asked)
        blocked = blocked or any(one.blocks for one in asked)
        estimate.card(scope, name, changed, settings, snapshots)
        _buttons(scope, recipe, settings, key, blocked=blocked)


def _version(scope: page.Scope) -> None:
    """Which version it trains on, with its certificate."""
    versions = {version.id: version for version in scope.dataset.versions()[::-1]}

    def label(one: str) -> str:
        version = versions[one]
        images = int(version.counts.get("images", 0))
        return f"{version.number} · {version.name or version.operation} · {images:,} images"

    def choose() -> None:
        wanted = str(st.session_state[key])
        page.select(scope.dataset.name, None if wanted == scope.dataset.head else wanted)

    key = f"train-version-{scope.version.id}"
    st.selectbox(
        "Version", list(versions), index=list(versions).index(scope.version.id), format_func=label, key=key, on_change=choose,
    )  # fmt: skip
    splits = scope.version.images_per_split
    told = f"{splits.get('train', 0):,} to train on, {splits.get('val', 0):,} to validate on"
    st.html(f'<p class="fer-muted fer-tight">{told} {_certified(scope)}</p>')


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


def _origin(recipe: Recipe) -> None:
    """What the recipe is, and what it changes against the one it extends."""
    changes = {
        key: value for key, value in recipes.changes_from_parent(recipe.name).items() if key != "model.blocks"
    }
    st.html(f'<p class="fer-muted fer-tight">{markup.esc(recipe.description)}.</p>')
    if told := published.sentence(recipe.model):
        st.html(f'<p class="fer-muted fer-tight">{markup.esc(told)}.</p>')
    if recipe.extends:
        with st.expander(f"Extends {recipe.extends}; {markup.plural(len(changes), 'setting')} differ"):
            st.html(recipe_form.summary(recipes.load(recipe.extends), changes))


def _several(scope: page.Scope, key: str) -> None:
    """How often: seeds, or the folds this dataset was split into."""
    st.number_input(
        "seeds", value=1, min_value=1, max_value=experiments.MOST, key=f"{key}-seeds",
        help="More than one: as many runs, alike but for the seed, as one experiment with mean and spread",
    )  # fmt: skip
    counts = sorted(
        {int(v.parameters["folds"]) for v in scope.dataset.versions() if v.operation == "stratify" and v.parameters.get("folds")}
    )  # fmt: skip
    if counts:
        st.selectbox(
            "folds", [0, *counts], format_func=lambda k: f"{k} folds" if k else "none", key=f"{key}-folds",
            help="A run on each fold of the newest split into so many, as one experiment",
        )  # fmt: skip


def _buttons(
    scope: page.Scope, recipe: Recipe, settings: Mapping[str, Any], key: str, *, blocked: bool
) -> None:
    with st.container(horizontal=True, gap="small", key="train-buttons"):
        now = st.button(
            "Train", type="primary", icon=":material/play_arrow:", key="train-start", disabled=blocked,
            help="Starts now; while another run works, it is the next",
        )  # fmt: skip
        later = st.button(
            "Queue", icon=":material/playlist_add:", key="train-later", disabled=blocked,
            help="To the end of the queue; you go on watching the run on screen",
        )  # fmt: skip
        if st.button("Reset", key="train-reset", disabled=not settings, help="The recipe's own values again"):
            st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
            st.rerun()
    if now or later:
        try:
            made = _start(scope, recipe, settings, key)
        except FerError as error:
            page.show_error(error)
            return
        if now:
            for run in reversed(made):
                if run.state == "queued":
                    queue.move(run, 1)
            st.session_state[f"{run_queue.KEY}-current"] = made[0].id
        else:
            messages.toast(
                f"{markup.plural(len(made), 'run')} in the queue.", icon=":material/playlist_add_check:"
            )
        st.rerun()


def _start(scope: page.Scope, recipe: Recipe, settings: Mapping[str, Any], key: str) -> list[Run]:
    seeds, folds = (int(st.session_state.get(f"{key}-{name}") or 0) for name in ("seeds", "folds"))
    if folds:
        return experiments.folds(scope.dataset, recipe, folds, settings)
    if seeds > 1:
        return experiments.seeds(scope.dataset, scope.version, recipe, seeds, settings)
    return [start.start(scope.workspace, scope.dataset, scope.version.id, recipe, settings)]
