"""What a new run is made of before its fields: a preset or a recipe, and what its network starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fer_core.inference import foreign, model_registry
from fer_core.models import published
from fer_core.recipes.recipe import (
    Recipe,
    Setting,
    builtin_names,
    changes_from_parent,
    fields,
    load,
    override,
)
from fer_core.scheduling import known_cost, presets, starting_points
from fer_core.ui.components import markup, messages
from fer_core.ui.predict import add_model
from fer_core.ui.shell import page, run_snapshots
from fer_core.ui.shell.run_snapshots import RunSnapshot
from fer_core.ui.train import estimate, recipe_form

ROUND = "train-form-round"
_RECIPE, _PRESET, _START, _FILLED = "train-recipe", "train-preset", "train-start-from", "train-filled"
_DRAWN = "train-start-drawn"  # the start on the page that was last seen
_SCRATCH, _SHIPPED, _RUN, _IMPORTED = "scratch", model_registry.SHIPPED, "run", "imported"
_STARTS = {_SCRATCH: "Scratch", _SHIPPED: "Shipped", _RUN: "Run", _IMPORTED: "File"}


@dataclass(frozen=True)
class RecipeChoice:
    """What the form begins with.

    Attributes:
        source: name of the recipe, or the path of a run's.
        recipe: as loaded from there.
        key: of the form.
        filled: what a preset fills in.
        start: what the choice of a start changes.
        missing: what is still to be chosen, a sentence or "".
    """

    source: str
    recipe: Recipe
    key: str
    filled: Mapping[str, Setting]
    start: Mapping[str, Setting]
    missing: str


def draw(scope: page.Scope, snapshots: Sequence[RunSnapshot]) -> RecipeChoice:
    """Presets, recipe and start, one under the other."""
    state = st.session_state
    names = [name for name in builtin_names() if name != "base"]
    if state.get(_RECIPE) not in names:
        asked = st.query_params.get(_RECIPE)
        state[_RECIPE] = asked if asked in names else state.get("train-recipe-kept", presets.FAST)
        if asked and asked not in names:
            messages.warning(f"There is no recipe {asked!r} to choose; {state[_RECIPE]} is shown.")
    if _PRESET not in state:
        state[_PRESET] = presets.named(str(state[_RECIPE]), state.get(_FILLED, {}))
    _presets(scope, snapshots)
    name = st.selectbox("Recipe", names, key=_RECIPE, bind="query-params", on_change=_chose_recipe)
    state["train-recipe-kept"] = name
    kind = st.segmented_control(
        "Start from", list(_STARTS), format_func=_STARTS.__getitem__, default=_SCRATCH, required=True, key=_START,
        persist_state="session", on_change=_chose_start, width="stretch",
        help="What the network begins with. With few images a start that knows faces is worth more than any other setting.",
    )  # fmt: skip
    state[_DRAWN] = kind
    source, start, missing = str(name), "", ""
    if kind == _SHIPPED:
        start = _SHIPPED
    elif kind == _RUN:
        source, start, missing = _run(snapshots, source)
    elif kind == _IMPORTED:
        start, missing = _imported(scope)
    filled = {} if source not in names else state.get(_FILLED, {})  # a run's recipe is its own
    recipe = load(source)
    _origin(recipe, bool(start))
    key = f"train-{source if source in names else start}-{state.get(ROUND, 0)}"
    return RecipeChoice(source, recipe, key, filled, {"model.start": start} if start else {}, missing)


def anew() -> None:
    """The recipe's own values in every field."""
    st.session_state[_FILLED] = {}
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    st.session_state[_PRESET] = presets.named(str(st.session_state.get(_RECIPE)), {})


def _presets(scope: page.Scope, snapshots: Sequence[RunSnapshot]) -> None:
    found = {one.name: one for one in presets.presets()}
    past = estimate.past(snapshots)
    captions = []
    for one in found.values():
        recipe = override(load(one.recipe), one.settings)
        cost = known_cost.cost_of(past, recipe, scope.version.id, estimate.images(scope))
        took = (
            f"about {markup.duration(cost.epoch_seconds * recipe.training.epochs)} here"
            if cost
            else "time not known yet"
        )
        captions.append(f"{one.about} · **{took}**")
    st.radio(
        "Preset", list(found), captions=captions, format_func=str.capitalize, key=_PRESET, index=None,
        label_visibility="collapsed", persist_state="session", on_change=_chose_preset,
    )  # fmt: skip


def _fill(recipe: str, settings: Mapping[str, Any]) -> None:
    state = st.session_state
    state[_RECIPE], state[_FILLED] = recipe, dict(settings)
    state[ROUND] = state.get(ROUND, 0) + 1
    state[_PRESET] = presets.named(recipe, settings)


def _chose_preset() -> None:
    one = next(one for one in presets.presets() if one.name == st.session_state[_PRESET])
    _fill(one.recipe, one.settings)
    _keep_start(one.recipe)


def _chose_recipe() -> None:
    _fill(str(st.session_state[_RECIPE]), {})
    _keep_start(str(st.session_state[_RECIPE]))


def _keep_start(recipe: str) -> None:
    """A start that needs another recipe, or brings its own, gives way; one that was chosen right after the recipe does not."""
    start = st.session_state.get(_START)
    if start != st.session_state.get(_DRAWN):
        return
    if start == _RUN or presets.recipe_for_start(str(start)) not in (None, recipe):
        st.session_state[_START] = _SCRATCH


def _chose_start() -> None:
    needed = presets.recipe_for_start(str(st.session_state[_START]))
    if needed and st.session_state[_RECIPE] != needed:
        _fill(needed, {})


def _run(snapshots: Sequence[RunSnapshot], usual: str) -> tuple[str, str, str]:
    """Recipe and id of a run that has weights; what is missing where there is none."""
    able = {
        one.id: one
        for one in snapshots
        if (one.run.folder / starting_points.RUN_NETWORK).is_file() and run_snapshots.recipe(one.run)
    }
    if not able:
        return usual, "", "No run has weights to start from yet"
    chosen = st.selectbox(
        "Run to start from", list(able), key="train-start-run", persist_state="session",
        format_func=lambda name: f"{able[name].title} · {able[name].best.get('val_accuracy', 0):.3f}",
        help="Its recipe is taken, for the network has to be the same; the best epoch's weights are the start",
    )  # fmt: skip
    return str(able[str(chosen)].run.folder / "recipe.toml"), str(chosen), ""


def _imported(scope: page.Scope) -> tuple[str, str]:
    names = foreign.kept_names(scope.workspace)
    chosen = None
    if names:
        chosen = st.selectbox(
            "Imported file", names, key="train-start-file", persist_state="session",
            help="Its layers have to be those of the recipe above; this is checked before the run is made",
        )  # fmt: skip
    add_model.button(scope.workspace)
    return (str(chosen), "") if chosen else ("", "Add a .keras or .h5 file to start from")


def _origin(recipe: Recipe, started: bool) -> None:
    """What the recipe is, and what it changes against the one it extends."""
    st.html(f'<p class="fer-muted fer-tight">{markup.esc(recipe.description)}.</p>')
    if not started and (told := published.weights_availability(recipe.model)):
        st.html(f'<p class="fer-muted fer-tight">{markup.esc(told)}.</p>')
    if recipe.extends and recipe.name in builtin_names():
        parent = load(recipe.extends)
        before = fields(parent)
        every = changes_from_parent(recipe.name)
        changes = {field: new for field, new in every.items() if before.get(field) != new}
        with st.popover(
            f"{markup.plural(len(changes), 'setting')} {'differs' if len(changes) == 1 else 'differ'} from {recipe.extends}",
            type="tertiary",
        ):
            st.html(recipe_form.summary(parent, changes))
