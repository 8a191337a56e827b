"""Train by clicks alone: the start that ships, an imported file as a start, a rate looked for, a search to its winner."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from driver import App, Screen
from playwright.sync_api import TimeoutError

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import search
from fer_core.splits.stratify import save_plan, stratify

PATIENCE = 240  # seconds: the machine may be busy with other things
IN_SIGHT = """() => { const run = document.querySelector('.st-key-train-run')?.getBoundingClientRect();
  return run && run.top >= 0 && run.top < innerHeight / 2; }"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    workspace = Workspace(app.home)
    dataset = make_sample(workspace, count=120)
    save_plan(dataset, stratify(dataset.manifest()))
    return workspace


def until(what: Callable[[], Any], told: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


def ended(workspace: Workspace, number: int) -> Run:
    until(lambda: len(store.list_runs(workspace)) >= number, lambda: "the run was not made")
    run = store.get(workspace, str(number))
    until(lambda: not run.active, lambda: f"{run.status()}: {run.log_tail()}")
    assert run.state == "finished", run.log_tail()
    return run


def fill(screen: Screen, label: str, value: str, said: str = "") -> None:
    """Fill a field until the page says so: a form that gives way to another recipe's takes what was typed along."""
    for _ in range(6):
        screen.still()
        field = screen.page.get_by_test_id("stMain").get_by_label(label, exact=True).last
        if not field.is_visible():
            screen.page.get_by_text("All settings", exact=True).click()
        field.fill(value)
        field.press("Tab")
        if not said:
            return
        with suppress(TimeoutError):
            screen.sees(said, timeout=8)
            return
    raise AssertionError(f"{label} was not taken: {said}")


def click(screen: Screen, name: str, role: str = "button") -> None:
    place = screen.page.get_by_test_id("stMain").get_by_role(role, name=name, exact=True).first
    place.click(timeout=PATIENCE * 1000)


def in_view(screen: Screen, name: str) -> bool:
    box = (
        screen.page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).first.bounding_box()
    )
    return box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 900


def test_a_run_begins_with_the_model_that_ships(screen: Screen, workspace: Workspace) -> None:
    screen.open("train?dataset=sample")
    assert in_view(screen, "Train")  # without scrolling
    screen.sees("No runs of sample yet")
    click(screen, "Shipped", "radio")
    screen.sees("The model that ships with the app")
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
    click(screen, "File", "radio")
    screen.sees("Add a .keras or .h5 file to start from")
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


def test_a_rate_is_looked_for_and_taken_by_clicks(screen: Screen, workspace: Workspace) -> None:
    screen.open("train?dataset=sample&train-recipe=compact")
    screen.still()
    click(screen, "Find a rate")
    take = screen.page.get_by_test_id("stMain").get_by_role("button", name=re.compile(r"Take [0-9.e-]+$"))
    take.wait_for(timeout=PATIENCE * 1000)
    proposed = take.inner_text().split()[-1]
    click(screen, "Loss by rate")
    screen.sees("Falls most steeply at")
    screen.page.keyboard.press("Escape")
    take.click()
    screen.sees(f"0.002 → {proposed}")
    value = screen.page.get_by_label("learning rate", exact=True).last.input_value()
    assert float(value) == float(proposed)
    screen.no_exception()


def test_a_search_is_started_by_clicks_and_ends_with_its_winner(screen: Screen, workspace: Workspace) -> None:
    screen.open("train?dataset=sample&train-recipe=compact")
    fill(screen, "epochs", "1", "36 → 1")
    screen.page.get_by_text("Search over fields", exact=True).click()
    screen.sees("Varies compact as it stands above, with 1 change: 1 epoch at most.")
    fill(screen, "Trials", "1")
    click(screen, "Start the search")
    until(lambda: search.names(workspace), lambda: "no search was made")
    (name,) = search.names(workspace)
    until(
        lambda: search.read(workspace, name).phase in ("ended", "failed"),
        lambda: search.read(workspace, name),
    )
    standing = search.read(workspace, name)
    assert standing.phase == "ended"
    assert standing.result is not None
    screen.sees("Winner: trial", timeout=PATIENCE)
    screen.sees("optimism")
    screen.page.get_by_role("button", name="The recipe").first.wait_for()
    screen.no_exception()
