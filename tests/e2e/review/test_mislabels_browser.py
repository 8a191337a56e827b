"""Reviewing labels in a real browser: twenty faces by keyboard alone, undo, reload, two browsers at once, the grid."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from driver import App, Screen

from fer_core.data.dataset import Dataset
from fer_core.data.sample import make_sample
from fer_core.evaluation import judges
from fer_core.quality import mislabels
from fer_core.review.journal import Journal
from fer_core.workspace import Workspace


@pytest.fixture(scope="module")
def ranked(app: App) -> Dataset:
    dataset = make_sample(Workspace(app.home), count=700)
    mislabels.save(
        dataset, dataset.head, "quick", judges.judge(dataset, dataset.head, judges.Judge.parse("quick"))
    )
    return dataset


@pytest.fixture
def dataset(ranked: Dataset) -> Dataset:
    for file in ranked.folder.glob("journal.sqlite*"):
        file.unlink()
    return ranked


@pytest.fixture
def second(browser: Any, app: App) -> Iterator[Screen]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    shown = Screen(context.new_page(), app.url)
    yield shown
    context.close()


def entries(dataset: Dataset) -> pd.DataFrame:
    return Journal(dataset.journal_path).decisions(active_only=False)


def face(screen: Screen) -> str:
    """The image on screen, from the address."""
    return str(screen.page.evaluate("new URLSearchParams(location.search).get('image')"))


def press(screen: Screen, key: str, dataset: Dataset) -> None:
    """Press a key that decides, and wait for the entry and the next face."""
    before, count = face(screen), len(entries(dataset))
    screen.page.keyboard.press(key)
    deadline = time.monotonic() + 20
    while (len(entries(dataset)) == count or face(screen) == before) and time.monotonic() < deadline:
        screen.page.wait_for_timeout(30)
    assert len(entries(dataset)) == count + 1, f"{key}: {len(entries(dataset)) - count} entries"
    screen.still()


def open_page(screen: Screen, dataset: Dataset, who: str, more: str = "") -> None:
    screen.open(f"mislabels?dataset={dataset.name}&mis-who={who}{more}")
    screen.sees("Why it is here")


def test_twenty_faces_by_keyboard_with_undo_and_a_reload_in_the_middle(
    screen: Screen, dataset: Dataset
) -> None:
    open_page(screen, dataset, "Ada")
    likely = mislabels.likely_wrong(mislabels.load(dataset, dataset.head))  # type: ignore[arg-type]
    assert len(likely) >= 22
    seen = []
    for key in ("Enter", "k", "a", "d", "1", "Enter", "2", "k", "Enter", "Enter"):
        seen.append(face(screen))
        press(screen, key, dataset)
    last = seen[-1]
    screen.page.keyboard.press("u")
    deadline = time.monotonic() + 20
    while face(screen) != last and time.monotonic() < deadline:
        screen.page.wait_for_timeout(50)
    assert face(screen) == last  # undone, and on screen again
    screen.still()
    press(screen, "k", dataset)
    here = face(screen)
    screen.page.reload()
    screen.sees("Why it is here")
    screen.still()
    assert face(screen) == here
    assert screen.page.get_by_label("Your name").input_value() == "Ada"
    for key in ("Enter", "3", "4", "k", "a", "Enter", "Enter", "d", "k", "Enter"):
        seen.append(face(screen))
        press(screen, key, dataset)
    assert seen == likely["image_id"].head(20).tolist()  # the likeliest first, each once
    holds = Journal(dataset.journal_path).decisions()
    assert holds["image_id"].tolist() == seen
    assert set(holds["who"]) == {"Ada"}
    assert holds.set_index("image_id").loc[last, "action"] == "keep"
    screen.no_exception()


def test_two_browsers_at_once_decide_on_different_faces_and_lose_none(
    screen: Screen, second: Screen, dataset: Dataset
) -> None:
    open_page(screen, dataset, "Ada")
    open_page(second, dataset, "Ben")
    for number in range(6):
        press(screen, "Enter", dataset)
        if number:
            press(second, "k", dataset)
    holds = entries(dataset)
    assert holds["who"].value_counts().to_dict() == {"Ada": 6, "Ben": 5}
    assert not holds["image_id"].duplicated().any()  # nobody is shown what the other has on screen
    screen.no_exception()
    second.no_exception()


def test_a_grid_is_decided_and_undone_together(screen: Screen, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(mislabels.load(dataset, dataset.head))  # type: ignore[arg-type]
    pair = mislabels.pair_queues(likely).iloc[0]
    queue = likely[(likely["label"] == pair["label"]) & (likely["suggested"] == pair["suggested"])]
    screen.open(
        f"mislabels?dataset={dataset.name}&mis-who=Ada&mis-view=Grid&pair={pair['label']}%3E{pair['suggested']}"
    )
    shown = screen.page.locator('[aria-label="Faces of this class pair"] button')
    shown.first.wait_for()
    count = min(len(queue), 50)
    assert shown.count() == count >= 4
    shown.nth(0).click()
    shown.nth(2).click(modifiers=["Shift"])
    screen.sees(f"3 of {count} selected")
    screen.still()
    shown.nth(1).click()
    screen.sees(f"2 of {count} selected")
    screen.still()
    screen.press(f"Relabel {pair['suggested']}")
    screen.sees("2 decisions recorded")
    screen.still()
    found = entries(dataset)
    assert found["image_id"].tolist() == queue["image_id"].iloc[[0, 2]].tolist()
    assert set(found["label"]) == {pair["suggested"]}
    assert found["batch"].nunique() == 1
    screen.page.get_by_role("button", name="Select all").click()
    screen.sees(f"{min(count, len(queue) - 2)} of")
    screen.still()
    screen.page.get_by_role("button", name="Undo").first.click()
    screen.sees("Undone: 2 decisions")
    assert Journal(dataset.journal_path).decisions().empty
    screen.no_exception()


def test_an_ambiguous_face_gets_the_soft_label_a_person_gives(screen: Screen, dataset: Dataset) -> None:
    open_page(screen, dataset, "Ada")
    screen.page.keyboard.press("e")
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_text("How much of each class").wait_for()
    first = dialog.get_by_role("slider").first
    first.focus()
    first.press("Home")
    first.press("ArrowRight")  # moves the slider, not the page behind it
    screen.still()
    screen.page.keyboard.press("k")  # a verdict key does nothing while the dialog is open
    screen.still()
    assert entries(dataset).empty
    dialog.get_by_role("button", name="Save as ambiguous").click()
    screen.still()
    (entry,) = Journal(dataset.journal_path).decisions().to_dict("records")
    assert entry["action"] == "ambiguous"
    assert sum(entry["soft_label"].values()) == pytest.approx(1)
    screen.no_exception()


def test_a_journal_that_cannot_be_used_is_told_in_words(screen: Screen, dataset: Dataset) -> None:
    dataset.journal_path.write_bytes(b"no journal at all, but long enough to be one" * 40)
    screen.open(f"mislabels?dataset={dataset.name}")
    screen.sees("The journal cannot be used")
    screen.no_exception()
