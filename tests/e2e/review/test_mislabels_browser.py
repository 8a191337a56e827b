"""Reviewing labels in a real browser: twenty faces by keyboard alone, undo, reload, two browsers at once, the grid."""

from __future__ import annotations

import pandas as pd
from driver import Screen
from review_desk import EVERY, all_saved, face, ready, rows, until

from fer_core import mislabels
from fer_core.data.dataset import Dataset
from fer_core.review.journal import Journal


def entries(dataset: Dataset) -> pd.DataFrame:
    return Journal(dataset.journal_path).decisions(active_only=False)


def press(screen: Screen, key: str, dataset: Dataset) -> None:
    """Press a key that decides, and wait for the entry and the next face."""
    before, count = face(screen), len(rows(dataset.journal_path))
    screen.page.keyboard.press(key)
    until(lambda: len(rows(dataset.journal_path)), count + 1)
    assert face(screen) != before


def open_page(screen: Screen, dataset: Dataset, who: str, more: str = "") -> None:
    screen.open(f"mislabels?dataset={dataset.name}&mis-who={who}{more}")
    ready(screen)


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
    assert face(screen) == last  # undone, and on screen again, at once
    all_saved(screen)
    press(screen, "k", dataset)
    here = face(screen)
    all_saved(screen)
    screen.page.reload()
    ready(screen)
    assert face(screen) == here
    assert screen.page.get_by_label("Your name").input_value() == "Ada"
    for key in ("Enter", "3", "4", "k", "a", "Enter", "Enter", "d", "k", "Enter"):
        seen.append(face(screen))
        press(screen, key, dataset)
    assert seen == likely["image_id"].head(20).tolist()  # the likeliest first, each once
    all_saved(screen)
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
    all_saved(screen)
    all_saved(second)
    holds = entries(dataset)
    assert holds["who"].value_counts().to_dict() == {"Ada": 6, "Ben": 5}
    assert not holds["image_id"].duplicated().any()  # nobody is shown what the other has on screen
    screen.no_exception()
    second.no_exception()


def test_two_browsers_without_a_name_are_dealt_different_faces(
    screen: Screen, second: Screen, dataset: Dataset
) -> None:
    for one in (screen, second):
        one.open(f"mislabels?dataset={dataset.name}&mis-kind=every+image")
        ready(one)
    assert face(screen) != face(second)
    here = face(screen)
    screen.page.reload()
    ready(screen)
    assert face(screen) == here  # a reload is the same browser
    for _ in range(4):
        press(screen, "k", dataset)
        press(second, "k", dataset)
    assert not entries(dataset)["image_id"].duplicated().any()
    screen.sees("At work")
    all_saved(screen)
    screen.no_exception()


def test_spot_checks_are_said_and_can_be_switched(screen: Screen, dataset: Dataset) -> None:
    open_page(screen, dataset, "Ada")
    assert screen.page.get_by_text("of them spot checks").count() == 0
    screen.page.get_by_test_id("stMain").get_by_text("Spot checks", exact=True).click()
    screen.sees("of them spot checks")
    ready(screen)
    likely = set(mislabels.likely_wrong(mislabels.load(dataset, dataset.head))["image_id"])  # type: ignore[arg-type]
    seen = []
    for _ in range(6):
        seen.append(face(screen) in likely)
        screen.page.locator(".review .between").wait_for(
            state="detached"
        )  # what stands beside is of this face
        assert (screen.page.get_by_text("spot check: not likely wrong").count() > 0) != seen[-1]
        press(screen, "k", dataset)
    assert seen == [True, True, False] * 2
    all_saved(screen)
    screen.no_exception()


def test_a_grid_is_decided_and_undone_together(screen: Screen, dataset: Dataset) -> None:
    likely = mislabels.likely_wrong(mislabels.load(dataset, dataset.head))  # type: ignore[arg-type]
    pair = mislabels.pair_queues(likely).iloc[0]
    queue = likely[(likely["label"] == pair["label"]) & (likely["suggested"] == pair["suggested"])]
    screen.open(
        f"mislabels?dataset={dataset.name}&mis-who=Ada&mis-view=Grid&mis-reviewed=not+yet+by+me"
        f"&pair={pair['label']}%3E{pair['suggested']}"
    )
    ready(screen)
    shown = screen.page.locator(".review [role=option]:visible")
    count = min(len(queue), 50)
    assert shown.count() == count >= 6
    shown.nth(0).click()
    shown.nth(2).click(modifiers=["Shift"])
    screen.sees(f"3 of {count} selected")
    shown.nth(1).click()
    screen.sees(f"2 of {count} selected")
    screen.page.keyboard.press("Enter")  # what stands on the button: Relabel, the suggestion
    screen.sees("2 decisions recorded")
    assert shown.count() == count - 2  # at once
    all_saved(screen)
    found = rows(dataset.journal_path, "image_id, label, batch")
    assert [image for image, *_ in found] == queue["image_id"].iloc[[0, 2]].tolist()
    assert {label for _, label, _ in found} == {pair["suggested"]}
    assert len({batch for *_, batch in found}) == 1
    shown.nth(0).hover()  # a drag selects all it passes
    screen.page.mouse.down()
    shown.nth(1).hover()
    shown.nth(2).hover()
    screen.page.mouse.up()
    screen.sees(f"3 of {count - 2} selected")
    screen.page.keyboard.press("x")
    screen.page.keyboard.press("x")
    screen.sees(f"0 of {count - 2} selected")
    screen.page.keyboard.press("Home")
    screen.page.keyboard.press("Shift+ArrowRight")  # and so do Shift and the arrow keys
    screen.sees(f"2 of {count - 2} selected")
    screen.page.keyboard.press("k")
    screen.page.keyboard.press("u")
    screen.page.keyboard.press("u")
    assert shown.count() == count
    all_saved(screen)
    until(lambda: len(rows(dataset.journal_path)), 6)
    assert Journal(dataset.journal_path).decisions().empty
    screen.no_exception()


def test_words_below_a_face_of_the_grid_are_whole(screen: Screen, dataset: Dataset) -> None:
    screen.open(f"mislabels?dataset={dataset.name}&mis-view=Grid{EVERY}")
    ready(screen)
    words = screen.page.locator(".review .cell:visible small")
    assert words.count() == 50
    assert all(" " in text for text in words.all_inner_texts())  # several pairs: each face says its own
    assert words.evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).length") == 0


def test_a_journal_that_cannot_be_used_is_told_in_words(screen: Screen, dataset: Dataset) -> None:
    dataset.journal_path.write_bytes(b"no journal at all, but long enough to be one" * 40)
    screen.open(f"mislabels?dataset={dataset.name}")
    screen.sees("The journal cannot be used")
    screen.no_exception()
