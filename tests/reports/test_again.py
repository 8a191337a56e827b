"""The command that trains a run again: read back as the shell and the verb read it, it leads to the same recipe."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from made_runs import tell_epochs

from fer_core.base.workspace import Workspace
from fer_core.cli.training import settings_of, train
from fer_core.recipes.recipe import Recipe, fields, load, override, to_toml
from fer_core.reports.model_card import reproduce
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import queue, resume


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(queue, "launch", lambda run: None)
    return Workspace(tmp_path / "a home")


def new(workspace: Workspace, recipe: Recipe, settings: dict[str, Any]) -> Run:
    """A run as `start` makes one."""
    said = {key: str(value) for key, value in settings.items()}
    return store.create_run(workspace, "faces", "v1", override(recipe, settings), settings=said)


def led_to(run: Run) -> tuple[dict[str, Any], Recipe]:
    """The options of the command, and the recipe that the verb makes of them."""
    program, verb, *words = shlex.split(reproduce(run))
    assert (program, verb) == ("fer", "train")
    options = train.make_context(verb, words).params
    settings = settings_of(options["settings"])
    if options["forked"]:
        parent, at = resume.parse_fork(options["forked"])
        made = resume.fork(store.get(run.workspace, parent), at, settings)
        assert made.info["forked_at"] == run.info["forked_at"]
        return options, made.recipe
    assert (options["name"], options["version"]) == (run.dataset, run.version)
    return options, override(load(options["recipe"]), settings)


def dropout(recipe: Recipe) -> dict[str, Any]:
    blocks = fields(recipe)["model.blocks"]
    assert isinstance(blocks, list)
    return {"model.blocks": [*blocks[:-1], {**blocks[-1], "dropout": 0.6}]}


STAGES = [{"epochs": 2, "trainable": 0.5, "learning_rate": 1e-5}]
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "as it is": ("compact", {}, {}),
    "dropout of a layer": ("compact", {}, dropout(load("compact"))),
    "stages and a flag": ("progressive", {}, {"progressive.stages": STAGES, "augmentation.horizontal_flip": False}),
    "another kind": ("compact", {}, {"schedule.name": "one_cycle", "optimizer.name": "sgd"}),
    "a start whose name needs quotes": ("compact", {}, {"model.start": "it's \"mine\".keras"}),
    "a trial of a search": ("compact", {"training.batch_size": 32}, {"optimizer.learning_rate": 2e-3}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_leads_to_the_recipe_of_the_run(workspace: Workspace, case: str) -> None:
    name, before, settings = CASES[case]
    run = new(workspace, override(load(name), before), settings)
    options, recipe = led_to(run)
    assert options["recipe"] == name
    assert recipe == run.recipe


def test_what_started_from_a_run_has_the_changes_of_that_run(workspace: Workspace) -> None:
    first = new(workspace, load("compact"), {"training.epochs": 60, "optimizer.learning_rate": 4e-3})
    run = new(workspace, load(str(first.folder / "recipe.toml")), {"model.start": first.id})
    options, recipe = led_to(run)
    assert options["recipe"] == "compact"
    assert recipe == run.recipe
    assert (recipe.training.epochs, recipe.model.start) == (60, first.id)


@pytest.mark.parametrize(
    "changed", [{}, {"training.seed": 3}, {"schedule.begin_after": 0, "optimizer.learning_rate": 1e-4}]
)
def test_a_fork_begins_where_it_began_and_has_the_changes_of_its_parent(
    workspace: Workspace, changed: dict[str, Any]
) -> None:
    parent = new(workspace, load("compact"), {"training.batch_size": 32, "training.epochs": 3})
    (parent.folder / "checkpoints").mkdir()
    (parent.folder / "checkpoints" / "last.npz").write_bytes(b"state")
    tell_epochs(parent, [0.4, 0.5, 0.6])
    run = resume.fork(parent, "last", {"training.epochs": 9, **changed})
    options, recipe = led_to(run)
    assert options["forked"] == f"{parent.id}@3"
    assert recipe == run.recipe
    assert recipe.training.batch_size == 32


def test_a_recipe_of_somebody_is_named_by_the_file_that_the_run_keeps(
    workspace: Workspace, tmp_path: Path
) -> None:
    for name in (
        "mine",
        "compact",
    ):  # the second is called as a built-in one, and says other things of itself
        file = tmp_path / f"{name}.toml"
        text = to_toml(override(load("compact"), {"training.epochs": 5}))
        file.write_text(text.replace('name = "compact"', f'name = "{name}"').replace(
            f'description = "{load("compact").description}"', 'description = "my own"'))  # fmt: skip
        run = new(workspace, load(str(file)), {"training.batch_size": 16})
        options, recipe = led_to(run)
        assert options["recipe"] == str(run.folder / "recipe.toml")
        assert recipe == run.recipe
