"""Runs in a real browser: watch, pause, resume, fork with another rate, and two in line."""

from __future__ import annotations

import time

import pytest
from driver import App, Screen

from fer_core.data.sample import make_sample
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.splits.stratify import save_plan, stratify
from fer_core.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    workspace = Workspace(app.home)
    dataset = make_sample(workspace, count=160)
    save_plan(dataset, stratify(dataset.manifest()))
    return workspace


def until(run: Run, state: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while run.state != state:
        assert time.monotonic() < deadline, f"{run.state}, not {state}: {run.log_tail()}"
        time.sleep(0.2)


def test_a_run_is_paused_resumed_and_stopped_while_another_waits(
    screen: Screen, workspace: Workspace
) -> None:
    screen.open("train?dataset=sample")
    field = screen.page.get_by_label("epochs", exact=True)
    field.fill("400")
    field.press("Tab")
    screen.still()
    screen.press("Train", exact=True)
    run = store.get(workspace, "1")
    screen.page.get_by_text("epoch 2", exact=False).first.wait_for(timeout=90_000)
    screen.press("Pause")
    until(run, "paused")
    done = len(run.tail()[0])
    assert done >= 1
    screen.page.get_by_role("button", name="Resume").wait_for()
    screen.press("Resume")
    screen.press("Train", exact=True)
    screen.sees("Waiting")
    second = store.get(workspace, "2")
    assert second.state == "queued"
    deadline = time.monotonic() + 90
    while len(run.tail()[0]) <= done:
        assert time.monotonic() < deadline, run.log_tail()
        time.sleep(0.2)
    assert [row["epoch"] for row in run.tail()[0]] == list(range(1, len(run.tail()[0]) + 1))
    screen.page.get_by_role("button", name="0001-compact").click()
    screen.still()
    screen.press("Stop, keep best")
    until(run, "stopped")
    deadline = time.monotonic() + 60
    while second.state == "queued":  # started by the run that ended
        assert time.monotonic() < deadline
        time.sleep(0.2)
    screen.no_exception()


def test_a_fork_begins_where_the_run_was(screen: Screen, workspace: Workspace) -> None:
    second = store.get(workspace, "2")
    screen.open("train?dataset=sample")
    screen.page.get_by_role("button", name="0002-compact").click()
    screen.still()
    if second.active:
        screen.press("Stop, keep best")
        until(second, "stopped")
    screen.open("train?dataset=sample")
    screen.page.get_by_role("button", name="0001-compact").click()
    screen.still()
    run = store.get(workspace, "1")
    done = len(run.tail()[0])
    screen.press("Fork")
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_label("learning rate", exact=True).fill("0.0005")
    dialog.get_by_label("learning rate", exact=True).press("Tab")
    screen.still()
    dialog.get_by_role("button", name="Start the fork").click()
    screen.still()
    made = store.get(workspace, "3")
    assert made.info["forked_at"] == done
    assert made.recipe.optimizer.learning_rate == 5e-4
    deadline = time.monotonic() + 90
    while len(made.tail()[0]) <= done:
        assert made.active, made.status()
        assert time.monotonic() < deadline, made.log_tail()
        time.sleep(0.2)
    assert made.tail()[0][done]["learning_rate"] <= 5e-4
    screen.press("Stop, keep best")
    until(made, "stopped")
    screen.no_exception()
