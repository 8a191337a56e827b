"""The explorer in a real browser: keys and selected faces; versions: what changed, names, going back, the report, removal."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from driver import App, Screen
from PIL import Image

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset, list_datasets
from fer_core.data.diff import diff
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version
from fer_core.review.journal import Journal

SHOTS = os.environ.get("FER_SHOTS")


@pytest.fixture(scope="module")
def dataset(app: App) -> Dataset:
    """Two datasets; the second has a version with seven faces relabelled and three dropped."""
    workspace = Workspace(app.home)
    made = make_sample(workspace, "faces", count=120)
    import_dataset(workspace, Path(shutil.copytree(made.source_path, app.home / "elsewhere")), "other")
    manifest = made.manifest()
    sad = manifest.index[(manifest["label"] == "sad") & (manifest["error"] == "")]
    manifest.loc[sad[:7], "label"] = "neutral"
    parameters = {"counts": {"relabel": 7, "delete": 3}}
    save_version(made, manifest.drop(sad[-3:]), parent="v1", operation="review", parameters=parameters)
    return made


def shoot(screen: Screen, name: str) -> None:
    if SHOTS:
        screen.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_keys_act_on_the_selected_faces_and_selecting_moves_nothing(screen: Screen, dataset: Dataset) -> None:
    screen.open("explore?dataset=faces&view=Faces")
    page = screen.page
    faces = page.locator('[aria-label="Selected faces"] .face')
    before = faces.nth(70).bounding_box()
    height = page.viewport_size["height"]
    assert before is not None
    assert before["y"] + before["height"] < height  # 60 faces and more are in view
    faces.first.click()
    page.get_by_text("This face", exact=True).wait_for()
    screen.still()
    before = faces.first.bounding_box()
    for i in range(5):
        page.locator('[aria-label="Selected faces"] .tick').nth(i).click()
    page.get_by_role("heading", name="5 selected").wait_for()
    screen.still()
    assert faces.first.bounding_box() == before
    page.keyboard.press("d")
    screen.expect("decisions to apply", "5")
    assert Journal(dataset.journal_path).counts()["delete"] == 5
    page.keyboard.press("u")
    screen.expect("decisions to apply", "0")
    screen.no_exception()


def test_what_changed_names_and_going_back(screen: Screen, dataset: Dataset) -> None:
    screen.open("explore?dataset=faces&view=Versions")
    screen.sees("What version 2 changed")
    screen.sees("7 relabelled, 3 dropped")
    screen.page.get_by_role("radio", name="relabelled 7").wait_for()
    faces = screen.page.get_by_role("group", name="Faces relabelled")
    faces.get_by_role("button", name="sad → neutral").nth(6).wait_for()
    screen.page.get_by_role("radio", name="removed 3").click()
    screen.page.get_by_role("group", name="Faces removed").get_by_role("button").nth(2).wait_for()
    assert diff(dataset, "v1", "v2").counts()["removed"] == 3
    shoot(screen, "versions")
    screen.page.locator("button[title^='version 1,']").click()
    screen.sees("What version 1 changed")
    screen.press("Name and note")
    screen.page.get_by_role("textbox", name="Name").fill("as delivered")
    screen.page.get_by_role("button", name="Save").click()
    screen.page.locator("button[title^='version 1,']").get_by_text("as delivered").wait_for()
    screen.press("Go back to it")
    screen.sees("is the newest state")
    assert (dataset.head, dataset.version("as delivered").number) == (dataset.version("v1").id, 1)
    screen.no_exception()


def test_the_report_is_made_and_fetched(screen: Screen, dataset: Dataset, tmp_path: Path) -> None:
    screen.open("explore?dataset=faces&version=v1")
    screen.press("Write a note")
    screen.page.get_by_role("textbox", name="Note").fill("Drawn on a rainy day")
    screen.page.get_by_role("button", name="Save").click()
    screen.page.locator(".fer-lines", has_text="Drawn on a rainy day").wait_for()
    screen.sees("No known set")
    screen.press("Make the report")
    with screen.page.expect_download(timeout=90_000) as fetched:
        screen.page.get_by_role("button", name="Download").click(timeout=90_000)
    fetched.value.save_as(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "Drawn on a rainy day" in page
    assert dataset.version("v1").id in page
    screen.no_exception()


def test_new_files_are_added_and_removing_asks_for_the_name(
    screen: Screen, dataset: Dataset, app: App
) -> None:
    folder = next((app.home / "elsewhere").rglob("sad"))
    Image.fromarray(np.arange(2304, dtype=np.uint8).reshape(48, 48)).save(folder / "new.png")
    screen.open("explore?dataset=other&view=Versions")
    screen.press("Look for new files")
    screen.sees("1 new image added as version 2", timeout=90)
    screen.sees("What version 2 changed")
    screen.press("Remove this dataset")
    dialog = screen.page.get_by_role("dialog")
    name = dialog.get_by_role("textbox", name="Type other to remove it")
    name.fill("faces")
    name.press("Enter")
    screen.still()
    assert dialog.get_by_role("button", name="Remove", exact=True).is_disabled()
    name.fill("other")
    name.press("Enter")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    screen.page.get_by_role("dialog").wait_for(state="detached")
    screen.page.get_by_test_id("stMain").get_by_text("faces", exact=True).first.wait_for()
    assert (folder / "new.png").is_file()
    assert [d.name for d in list_datasets(dataset.workspace)] == ["faces"]
    screen.no_exception()
