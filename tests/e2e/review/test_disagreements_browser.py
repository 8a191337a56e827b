"""Two people, two browsers, the same faces: what they see of each other, and their disagreements up to the final say."""

from __future__ import annotations

import pandas as pd
from driver import Screen
from review_desk import DESK, EVERY, all_saved, face, ready, rows, until

from fer_core.data.dataset import Dataset
from fer_core.review.decisions import image_decision
from fer_core.review.journal import Journal

BOTH = "&mis-reviewed=not+yet+by+me"
PATIENCE = 60.0
"""Seconds that what stands beside the face may take on a busy machine; it looks every six."""


def decide(screen: Screen, who: str, keys: str, dataset: Dataset) -> list[str]:
    """Press keys, each once its face is there; the faces they were pressed on."""
    screen.open(f"mislabels?dataset={dataset.name}&mis-who={who}{BOTH}{EVERY}")
    ready(screen)
    seen = []
    for key in keys:
        seen.append(face(screen))
        screen.page.keyboard.press(key)
        until(lambda: face(screen) != seen[-1], True)
    all_saved(screen)
    return seen


def at_work(screen: Screen) -> dict[str, str]:
    """Reviewer -> decisions, as the card says."""
    lines = screen.page.locator('table[aria-label^="Reviewers:"] tbody tr')
    return dict(
        lines.evaluate_all(
            "all => all.map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent))"
        )
    )


def sees_disagreements(screen: Screen, count: str) -> None:
    button = screen.page.get_by_role("button", name=f"See {count}", exact=False)
    button.wait_for(timeout=PATIENCE * 1000)


def open_disagreements(screen: Screen) -> None:
    """Follow the button to the queue; it is drawn anew every few seconds, and once it was heard the queue is another."""
    screen.page.get_by_role("button", name="disagreement").click()
    screen.page.locator(f"{DESK} .notes", has_text="Ada: ").wait_for(timeout=PATIENCE * 1000)


def final(dataset: Dataset) -> list[tuple[str, str, str]]:
    """(who, action, image) of each final say in the journal."""
    entries = rows(dataset.journal_path, "who, action, image_id, shown")
    return [tuple(entry) for *entry, shown in entries if '"final": true' in shown]


def test_two_people_disagree_see_it_and_settle_each_case_once(
    screen: Screen, second: Screen, dataset: Dataset, order: pd.DataFrame
) -> None:
    images = order["image_id"].head(4).tolist()
    assert decide(screen, "Ada", "kkkk", dataset) == images
    assert decide(second, "Ben", "kkdd", dataset) == images  # wanted twice, so dealt to both
    for one in (screen, second):
        until(lambda one=one: at_work(one), {"Ada": "4", "Ben": "4"}, PATIENCE)
        one.sees("2 of 4 alike", PATIENCE)
        sees_disagreements(one, "2 disagreements")

    open_disagreements(screen)
    open_disagreements(second)
    here, there = face(screen), face(second)
    assert [here, there] == images[2:]  # each is dealt another case
    said = f"Ada: {order['label'].iloc[2]}, Ben: delete"
    assert screen.page.locator(f"{DESK} .notes", has_text=said).count() == 1

    screen.page.keyboard.press("k")
    all_saved(screen)
    sees_disagreements(second, "1 disagreement")  # what Ada settled is told to Ben
    second.page.keyboard.press("d")
    all_saved(second)
    assert final(dataset) == [("Ada", "keep", here), ("Ben", "delete", there)]
    assert face(second) == here  # nothing else was left for Ben, and Ada has settled it
    for one in (screen, second):  # Ben's case came to Ada too, who is told without a key
        one.page.locator(f"{DESK} .chip", has_text="decided by somebody else").wait_for(
            timeout=PATIENCE * 1000
        )
    second.page.keyboard.press("k")
    second.sees("Somebody else has decided this face meanwhile: your key decided nothing")
    screen.page.keyboard.press("s")
    for one in (screen, second):
        one.page.get_by_role("button", name="disagreement").wait_for(
            state="detached", timeout=PATIENCE * 1000
        )
        one.sees("Nothing left in this queue", PATIENCE)
        one.no_exception()
    assert len(rows(dataset.journal_path)) == 10  # four each, and two final says: none twice


def test_whoever_decides_second_is_told_who_what_and_when(
    screen: Screen, dataset: Dataset, order: pd.DataFrame
) -> None:
    screen.open(f"mislabels?dataset={dataset.name}&mis-who=Ben{EVERY}")
    ready(screen)
    image = face(screen)
    row = order[order["image_id"] == image].iloc[0]
    made = image_decision({**row, "pixel_hash": "", "path": ""}, "delete", who="Ada")
    Journal(dataset.journal_path).record(made)  # while Ben looks at it
    screen.page.keyboard.press("k")
    screen.sees("Ada had decided on this face: delete")
    all_saved(screen)
    assert [(who, action) for *_, action, one, _, who, _ in rows(dataset.journal_path) if one == image] == [
        ("Ada", "delete"),
        ("Ben", "keep"),
    ]
    screen.page.get_by_role("button", name="Dismiss").click()
    screen.page.locator(f"{DESK} .trouble p").wait_for(state="detached")
