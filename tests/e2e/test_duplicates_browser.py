"""A whole review of copies in a real browser: conflicts by hand, leaks by rule, undo, the dial, the next version."""

from __future__ import annotations

import time

import pytest
from driver import App, Screen

from fer_core.data.datasets import open_dataset
from fer_core.data.sample import make_sample
from fer_core.review.journal import Journal
from fer_core.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    workspace = Workspace(app.home)
    make_sample(workspace, count=400)
    return workspace


def journal(workspace: Workspace) -> Journal:
    return Journal(open_dataset(workspace, "sample").journal_path)


def waiting(screen: Screen, queue: str) -> int:
    """Number of groups in a queue, from its row."""
    row = screen.page.locator(f'[aria-label="Queues of groups"] button[data-id="{queue}"] .value')
    return int(row.inner_text().replace(",", ""))


def await_queue(screen: Screen, queue: str, groups: int) -> None:
    """Wait until a queue has so many groups."""
    deadline = time.monotonic() + 20
    while waiting(screen, queue) != groups and time.monotonic() < deadline:
        screen.page.wait_for_timeout(100)
    assert waiting(screen, queue) == groups


def test_conflicts_are_settled_by_key(screen: Screen, workspace: Workspace) -> None:
    screen.open("duplicates?dataset=sample")
    conflicts = waiting(screen, "conflicts")
    assert conflicts >= 2
    screen.sees("labels differ")
    kept = screen.page.locator('[aria-label^="Copies"] button.keep').get_attribute("data-id")
    screen.page.keyboard.press("k")
    screen.page.locator(f'[aria-label^="Copies"] button.flagged[data-id="{kept}"]').wait_for()
    screen.still()
    screen.page.keyboard.press("Enter")
    screen.still()
    screen.expect("groups settled by you", "1")
    decided = journal(workspace).decisions()
    assert set(decided.loc[decided["action"] == "delete", "image_id"]) == {kept}
    screen.page.keyboard.press("n")
    screen.still()
    screen.expect("groups settled by you", "2")
    await_queue(screen, "conflicts", conflicts - 2)
    screen.no_exception()


def test_leaks_are_settled_by_rule_and_undone_with_one_click(screen: Screen, workspace: Workspace) -> None:
    screen.open("duplicates?dataset=sample")
    before, settled = journal(workspace).position(), waiting(screen, "settled")
    leaks = waiting(screen, "leaks")
    assert leaks > 5
    screen.press("Preview")
    screen.sees("would be dropped")
    assert journal(workspace).position() == before  # nothing recorded by looking
    screen.page.get_by_role("button", name="Record: drop").click()
    screen.still()
    await_queue(screen, "leaks", 0)
    screen.press("Undo the rule")
    await_queue(screen, "leaks", leaks)
    await_queue(screen, "settled", settled)
    screen.press("Preview")
    screen.page.get_by_role("button", name="Record: drop").click()
    screen.still()
    await_queue(screen, "leaks", 0)
    screen.no_exception()


def test_the_dial_shows_pairs_and_the_version_has_no_leak_left(screen: Screen, workspace: Workspace) -> None:
    screen.open("duplicates?dataset=sample")
    screen.page.get_by_test_id("stMain").get_by_role("radio", name="8", exact=True).click()
    screen.still()
    screen.sees("At 8:")
    screen.press("See pairs at this step")
    screen.sees("Two by two")
    screen.page.keyboard.press("Escape")
    screen.still()
    screen.press("Apply as version 2")
    screen.sees("Version 2 is ready")
    assert len(open_dataset(workspace, "sample").versions()) == 2
    await_queue(screen, "leaks", 0)
    screen.no_exception()
