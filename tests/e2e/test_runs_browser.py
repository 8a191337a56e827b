"""Runs in a real browser: watch, pause, resume, fork with another rate, two in line, a killed worker."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from driver import App, Screen
from playwright.sync_api import TimeoutError

from fer_core.base.atomic import read_json
from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.scheduling import queue
from fer_core.splits.stratify import save_plan, stratify

PATIENCE = 150  # seconds: the machine may be busy with other things
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    workspace = Workspace(app.home)
    dataset = make_sample(workspace, count=120)
    save_plan(dataset, stratify(dataset.manifest()))
    return workspace


def until(what: Callable[[], Any], run: Run) -> None:
    """Wait until something holds, and say how the run is where it does not."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, f"{run.status()}: {run.log_tail()}"
        time.sleep(0.1)


def fill(place: Any, label: str, value: str) -> None:
    field = place.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def click(screen: Screen, name: str) -> None:
    """Press a button of the page; a page that follows a run is never still, so nobody waits for that."""
    screen.page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).first.click(
        timeout=PATIENCE * 1000
    )


def test_two_runs_are_queued_one_is_paused_resumed_killed_and_stopped(
    screen: Screen, workspace: Workspace
) -> None:
    screen.open("train?dataset=sample")
    fill(screen.page, "epochs", "400")
    screen.sees("36 → 400")
    click(screen, "Train")
    until(lambda: store.list_runs(workspace), Run(workspace.runs))
    first = store.get(workspace, "1")
    row = screen.page.get_by_role("table", name="Epochs").get_by_role("row")
    row.nth(2).wait_for(timeout=PATIENCE * 1000)  # two epochs have ended
    click(screen, "Pause")
    until(lambda: first.state == "paused", first)
    done = len(first.epochs_since()[0])

    resume = screen.page.get_by_test_id("stMain").get_by_role("button", name="Resume", exact=True).first
    for _ in range(5):  # on a very busy machine a click may fall between two drawings of the page
        resume.click(timeout=PATIENCE * 1000)
        with suppress(TimeoutError):
            resume.wait_for(state="detached")
            break
    until(lambda: first.state != "paused", first)
    click(screen, "Queue")
    until(lambda: len(store.list_runs(workspace)) == 2, first)
    click(screen, "Queue")
    until(lambda: len(store.list_runs(workspace)) == 3, first)
    up = screen.page.get_by_role("button", name="Move up: 3 compact")
    up.click()
    until(lambda: [run.id[:4] for run in queue.waiting(workspace)] == ["0003", "0002"], first)
    screen.page.get_by_role("button", name="Cancel: 2 compact").click()
    until(lambda: [run.id[:4] for run in queue.waiting(workspace)] == ["0003"], first)
    until(lambda: len(first.epochs_since()[0]) > done, first)
    assert [row["epoch"] for row in first.epochs_since()[0]] == list(
        range(1, len(first.epochs_since()[0]) + 1)
    )

    os.kill(int(read_json(first.folder / "process.json")["pid"]), signal.SIGKILL)
    screen.sees("ended without a word", timeout=PATIENCE)
    screen.page.get_by_role("button", name="Resume: 1 compact").wait_for()
    third = store.get(workspace, "3")
    until(lambda: third.epochs_since()[0], third)  # it was the next
    screen.page.locator('button[data-id="0003-compact"]').click()
    screen.sees("Run 3 · compact", timeout=PATIENCE)
    click(screen, "Stop, keep best")
    until(lambda: third.state == "stopped", third)
    assert (third.folder / "model.onnx").is_file()
    screen.sees("Recall by class")
    screen.no_exception()


def test_a_fork_begins_where_the_run_was(screen: Screen, workspace: Workspace) -> None:
    run = store.get(workspace, "1")
    done = len(run.epochs_since()[0])
    screen.page.goto(f"{screen.url}/train?dataset=sample&run=1")
    click(screen, "Fork")
    dialog = screen.page.get_by_role("dialog")
    fill(dialog, "learning rate", "0.0005")
    dialog.get_by_text("0.002 → 0.0005").wait_for()
    dialog.get_by_role("button", name="Start the fork").click()
    screen.sees("Run 4 · compact", timeout=PATIENCE)
    made = store.get(workspace, "4")
    assert made.info["forked_at"] == done
    assert made.recipe.optimizer.learning_rate == 5e-4
    until(lambda: len(made.epochs_since()[0]) > done, made)
    assert made.epochs_since()[0][done]["learning_rate"] <= 5e-4 * (1 + 1e-6)  # kept as float32
    # The dialog of a run that works stays open while its numbers move.
    click(screen, "Fork")
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Start the fork").wait_for()
    now = len(made.epochs_since()[0])
    until(lambda: len(made.epochs_since()[0]) > now, made)
    screen.page.wait_for_timeout(1500)
    assert dialog.is_visible()
    screen.page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    click(screen, "Stop, keep best")
    until(lambda: made.state == "stopped", made)
    screen.no_exception()
