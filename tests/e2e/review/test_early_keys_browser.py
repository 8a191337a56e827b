"""A key pressed before a face is on the screen decides nothing, and says so: nobody can mean a face they did not see."""

from __future__ import annotations

import pandas as pd
from driver import Screen
from review_desk import DESK, EVERY, all_saved, face, ready, recorded, until

from fer_core.data.dataset import Dataset

HOLD = """(() => {
  const decode = window.createImageBitmap.bind(window);
  const held = new Promise((done) => { window.letGo = done; });
  window.createImageBitmap = async (...given) => { await held; return decode(...given); };
})()"""
"""The faces of the first message are not decoded until the test lets them."""


def test_a_key_before_the_first_face_is_refused_in_words(
    screen: Screen, dataset: Dataset, order: pd.DataFrame
) -> None:
    page = screen.page
    page.add_init_script(HOLD)
    page.goto(f"{screen.url}/mislabels?dataset={dataset.name}{EVERY}")
    page.locator(DESK).wait_for(state="attached")
    assert page.locator(f"{DESK} canvas").count() == 0
    page.keyboard.press("k")
    refused = page.locator(DESK, has_text="1 key came before the face was shown and decided nothing")
    refused.wait_for()
    page.keyboard.press("1")
    page.keyboard.press("ArrowDown")  # scrolls the page, and means no face
    page.locator(DESK, has_text="2 keys came before the face was shown").wait_for()
    page.evaluate("window.letGo()")
    ready(screen)
    page.locator(f"{DESK} [aria-live]", has_text="2 keys came before the face was shown").first.wait_for(
        state="attached"
    )
    assert face(screen) == order["image_id"].iloc[0]
    page.keyboard.press("k")
    until(lambda: len(recorded(dataset.journal_path)), 1)
    all_saved(screen)
    assert recorded(dataset.journal_path) == [("keep", order["image_id"].iloc[0], "")]
    screen.no_exception()
