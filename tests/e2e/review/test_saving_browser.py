"""The promises of the review component, in a real browser, each checked in the SQLite file of the journal itself.

No key is lost and none counts twice: at ten keys a second on a busy machine, with the server killed in the middle, with
the line cut, with the tab closed while decisions are unsaved.
"""

from __future__ import annotations

import signal
import time
from itertools import cycle, islice
from typing import Any

import pandas as pd
import pytest
from driver import App, Screen
from review_desk import (
    DESK,
    EVERY,
    Line,
    all_saved,
    busy,
    face,
    ready,
    recorded,
    rows,
    type_fast,
    unsaved,
    until,
    waiting,
)

from fer_core import mislabels
from fer_core.data.dataset import Dataset

KEYS = ("1", "2", "k", "3", "d", "4", "a")
ACTIONS = {"k": "keep", "d": "delete", "a": "ambiguous"}


def expected(order: pd.DataFrame, keys: list[str]) -> list[tuple[str, str, str]]:
    """(action, image, label) that keys on the first faces of the ranking mean."""
    names = mislabels.class_names(order)
    found = []
    for key, image, given in zip(keys, order["image_id"], order["label"], strict=False):
        label = "" if key in ACTIONS else names[int(key) - 1]
        if label == given:
            found.append(("keep", image, ""))
        else:
            found.append((ACTIONS.get(key, "relabel"), image, label))
    return found


FADING = """() => { window.fading = []; setInterval(() => window.fading.push(...document.getAnimations()
  .map((one) => one.effect.target.className).filter((name) => `${name}`.includes('stElementContainer'))), 50); }"""
"""Keeps what Streamlit fades because it is about to be drawn again."""


@pytest.mark.parametrize("count", [80, pytest.param(200, marks=pytest.mark.exhaustive)])
def test_keys_at_ten_a_second_on_a_busy_machine(
    desk: Screen, dataset: Dataset, order: pd.DataFrame, count: int
) -> None:
    keys = list(islice(cycle(KEYS), count))
    desk.page.evaluate(FADING)
    with busy():
        assert type_fast(desk, keys) > 9.5  # the test itself kept the pace it claims
        assert desk.page.evaluate("window.fading") == []  # that would take the processor from the faces
        all_saved(desk)
    assert recorded(dataset.journal_path) == expected(order, keys)
    assert len({key for key, *_ in rows(dataset.journal_path)}) == count
    desk.no_exception()


def test_a_server_killed_in_the_middle_and_started_again_loses_and_doubles_nothing(
    desk: Screen, app: App, dataset: Dataset, order: pd.DataFrame
) -> None:
    keys = list(islice(cycle(KEYS), 60))
    type_fast(desk, keys[:20])
    assert app.process is not None
    app.process.send_signal(signal.SIGKILL)
    app.process.wait()
    try:
        type_fast(desk, keys[20:40])
        assert unsaved(desk) + waiting(desk) >= 20  # what the dead server cannot have heard
    finally:
        app.start()
    type_fast(desk, keys[40:])
    all_saved(desk)
    assert recorded(dataset.journal_path) == expected(order, keys)
    desk.no_exception()


@pytest.mark.parametrize("seconds", [8, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_a_line_cut_for_seconds(
    screen: Screen, line: Line, dataset: Dataset, order: pd.DataFrame, seconds: float
) -> None:
    desk = Screen(screen.page, line.url)
    desk.open(f"mislabels?dataset={dataset.name}{EVERY}")
    ready(desk)
    keys = list(islice(cycle(KEYS), 45))
    type_fast(desk, keys[:10])
    all_saved(desk)
    line.cut()
    cut = time.monotonic()
    type_fast(desk, keys[10:30], 4)
    desk.page.locator(f"{DESK} .state.late").wait_for()
    assert unsaved(desk) == 20
    desk.sees("20 not saved yet: kept in this browser and sent again")
    assert len(recorded(dataset.journal_path)) == 10
    desk.page.wait_for_timeout(max(0, seconds - (time.monotonic() - cut)) * 1000)
    line.mend()
    all_saved(desk, 90)
    type_fast(desk, keys[30:], 5)
    all_saved(desk)
    assert recorded(dataset.journal_path) == expected(order, keys)


def test_twelve_unsaved_survive_the_tab_and_are_recorded_when_it_comes_back(
    desk: Screen, app: App, dataset: Dataset, order: pd.DataFrame
) -> None:
    keys = list(islice(cycle(KEYS), 13))
    assert app.process is not None
    app.process.send_signal(signal.SIGKILL)
    app.process.wait()
    try:
        type_fast(desk, keys[:12])
        assert unsaved(desk) == 12
        asked: list[str] = []
        desk.page.on("dialog", lambda dialog: asked.append(dialog.type))
        desk.page.goto("about:blank")
        assert asked == ["beforeunload"]  # leaving with some asks
        assert recorded(dataset.journal_path) == []
    finally:
        app.start()
    desk.open(f"mislabels?dataset={dataset.name}{EVERY}")
    ready(desk)
    all_saved(desk)
    assert recorded(dataset.journal_path) == expected(order, keys[:12])
    assert face(desk) == order["image_id"].iloc[12]  # and none of the twelve is asked again
    desk.page.keyboard.press(keys[12])
    until(lambda: len(recorded(dataset.journal_path)), 13)
    assert recorded(dataset.journal_path) == expected(order, keys)
    desk.page.keyboard.press("u")  # what was decided before the tab was closed can be undone too
    desk.page.keyboard.press("u")
    until(lambda: face(desk), order["image_id"].iloc[11])
    all_saved(desk)
    saved = rows(dataset.journal_path, "key, action, target")
    assert [target for _, action, target in saved if action == "undo"] == [saved[12][0], saved[11][0]]


def test_going_to_another_page_with_some_unsaved_asks(
    screen: Screen, app: App, dataset: Dataset, order: pd.DataFrame
) -> None:
    screen.open(f"mislabels?dataset={dataset.name}{EVERY}")
    ready(screen)
    asked: list[str] = []
    explore = screen.page.get_by_test_id("stSidebarNav").get_by_text("Explore", exact=True)

    def answer(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    screen.page.on("dialog", answer)
    assert app.process is not None
    app.process.send_signal(signal.SIGSTOP)
    try:
        type_fast(screen, ["k", "1"])
        explore.click()
        until(lambda: len(asked), 1)
        assert asked[0].startswith("2 decisions not saved yet.")
        assert face(screen) == order["image_id"].iloc[2]  # said no: still here
    finally:
        app.process.send_signal(signal.SIGCONT)
    all_saved(screen)
    assert recorded(dataset.journal_path) == expected(order, ["k", "1"])
    explore.click()
    screen.page.get_by_role("heading", level=1, name="Explore").wait_for()
    assert len(asked) == 1  # with all saved nobody is asked
    screen.no_exception()


def test_undo_takes_back_what_is_still_being_saved_any_number_of_steps(
    desk: Screen, app: App, dataset: Dataset, order: pd.DataFrame
) -> None:
    assert app.process is not None
    app.process.send_signal(signal.SIGSTOP)  # the server hears nothing meanwhile
    try:
        type_fast(desk, ["1", "2", "3", "u", "u", "k", "u", "u"])
        assert face(desk) == order["image_id"].iloc[0]
        assert unsaved(desk) == 8
    finally:
        app.process.send_signal(signal.SIGCONT)
    all_saved(desk)
    saved = rows(dataset.journal_path, "key, action, image_id, target")
    assert [action == "undo" for _, action, *_ in saved] == [False] * 3 + [True] * 2 + [False] + [True] * 2
    decided = {key for key, action, *_ in saved if action != "undo"}
    assert {target for *_, target in saved if target} == decided  # every one is taken back
