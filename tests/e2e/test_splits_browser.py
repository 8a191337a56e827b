"""Splits in a real browser: folds, gaps filled from another set, the certificate as a page, an export to take home."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from driver import App, Screen

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.sample.make import make_sample


@pytest.fixture(scope="module")
def dataset(app: App) -> Dataset:
    workspace = Workspace(app.home)
    make_sample(workspace, "other", seed=99, count=150)
    return make_sample(workspace, count=300)


def choose(screen: Screen, name: str) -> None:
    screen.page.get_by_test_id("stMain").get_by_role("radio", name=name, exact=True).click()
    screen.still()


def test_new_splits_by_keyboard(screen: Screen, dataset: Dataset) -> None:
    screen.open("stratify?dataset=sample")
    for words, value in (("train %", "70"), ("val %", "15"), ("test %", "15")):
        field = screen.page.get_by_label(words)
        field.focus()
        field.press("Control+a")
        screen.page.keyboard.type(value)
        screen.page.keyboard.press("Tab")
        screen.still()
    screen.expect("target, train / val / test", "70 / 15 / 15")
    screen.page.get_by_role("button", name="Save as version").focus()
    screen.page.keyboard.press("Enter")
    screen.sees("Version 2 is ready")
    screen.still()
    assert dataset.version().parameters["ratios"] == {"train": 0.7, "val": 0.15, "test": 0.15}
    assert "holds" in screen.page.locator(".fer-h", has_text="Certificate of version 2").inner_text()
    screen.sees("Next: ")
    screen.press("Make another version")
    screen.sees("These are the splits you have already")
    screen.no_exception()


def test_gaps_are_filled(screen: Screen, dataset: Dataset) -> None:
    screen.open("stratify?dataset=sample")
    choose(screen, "Fill gaps")
    screen.sees("What is added")
    choose(screen, "train alone")
    choose(screen, "by number")
    field = screen.page.get_by_label("+ surprise")
    field.fill("9")
    field.press("Tab")
    screen.still()
    screen.expect("images of other", "+9")
    screen.press("Save as version 3", told="Version 3 is ready: ")
    rows = dataset.manifest()
    added = rows[rows["source"] != "main"]
    assert (len(added), set(added["split"]), set(added["label"])) == (9, {"train"}, {"surprise"})
    assert screen.page.get_by_test_id("stAlert").count() == 0  # not planned anew on what was just saved
    screen.sees("Next: ")
    screen.no_exception()


def test_the_certificate_and_an_export_can_be_taken_home(
    screen: Screen, dataset: Dataset, tmp_path: Path
) -> None:
    screen.open("stratify?dataset=sample")
    with screen.page.expect_download() as waiting:
        screen.page.get_by_role("button", name="Share as HTML").click()
    waiting.value.save_as(tmp_path / "certificate.html")
    assert dataset.head in (tmp_path / "certificate.html").read_text()
    screen.press("Export zip")
    button = screen.page.get_by_role("button", name="Download (")
    button.wait_for(timeout=60_000)
    screen.still()
    with screen.page.expect_download() as waiting:
        button.click()
    waiting.value.save_as(tmp_path / "faces.zip")
    with zipfile.ZipFile(tmp_path / "faces.zip") as file:
        names = [name for name in file.namelist() if not name.endswith("/")]
    assert len(names) == len(dataset.manifest()) + 1
    assert "fer-export.json" in names
    assert {name.split("/")[0] for name in names} >= {"train", "val", "test"}
    screen.no_exception()


def test_folds(screen: Screen, dataset: Dataset) -> None:
    screen.open("stratify?dataset=sample")
    choose(screen, "folds")
    screen.expect("folds of equal size", "5")
    screen.press("Save as version", told="Stop")
    screen.go("Explore")
    screen.go("Stratify")  # the job went on meanwhile, and its end is told here
    screen.sees("is ready", timeout=60)
    assert [v.operation for v in dataset.versions()].count("fold") == 5
    screen.no_exception()
