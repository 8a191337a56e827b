"""The review component is for everybody: blind, by keyboard alone, on a phone, and with nothing that axe finds serious."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest
from driver import App, Screen
from review_desk import DESK, EVERY, all_saved, face, ready, recorded, rows, until

from fer_core import mislabels
from fer_core.data.dataset import Dataset


def test_a_blind_face_is_sent_without_what_could_give_it_away(screen: Screen, dataset: Dataset) -> None:
    sent: list[str] = []

    def note(data: str | bytes) -> None:
        sent.append(data.decode("latin-1") if isinstance(data, bytes) else data)

    screen.page.on("websocket", lambda socket: socket.on("framereceived", note))
    screen.open(f"mislabels?dataset={dataset.name}&mis-who=Ada&mis-blind=true{EVERY}")
    ready(screen)
    assert screen.page.locator(f"{DESK} button:visible", has_text="Accept").count() == 0
    assert screen.page.locator(f"{DESK} button:visible", has_text="Keep").count() == 0
    found = [
        json.loads(one)
        for one in re.findall(r'\{"kind": "face".*?"problem": "", "met": \{\}\}\}', "".join(sent))
    ]
    faces = [item for data in found for item in data["items"]]
    assert len(faces) >= 30
    assert {name for item in faces for name in item} == {"n", "face", "id", "ticket"}
    assert {data["near"] for data in found} == {None}
    screen.page.keyboard.press("k")  # no key of the hidden verdicts works
    screen.page.keyboard.press("Enter")
    screen.page.keyboard.press("1")
    until(lambda: len(recorded(dataset.journal_path)), 1)
    (shown,) = (value for (value,) in rows(dataset.journal_path, "shown"))
    assert '"blind": true' in shown
    screen.no_exception()


def test_apply_leaves_the_reviewer_where_they_were(desk: Screen, dataset: Dataset) -> None:
    page = desk.page
    page.keyboard.press("Enter")
    all_saved(desk)
    for _ in range(3):  # on, past faces that still wait
        before = face(desk)
        page.keyboard.press("ArrowRight")
        until(lambda before=before: face(desk) != before, True)  # type: ignore[misc]
    here = face(desk)
    page.get_by_role("button", name="Apply as version").click()
    page.get_by_text("is ready").first.wait_for(timeout=60_000)
    desk.still()
    until(lambda: face(desk), here)
    assert dataset.version().operation == "review"
    desk.go("Explore")
    desk.go("Wrong labels")
    ready(desk)
    assert "looks" not in page.locator(f"{DESK} figcaption").inner_text()  # no suggestion to accept
    # The link that was clicked still has the focus; Enter means the face all the same.
    page.keyboard.press("Enter")
    desk.sees("No other label is suggested here, so Enter decided nothing")
    assert len(recorded(dataset.journal_path)) == 1
    desk.no_exception()


def test_by_keyboard_alone(desk: Screen, dataset: Dataset, order: pd.DataFrame) -> None:
    page = desk.page
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    page.keyboard.press("k")  # nothing decides behind the dialog
    page.keyboard.press("Escape")
    page.locator(f"{DESK} dialog[open]").wait_for(state="detached")
    page.keyboard.press("e")
    page.get_by_text("How much of each class").wait_for()
    shades = "e => new Set(e.getContext('2d').getImageData(0, 0, e.width, e.height).data).size"
    assert (
        page.locator(f"{DESK} dialog[open] canvas").evaluate(shades) > 20
    )  # the face it is about, not hidden by it
    sliders = page.locator(f"{DESK} dialog[open] input")
    for number in range(sliders.count()):
        sliders.nth(number).press("Home")
    sliders.nth(1).press("End")
    sliders.nth(0).press("ArrowRight")
    page.get_by_role("button", name="Save as ambiguous").press("Enter")
    until(lambda: len(recorded(dataset.journal_path)), 1)
    assert recorded(dataset.journal_path) == [("ambiguous", order["image_id"].iloc[0], "")]
    (soft,) = (value for (value,) in rows(dataset.journal_path, "soft_label"))
    names = mislabels.class_names(order)
    assert pd.Series(json.loads(soft)).round(4).to_dict() == {names[0]: 0.0476, names[1]: 0.9524}
    delete = page.get_by_role("button", name="Delete", exact=True)
    delete.focus()
    page.keyboard.press("Enter")  # a button that has the focus is what Enter means
    until(lambda: len(recorded(dataset.journal_path)), 2)
    assert recorded(dataset.journal_path)[1][0] == "delete"
    ring = delete.evaluate("e => getComputedStyle(e).outlineStyle")
    assert ring == "solid"
    live = page.locator(f"{DESK} [aria-live]").first.inner_text()
    assert "deleted" in live
    assert f"labelled {order['label'].iloc[2]}" in live
    desk.no_exception()


def test_a_phone_with_a_finger(browser: Any, app: App, dataset: Dataset, order: pd.DataFrame) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(30_000)
    try:
        screen = Screen(context.new_page(), app.url)
        screen.open(f"mislabels?dataset={dataset.name}{EVERY}")
        ready(screen)
        picture = screen.page.locator(f"{DESK} figure.face")
        picture.scroll_into_view_if_needed()
        wanted = []
        for way in (1, -1):
            here = order.set_index("image_id").loc[face(screen)]
            change = way > 0 and here["suggested"] != here["label"]
            wanted.append(("relabel", here.name, here["suggested"]) if change else ("keep", here.name, ""))
            swipe(screen, picture.bounding_box(), way)
            until(lambda: len(recorded(dataset.journal_path)), len(wanted))
        screen.page.locator(f"{DESK} button", has_text="Skip").tap()
        assert recorded(dataset.journal_path) == wanted
        wide = screen.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        small = screen.page.locator(f"{DESK} .keysrow button:visible").evaluate_all(
            "all => all.filter(e => e.getBoundingClientRect().height < 40).length"
        )
        assert small == 0
        screen.no_exception()
    finally:
        context.close()


def swipe(screen: Screen, box: dict[str, float], way: int) -> None:
    session = screen.page.context.new_cdp_session(screen.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    points = [x + way * far for far in (0, 20, 60, 110)]
    for number, at in enumerate(points):
        kind = "touchMove" if number else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": at, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


@pytest.mark.parametrize(
    ("path", "scheme"), [("mislabels", "light"), ("mislabels", "dark"), ("mislabels-grid", "dark")]
)
def test_axe_finds_nothing_serious(browser: Any, app: App, dataset: Dataset, path: str, scheme: str) -> None:
    """After a key; what is drawn without one, also on Duplicates, is looked at by `test_accessibility_browser.py`."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
    context.set_default_timeout(30_000)
    try:
        screen = Screen(context.new_page(), app.url)
        name, _, view = path.partition("-")
        screen.open(f"{name}?dataset={dataset.name}&mis-who=Ada" + ("&mis-view=Grid" if view else ""))
        ready(screen)
        screen.page.keyboard.press("k")
        all_saved(screen)
        found = axe.run(screen.page, context={"include": [["[data-testid=stBidiComponentIsolated]"]]})
        serious = [
            (v["id"], v["impact"], [node["html"][:160] for node in v["nodes"][:3]])
            for v in found.response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert found.response["passes"]
        assert serious == []
    finally:
        context.close()
