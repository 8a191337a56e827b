"""Moves on the Train page that several files of tests make."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from driver import App, Screen
from playwright.sync_api import TimeoutError

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.runs import store
from fer_core.runs.run import Run
from fer_core.splits.stratify import save_plan, stratify

PATIENCE = 240  # seconds: the machine may be busy with other things


def split_sample(app: App) -> Workspace:
    """The workspace of an app, with a small sample whose splits have no copies in common."""
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


def choose(screen: Screen, name: str, said: str) -> None:
    """Choose one of several until the page says so: a click between two drawings of a form is lost."""
    for _ in range(6):
        screen.still()
        click(screen, name, "radio")
        with suppress(TimeoutError):
            screen.sees(said, timeout=8)
            return
    raise AssertionError(f"{name} was not taken: {said}")
