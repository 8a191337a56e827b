"""The step about classes in a real browser: numbers and unknown names become emotions, or are left out."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from driver import App, Screen
from PIL import Image

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset, open_dataset
from fer_core.data.sample.make import make_sample

SHOTS = os.environ.get("FER_SHOTS")


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    found = Workspace(app.home)
    make_sample(found, "sample", count=120)
    return found


def archive(path: Path, classes: Mapping[str, int]) -> Path:
    """Drawn noise as class folders, so many of each."""
    noise = np.random.default_rng(8)
    with zipfile.ZipFile(path, "w") as file:
        for name, count in classes.items():
            for number in range(count):
                buffer = io.BytesIO()
                small = noise.integers(0, 256, (5, 5), dtype=np.uint8)
                Image.fromarray(small).resize((48, 48), Image.Resampling.BICUBIC).save(buffer, "PNG")
                file.writestr(f"{name}/{number}.png", buffer.getvalue())
    return path


def drop(screen: Screen, file: Path) -> None:
    screen.open("explore?dataset=sample")
    screen.page.get_by_test_id("stMain").get_by_text("version 1").first.click()
    screen.page.get_by_role("button", name="Add a dataset").click()
    screen.page.get_by_role("dialog").locator('input[type="file"]').first.set_input_files(str(file))
    screen.still()


def shoot(screen: Screen, name: str) -> None:
    if SHOTS:
        screen.page.screenshot(path=f"{SHOTS}/{name}.png")


def test_numbers_are_asked_about(screen: Screen, workspace: Workspace, tmp_path: Path) -> None:
    drop(screen, archive(tmp_path / "numbers.zip", {str(i): 4 + i for i in range(8)}))
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add dataset").click()
    screen.sees("Of which set?")
    dialog.locator('img[alt="3 faces of 7"]').wait_for()
    shoot(screen, "mapping-numbers")
    box = dialog.get_by_role("combobox", name="0 becomes")
    assert box.input_value() == "neutral"
    screen.still()
    dialog.get_by_role("button", name="Add dataset").last.click()
    screen.sees("numbers is here", timeout=60)
    table = open_dataset(workspace, "numbers").manifest()
    assert table.groupby("label").size().to_dict() == {
        "neutral": 4, "happy": 5, "sad": 6, "surprise": 7, "fear": 8, "disgust": 9, "anger": 10, "contempt": 11,
    }  # fmt: skip
    screen.no_exception()


def test_an_unknown_name_is_mapped_and_one_left_out(
    screen: Screen, workspace: Workspace, tmp_path: Path
) -> None:
    file = archive(tmp_path / "words.zip", {"Grin": 5, "sad": 4, "NF": 3})
    drop(screen, file)
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add dataset").click()
    screen.sees("What words calls its classes")
    for name, choice in (("Grin", "happy"), ("NF", "leave out")):
        dialog.get_by_role("combobox", name=f"{name} becomes").click()
        screen.page.get_by_role("option", name=choice, exact=True).click()
        screen.still()
    shoot(screen, "mapping-words")
    dialog.get_by_role("button", name="Add dataset").click()
    screen.sees("words is here", timeout=60)
    made = open_dataset(workspace, "words")
    assert made.manifest().groupby("label").size().to_dict() == {"happy": 5, "sad": 4}
    assert made.about["import"]["names"] == {"Grin": "happy", "NF": ""}
    assert made.about["skipped"] == {"NF": 3}
    assert import_dataset(workspace, file, "raw").version().counts["classes"] == {
        "sad": 4,
        "Grin": 5,
        "NF": 3,
    }
    screen.no_exception()


def test_going_back_forgets_the_upload(screen: Screen, workspace: Workspace, tmp_path: Path) -> None:
    drop(screen, archive(tmp_path / "known.zip", {"happy": 3, "sad": 3}))
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Look at the classes first").click()
    screen.sees("What known calls its classes")
    screen.page.set_viewport_size({"width": 390, "height": 900})
    screen.still()
    shoot(screen, "mapping-narrow")
    dialog.get_by_role("button", name="Back").click()
    screen.sees("Where is it?")
    assert not list((workspace.jobs / "uploads").glob("**/*known.zip"))
    screen.no_exception()
