"""The whole way in a real browser, on the sample: add, look, settle, review, split, train, compare, try."""

from __future__ import annotations

import os
import signal
import time

import pytest
from driver import App, Screen

from fer_core.data.datasets import open_dataset
from fer_core.review.journal import Journal
from fer_core.runs import store
from fer_core.workspace import Workspace, read_json


@pytest.fixture(scope="module")
def workspace(app: App) -> Workspace:
    return Workspace(app.home)


def journal(workspace: Workspace) -> Journal:
    return Journal(open_dataset(workspace, "sample").journal_path)


def test_a_deep_link_as_the_very_first_visit_runs_the_entry_point(screen: Screen) -> None:
    screen.open("compare")
    assert screen.page.get_by_test_id("stSidebarNav").is_visible()
    assert screen.page.get_by_text("Page not found").count() == 0
    screen.sees("Add your first dataset")


def test_an_empty_workspace_says_what_to_do(screen: Screen) -> None:
    screen.open()
    screen.sees("Add your first dataset")
    screen.no_exception()


def test_add_the_sample(screen: Screen, workspace: Workspace) -> None:
    screen.open()
    screen.page.get_by_role("radio", name="The built-in sample").click()
    screen.still()
    screen.press("Add the sample")
    screen.sees("sample is here", timeout=120)
    assert (workspace.data / "sample" / "dataset.json").is_file()
    screen.no_exception()


def test_explore_shows_counts_and_a_face(screen: Screen) -> None:
    screen.open()
    assert screen.numbers()["unreadable"] == "5"
    screen.page.locator('[aria-label="Faces labelled happy"] button').first.click()
    screen.still()
    screen.sees("sharpness")
    screen.no_exception()


def test_copies_are_settled_and_undone_by_keyboard(screen: Screen, workspace: Workspace) -> None:
    screen.open("duplicates")
    groups = int(screen.numbers()["groups of equal pixels"])
    assert groups >= 30
    screen.page.keyboard.press("Enter")
    screen.still()
    screen.expect("groups settled by you", "1")
    assert journal(workspace).counts()["delete"] == 1
    screen.page.keyboard.press("u")
    screen.still()
    screen.expect("groups settled by you", "0")
    screen.press("Preview")
    screen.page.get_by_role("button", name="Record: drop").click()
    screen.still()
    screen.expect("groups settled by you", str(groups - 6))
    screen.no_exception()


def test_wrong_labels_are_ranked_and_reviewed_by_keyboard(screen: Screen, workspace: Workspace) -> None:
    screen.open("mislabels")
    screen.press("Rank the labels")
    screen.sees("Why it is here", timeout=120)
    screen.still()
    before = journal(workspace).counts()
    for key in ("Enter", "k", "a", "2"):
        screen.page.keyboard.press(key)
        screen.still()
    after = journal(workspace).counts()
    assert after["relabel"] + after["keep"] - before["relabel"] - before["keep"] == 3
    assert after["ambiguous"] == before["ambiguous"] + 1
    screen.page.reload()
    screen.still()
    assert journal(workspace).counts() == after
    screen.no_exception()


def test_stratify_saves_a_certified_version(screen: Screen, workspace: Workspace) -> None:
    screen.open("mislabels")
    screen.press("Apply as version")
    screen.go("Stratify")
    screen.press("Save as version")
    screen.sees("holds")
    dataset = open_dataset(workspace, "sample")
    assert dataset.version().operation == "stratify"
    screen.no_exception()


def test_train_streams_epochs_and_survives_a_restart(screen: Screen, app: App, workspace: Workspace) -> None:
    screen.open("train")
    epochs = screen.page.get_by_label("epochs", exact=True)
    epochs.fill("4")
    epochs.press("Tab")
    screen.still()
    screen.press("Train", exact=True)
    run = store.list_runs(workspace)[0]
    deadline = time.monotonic() + 120
    while not run.tail()[0] and time.monotonic() < deadline:
        time.sleep(0.1)
    seen = time.monotonic()
    screen.page.get_by_role("table", name="Epochs").wait_for(timeout=5000)
    assert time.monotonic() - seen < 2.5
    app.stop()
    app.start()
    screen.open("train")
    screen.sees("finished", timeout=120)
    assert run.state == "finished"
    screen.no_exception()


def test_a_killed_worker_is_shown_as_such(screen: Screen, workspace: Workspace) -> None:
    screen.open("train")
    screen.press("Train", exact=True)
    run = store.list_runs(workspace)[0]
    deadline = time.monotonic() + 120
    while run.state != "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(int(read_json(run.folder / "process.json")["pid"]), signal.SIGKILL)
    screen.page.get_by_text("lost", exact=True).first.wait_for(timeout=10_000)
    screen.sees("ended without a word")
    screen.no_exception()


def test_stop_keeps_the_best(screen: Screen, workspace: Workspace) -> None:
    screen.open("train")
    screen.press("Train", exact=True)
    run = store.list_runs(workspace)[0]
    screen.page.get_by_role("table", name="Epochs").wait_for(timeout=120_000)
    screen.press("Stop, keep best")
    screen.page.get_by_text("stopped", exact=True).first.wait_for(timeout=60_000)
    assert (run.folder / "model.onnx").is_file()
    screen.no_exception()


def test_compare_shows_every_run_and_the_faces_of_a_cell(screen: Screen) -> None:
    screen.open("compare")
    assert screen.numbers()["best validation accuracy"].endswith("compact")
    screen.sees("Confusion matrix")
    plot = screen.page.locator(".js-plotly-plot .nsewdrag").first
    plot.click(position={"x": 20, "y": 20})
    screen.still()
    screen.sees("happy, read rightly")
    screen.no_exception()


def test_try_it_answers_for_dropped_pictures(screen: Screen, workspace: Workspace) -> None:
    dataset = open_dataset(workspace, "sample")
    paths = dataset.manifest()
    file = dataset.source_path / paths.loc[paths["label"] == "happy", "path"].iloc[0]
    screen.open("try_it")
    screen.page.locator('input[type="file"]').set_input_files(str(file))
    screen.sees("All answers")
    began = time.monotonic()
    screen.page.locator('input[type="file"]').set_input_files(str(file))
    screen.still()
    assert time.monotonic() - began < 5
    screen.expect("faces in 2 pictures", "2")
    screen.no_exception()
