"""Looking for settings by clicks alone: a rate that is found and taken, and a search to its winner."""

from __future__ import annotations

import re

import pytest
from driver import App, Screen
from train_form import PATIENCE, click, fill, split_sample, until

from fer_core.base.workspace import Workspace
from fer_core.scheduling import search

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    return split_sample(app)


def test_a_rate_is_looked_for_and_taken_by_clicks(screen: Screen, workspace: Workspace) -> None:
    screen.open("train?dataset=sample&train-recipe=model_0")
    screen.still()
    click(screen, "Find a rate")
    take = screen.page.get_by_test_id("stMain").get_by_role("button", name=re.compile(r"Take [0-9.e-]+$"))
    take.wait_for(timeout=PATIENCE * 1000)
    proposed = take.inner_text().split()[-1]
    click(screen, "Loss by rate")
    screen.sees("Falls most steeply at")
    screen.page.keyboard.press("Escape")
    take.click()
    screen.sees(f"0.001 → {proposed}")
    value = screen.page.get_by_label("learning rate", exact=True).last.input_value()
    assert float(value) == float(proposed)
    screen.no_exception()


def test_a_search_is_started_by_clicks_and_ends_with_its_winner(screen: Screen, workspace: Workspace) -> None:
    screen.open("train?dataset=sample&train-recipe=model_0")
    fill(screen, "epochs", "1", "75 → 1")
    screen.page.get_by_text("Search over fields", exact=True).click()
    screen.sees("Varies model_0 as it stands above, with 1 change: 1 epoch at most.")
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
