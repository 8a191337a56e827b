"""Compare in a real browser: sort, choose two, click a cell, see the faces, export, put away, judge elsewhere."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from driver import App, Screen
from made_runs import NAMES, tell_epochs, trained
from playwright.sync_api import expect
from tiny_models import save_linear

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import ledger
from fer_core.evaluation.report import evaluate_run
from fer_core.review.apply import apply_journal
from fer_core.review.journal import Journal
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.ui.shell.run_snapshots import title


@pytest.fixture(scope="module")
def runs(app: App) -> list[Run]:
    """Six runs; the third is the best, and reads sad as happy where it errs."""
    dataset = make_sample(Workspace(app.home), count=300)
    found = []
    for number, share in enumerate((0.5, 0.6, 0.9, 0.55, 0.4, 0.62), 1):
        run = trained(dataset, share, settings={"training.epochs": number})
        tell_epochs(run, [share - 0.2 + 0.2 * epoch / 5 for epoch in range(1, 6)])
        evaluate_run(run)
        found.append(run)
    return found


def names(screen: Screen, expected: list[str]) -> None:
    """Wait until the board shows these runs in this order."""
    rows = screen.page.locator("table[aria-label^=Leaderboard] .name")
    expect(rows).to_have_text(expected, timeout=30_000)


def test_sort_search_and_open_the_best(screen: Screen, runs: list[Run]) -> None:
    screen.open("compare?dataset=sample")
    screen.sees("Confusion matrix")
    best = title(runs[2])
    expect(screen.page.locator("table[aria-label^=Leaderboard] .name").first).to_have_text(best)
    screen.page.get_by_role("button", name="run", exact=True).click()
    names(screen, [title(run) for run in runs])
    screen.page.get_by_role("button", name="run ↑").click()
    names(screen, [title(run) for run in runs][::-1])
    screen.page.get_by_label("Search runs").fill("0003")
    names(screen, [best])
    screen.no_exception()


def test_choose_two_click_a_cell_and_see_the_faces(screen: Screen, runs: list[Run]) -> None:
    screen.open("compare?dataset=sample")
    for run in (runs[0], runs[2]):
        screen.page.get_by_role("button", name=f"Choose {title(run)}").click()
        screen.still()
    screen.sees(f"B {title(runs[2])} against A {title(runs[0])}")
    screen.sees("B is better")
    screen.sees("training.epochs")
    # The matrix of one run gives way to that of two.
    cell = screen.page.locator('button[data-cell="neutral|sad"][title*=" in A"]')
    cell.wait_for()
    cell.click()
    screen.still()
    screen.sees("neutral predicted as sad")
    truth = predictions.read(runs[0].folder, "val")
    last = np.arange(len(truth))
    fixed = int(
        (
            (last >= round(0.5 * len(truth)))
            & (last < round(0.9 * len(truth)))
            & (truth["label"] == "neutral")
        ).sum()
    )
    screen.sees(f"fixed {fixed}, broke 0")
    faces = screen.page.locator('[aria-label="neutral predicted as sad, fixed"] button')
    expect(faces).to_have_count(min(fixed, 10), timeout=30_000)
    if fixed > 10:
        screen.press(f"All {fixed}", exact=True)
        expect(faces).to_have_count(fixed, timeout=30_000)
    screen.page.get_by_role("radio", name="both", exact=True).click()
    expect(screen.page.locator('table[aria-label^="Confusion of"]')).to_have_count(2, timeout=30_000)
    screen.page.get_by_role("tab", name="Faces").click()
    screen.page.get_by_text("B fixed").click()
    screen.still()
    screen.no_exception()


def test_the_leaderboard_and_a_model_card_can_be_taken_home(
    screen: Screen, runs: list[Run], tmp_path: Path
) -> None:
    screen.open("compare?dataset=sample")
    screen.press("Export")
    with screen.page.expect_download() as waiting:
        screen.page.get_by_role("button", name="CSV").click()
    waiting.value.save_as(tmp_path / "board.csv")
    rows = list(csv.DictReader((tmp_path / "board.csv").open()))
    assert rows[0]["run"] == runs[2].id
    assert float(rows[0]["low"]) < float(rows[0]["accuracy"]) < float(rows[0]["high"])
    with screen.page.expect_download() as waiting:
        screen.page.get_by_role("button", name="HTML report").click()
    waiting.value.save_as(tmp_path / "report.html")
    assert runs[2].id in (tmp_path / "report.html").read_text()
    screen.page.keyboard.press("Escape")
    with screen.page.expect_download() as waiting:
        screen.page.get_by_role("button", name="Model card").click()
    waiting.value.save_as(tmp_path / "card.md")
    assert runs[2].id in (tmp_path / "card.md").read_text()
    screen.no_exception()


def test_what_settings_do_the_journey_and_an_ensemble(screen: Screen, runs: list[Run]) -> None:
    screen.open("compare?dataset=sample&look=Settings")
    screen.sees("Paired experiments")
    screen.page.locator(".js-plotly-plot").wait_for()
    screen.page.get_by_role("radio", name="Journey", exact=True).click()
    screen.sees("over the baseline, 95 %")
    screen.page.locator(
        "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
    ).first.wait_for()
    screen.page.get_by_role("radio", name="Ensemble", exact=True).click()
    screen.sees("What it gains")
    screen.no_exception()


def test_test_is_covered_and_a_look_is_recorded(screen: Screen, runs: list[Run]) -> None:
    workspace = runs[0].workspace
    screen.open("compare?dataset=sample")
    screen.page.get_by_role("radio", name="test", exact=True).click()
    screen.still()
    screen.sees("Test results are hidden")
    assert ledger.reads(workspace) == []
    screen.press("Show test results of 6 runs")
    screen.page.get_by_role("tab", name="Scores").click()
    screen.sees("Class by class")
    assert {look["run"] for look in ledger.reads(workspace)} == {run.id for run in runs}
    screen.no_exception()


def test_star_and_delete(screen: Screen, runs: list[Run]) -> None:
    screen.open("compare?dataset=sample")
    screen.page.get_by_role("button", name=f"Star {title(runs[4])}").click()
    screen.page.get_by_role("button", name=f"Remove the star of {title(runs[4])}").wait_for()
    assert json.loads((runs[4].folder / "marks.json").read_text())["star"] is True
    screen.page.get_by_role("button", name=f"Choose {title(runs[4])}").click()
    screen.still()
    screen.press("Delete", exact=True)
    screen.page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    screen.still()
    screen.page.get_by_role("button", name=f"Choose {title(runs[4])}").wait_for(state="detached")
    assert (runs[4].workspace.models / "deleted" / runs[4].id / "marks.json").is_file()
    screen.no_exception()


def test_slices_other_datasets_and_a_later_version(screen: Screen, runs: list[Run]) -> None:
    workspace, best = runs[0].workspace, runs[2]
    make_sample(workspace, "others", seed=8, count=120)
    weights = np.random.default_rng(4).normal(0, 0.001, (48, 48, 1, 4))
    about = {"classes": list(NAMES), "input_size": 48, "color": "gray"}
    save_linear(best.folder / "model.onnx", weights, metadata=about)
    page = screen.page
    screen.open("compare?dataset=sample&look=Slices")
    screen.sees(f"Slices of {title(best)}")
    page.get_by_role("radio", name="Datasets", exact=True).click()
    cells = (
        page.get_by_role("table", name="Runs on datasets")
        .get_by_role("row")
        .filter(has_text=title(best))
        .get_by_role("cell")
    )
    expect(cells.last).to_have_text("not asked")
    screen.press("Judge 1 run there")
    expect(cells.last).to_contain_text("[0.", timeout=120_000)

    dataset = Dataset(workspace, "sample")
    gone = readable(dataset.manifest()).query("split == 'train'").iloc[0]
    Journal(dataset.journal_path).add(
        "delete", image_id=gone["image_id"], pixel_hash=gone["pixel_hash"], path=gone["path"]
    )
    apply_journal(dataset)
    later = trained(dataset, 0.3, version_number=2)
    tell_epochs(later, [0.3])
    evaluate_run(later)
    screen.open("compare?dataset=sample")
    row = page.locator("table[aria-label^=Leaderboard] tr").filter(has_text=title(best))
    expect(row).to_contain_text("· v1, n ")  # its figure of its own version, and no rank
    screen.press("Judge all on a common clean validation part")
    expect(row).to_contain_text(re.compile("^[12]=?"), timeout=120_000)
    expect(row).to_contain_text("· v1, n ")
    screen.no_exception()
