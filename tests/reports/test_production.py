"""The production page: what it says of a model is counted here by other means, and what the law asks stands in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from html_pages import stands_alone
from made_runs import NAMES, trained
from tiny_models import save_linear
from told_story import faces

from fer_core.base.errors import NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.evaluation import cost, report
from fer_core.reports import document, written
from fer_core.reports.datasheet import Publication
from fer_core.reports.document import Document
from fer_core.runs import predictions, run_annotations
from fer_core.runs.run import Run


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("production")
    faces(root / "source", 5, {"train": 3, "val": 10})
    return import_dataset(Workspace(root / "home"), root / "source", "faces")


@pytest.fixture(scope="module")
def run(dataset: Dataset) -> Run:
    made = trained(dataset, 0.7, ("val",))
    report.evaluate_run(made)
    weights = np.random.default_rng(0).normal(size=(48, 48, 1, len(NAMES)))
    about = {"classes": list(NAMES), "input_size": 48, "color": "gray", "threshold": 0.6, "temperature": 1.3}
    save_linear(made.folder / "model.onnx", weights, metadata=about)
    return made


def said(found: Document) -> str:
    return " ".join(stands_alone(document.html(found)).words.split())


def test_it_is_of_the_run_that_answers(dataset: Dataset, run: Run) -> None:
    with pytest.raises(NotFound, match="answer on Try it"):
        written.production_page(dataset)
    assert "not the one that answers" in said(written.production_page(dataset, run.id))
    run_annotations.promote(run)
    assert f"Production page {run.id}" in said(written.production_page(dataset))


def test_what_to_watch_are_its_three_largest_confusions(dataset: Dataset, run: Run) -> None:
    table = run.predictions("val")
    names = [f"p_{name}" for name in NAMES]
    answers = np.array(NAMES)[table[names].to_numpy().argmax(axis=1)]
    wrong = table[answers != table["label"]].assign(said=answers[answers != table["label"]])
    counted = wrong.groupby(["label", "said"]).size().sort_values(ascending=False)
    words = said(written.production_page(dataset, run.id))
    section = words.partition("What to watch")[2].partition("What it costs")[0]
    for (label, answer), n in list(counted.items())[:3]:
        of_label = n / int((table["label"] == label).sum())
        assert f"{label} {answer} {n} {of_label:.1%} {n / len(wrong):.1%}" in section
    assert f"Of {len(table)} val images" in section


def test_threshold_cost_and_licence(dataset: Dataset, run: Run) -> None:
    words = said(written.production_page(dataset, run.id))
    assert "holds temperature 1.30 and threshold 0.60" in words
    assert "not measured" in words  # unknown is said, not 0
    assert f"{(run.folder / 'model.onnx').stat().st_size:,}" in words
    assert "Nobody has said under which licence" in words
    measured = cost.measure(run)
    words = said(written.production_page(dataset, run.id, "MIT"))
    assert f"{measured['ms']['1']:.2f}" in words
    assert "This model: MIT" in words


def test_a_threshold_is_told_with_what_it_holds_for(dataset: Dataset, run: Run) -> None:
    words = said(written.production_page(dataset, run.id))
    assert "holds together with this temperature alone" in words
    assert f"fer calibrate {run.id} --precision" in words
    assert "means over" not in words
    made = trained(dataset, 0.7, ("val",), settings={"training.test_time_augmentation": "flip"})
    report.evaluate_run(made)
    table = made.predictions("val")
    table.attrs["test_time_augmentation"] = "flip"
    predictions.write(made.folder, "val", table)
    words = said(written.production_page(dataset, made.id))
    assert "means over 2 views of each image" in words


def test_what_the_law_asks_stands_in_it(dataset: Dataset, run: Run, tmp_path: Path) -> None:
    words = said(written.production_page(dataset, run.id))
    for each in (
        "Article 5(1)(f)",
        "workplace and education",
        "Article 50(3)",
        "Annex III",
        "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
    ):
        assert each in words
    notice = words.partition("To be shown before")[2]
    assert all(name in notice for name in NAMES)
    asked = written.Asked(run=run.id, said=Publication("MIT"))
    made = written.write(dataset, "production", tmp_path / "p.md", asked)
    assert "Article 50(3)" in (tmp_path / "p.md").read_text()
    assert made == {
        "kind": "production",
        "out": str(tmp_path / "p.md"),
        "bytes": (tmp_path / "p.md").stat().st_size,
    }
