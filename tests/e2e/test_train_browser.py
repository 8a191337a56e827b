"""Train by clicks alone: the start that ships, and an imported file as a start."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from driver import App, Screen
from train_form import PATIENCE, choose, click, ended, fill, split_sample

from fer_core.base.workspace import Workspace
from fer_core.runs import store

IN_SIGHT = """() => { const run = document.querySelector('.st-key-train-run')?.getBoundingClientRect();
  return run && run.top >= 0 && run.top < innerHeight / 2; }"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    return split_sample(app)


def in_view(screen: Screen, name: str) -> bool:
    box = (
        screen.page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).first.bounding_box()
    )
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 900


def test_a_run_begins_with_the_model_that_ships(screen: Screen, workspace: Workspace) -> None:
    screen.open("train?dataset=sample")
    assert in_view(screen, "Train")  # without scrolling
    screen.sees("No runs of sample yet")
    choose(screen, "Shipped", "The model that ships with the app")
    fill(screen, "epochs", "1", "36 → 1")
    assert in_view(screen, "Train")
    click(screen, "Train")
    screen.sees("Run 1 · shipped · 1 epoch, from shipped", timeout=PATIENCE)
    screen.page.wait_for_function(IN_SIGHT)
    run = ended(workspace, 1)
    assert run.info["start"]["name"] == run.recipe.model.start == "shipped"
    screen.no_exception()


def test_a_keras_file_is_added_by_clicks_and_is_a_start(
    screen: Screen, workspace: Workspace, tmp_path: Path
) -> None:
    brought = tmp_path / "brought.keras"
    shutil.copyfile(store.get(workspace, "1").folder / "best.keras", brought)
    screen.open("train?dataset=sample")
    screen.page.get_by_role("combobox", name="Recipe").fill("shipped")
    screen.page.get_by_role("option", name="shipped", exact=True).click()
    choose(screen, "File", "Add a .keras or .h5 file to start from")
    assert screen.page.get_by_role("button", name="Train", exact=True).is_disabled()
    click(screen, "Add a model file")
    screen.page.get_by_role("dialog").locator("input[type=file]").set_input_files(str(brought))
    # What its answers mean stands in no Keras file: it is asked.
    screen.page.get_by_role("dialog").get_by_role("button", name="Use it").click(timeout=PATIENCE * 1000)
    screen.page.get_by_role("dialog").wait_for(state="detached", timeout=PATIENCE * 1000)
    fill(screen, "epochs", "1", "36 → 1")
    click(screen, "Train")
    run = ended(workspace, 2)
    assert run.info["start"]["name"] == run.recipe.model.start == "brought"
    screen.no_exception()
