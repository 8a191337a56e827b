"""A whole review of copies in a real browser: conflicts by hand, leaks by rule, undo, the dial, the next version."""

from __future__ import annotations

import time

import pytest
from driver import App, Screen
from playwright.sync_api import expect
from review_desk import all_saved, ready

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates import groups, scan_store
from fer_core.review.journal import Journal

COPIES = ".review .copies"


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
    ready(screen)
    kept = screen.page.locator(f"{COPIES} button.keep").get_attribute("data-id")
    screen.page.keyboard.press("k")
    screen.page.locator(f'{COPIES} button.flagged[data-id="{kept}"]').wait_for()
    stays = screen.page.locator(f"{COPIES} button.keep .sub").inner_text().split(" · ")[0]
    first = screen.page.get_by_role("button", name=f"Keep {stays}, drop the other")
    assert first.count() == 1  # what Enter will do stands on the button
    ticket = screen.page.locator(COPIES).get_attribute("data-ticket")
    screen.page.keyboard.press("Enter")
    assert screen.page.locator(COPIES).get_attribute("data-ticket") != ticket  # the next group, at once
    screen.expect("groups settled by you", "1")
    decided = journal(workspace).decisions()
    assert set(decided.loc[decided["action"] == "delete", "image_id"]) == {kept}
    screen.page.keyboard.press("n")
    screen.expect("groups settled by you", "2")
    await_queue(screen, "conflicts", conflicts - 2)
    screen.page.keyboard.press("u")
    screen.page.keyboard.press("u")
    await_queue(screen, "conflicts", conflicts)
    assert screen.page.locator(COPIES).get_attribute("data-ticket") == ticket
    assert journal(workspace).decisions().empty
    screen.page.keyboard.press("Enter")
    screen.page.keyboard.press("n")
    await_queue(screen, "conflicts", conflicts - 2)
    all_saved(screen)
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
    dataset = open_dataset(workspace, "sample")
    pairs = scan_store.stored_pairs(dataset, "v1")
    assert pairs is not None
    table = groups.copies_by_distance(dataset.manifest("v1"), pairs)
    new = table.set_index("distance")[["confirmed", "refused"]].sum(axis=1)
    with_pairs, without = int(new[new > 0].index[0]), int(new[new == 0].index[0])
    dial = screen.page.get_by_test_id("stMain")
    dial.get_by_role("radio", name=str(without), exact=True).click()
    screen.sees(f"Up to {without} bits:")
    expect(dial.get_by_role("button", name="See pairs at this step")).to_be_disabled()
    dial.get_by_role("radio", name=str(with_pairs), exact=True).click()
    screen.sees(f"Up to {with_pairs} bits:")
    screen.press("See pairs at this step")
    screen.sees("Two by two")
    screen.page.keyboard.press("Escape")
    screen.still()
    screen.press("Apply as version 2", told="Version 2 is ready")
    assert len(open_dataset(workspace, "sample").versions()) == 2
    await_queue(screen, "leaks", 0)
    screen.no_exception()
