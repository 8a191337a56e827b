"""A workspace made by the version before the library was rebuilt opens unchanged.

`tests/data/old_workspace.zip` was made by that version from its drawn sample: a dataset with two versions, a journal with
decisions that are applied and others that are not, a kept comparison, a certificate and a ranking, a finished and a
paused run, finished and failed jobs. `expected.json` in it is what that version itself read of it, and what became of
the paused run when that version resumed it. The files of the source are left out.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core import jobs, mislabels
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, list_datasets
from fer_core.duplicates import scan_store
from fer_core.evaluation import leaderboard
from fer_core.jobs.tasks import Check, RankLabels
from fer_core.review.apply import preview
from fer_core.review.journal import Journal
from fer_core.runs import store
from fer_core.scheduling import resume, start
from fer_core.splits import certificate

ARCHIVE = Path(__file__).parent / "data" / "old_workspace.zip"
CURVE = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(tmp_path / "home")
    return Workspace(tmp_path / "home")


@pytest.fixture
def expected(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workspace.root / "expected.json").read_text())
    return found


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    (found,) = list_datasets(workspace)
    return found


def rounded(values: object) -> Any:
    """As JSON has it, numbers to nine digits."""
    return json.loads(json.dumps(values, default=str), parse_float=lambda text: round(float(text), 9))


def test_dataset_and_versions(dataset: Dataset, expected: dict[str, Any]) -> None:
    told = expected["dataset"]
    assert (dataset.name, dataset.head) == (told["name"], told["head"])
    assert [asdict(version) for version in dataset.versions()] == told["versions"]
    for version in dataset.versions():
        manifest = dataset.manifest(version.id)
        assert manifest["image_id"].tolist() == expected["image_ids"][version.id]
        assert manifest["label"].tolist() == expected["labels"][version.id]
        assert len(dataset.pixels()[manifest["row"]]) == len(manifest)


def test_journal(dataset: Dataset, expected: dict[str, Any]) -> None:
    journal = Journal(dataset.folder / "journal.sqlite")
    for active, wanted in ((False, expected["journal"]), (True, expected["holding"])):
        found = json.loads(journal.decisions(active_only=active).to_json(orient="records"))
        assert [{key: row[key] for key in wanted[0]} for row in found] == wanted
    assert preview(dataset)["pending"] == expected["pending"]


def test_certificate_comparison_and_ranking(dataset: Dataset, expected: dict[str, Any]) -> None:
    found, told = certificate.load(dataset, dataset.head), expected["certificate"]
    assert found is not None
    read = rounded(asdict(found))
    same = set(told) - {"schema"}
    assert {key: read[key] for key in same} == {key: rounded(told[key]) for key in same}
    # What was compared then is not taken for a comparison of all pairs: it is "not compared yet", never "none".
    for kind in expected["scan"]:
        assert scan_store.load_scan(dataset, kind) is None
    assert mislabels.methods(dataset, dataset.head) == expected["ranking"]["methods"]
    ranking = mislabels.load(dataset, dataset.head)
    assert ranking is not None
    assert ranking["image_id"].head(10).tolist() == expected["ranking"]["first"]
    assert ranking["score"].head(10).tolist() == pytest.approx(expected["ranking"]["scores"], abs=1e-8)


def test_runs_and_leaderboard(workspace: Workspace, expected: dict[str, Any]) -> None:
    runs = store.list_runs(workspace)
    for run, told in zip(runs, expected["runs"], strict=True):
        assert (run.id, *run.status()) == (told["id"], told["state"], told["reason"])
        assert rounded(run.epochs_since()[0]) == rounded(told["metrics"])
        summary = rounded(run.summary())
        assert {key: summary[key] for key in told["summary"]} == rounded(told["summary"])
        for split, first in told["answers"].items():
            assert run.predictions(split).iloc[0, 2:].tolist() == pytest.approx(first, abs=1e-6)
    assert [run.state for run in runs] == ["paused", "finished"]
    assert (runs[0].progress.details["epochs"], runs[0].progress.total) == (5, 10)  # five of two steps
    rows = leaderboard.rows(workspace)
    numbers = (
        "run", "state", "recipe", "dataset", "version", "val_accuracy", "val_low", "val_high", "train_accuracy", "gap",
        "macro_f1", "parameters", "epochs", "planned_epochs", "best_epoch", "seconds", "seed", "number", "reason",
    )  # fmt: skip
    for row, told in zip(rows, expected["board"], strict=True):
        assert {key: rounded(row[key]) for key in numbers} == {key: rounded(told[key]) for key in numbers}


def test_jobs(workspace: Workspace, expected: dict[str, Any]) -> None:
    found = jobs.recent(workspace)
    for job, told in zip(found, expected["jobs"], strict=True):
        assert (job.id, job.title, job.state, job.created) == tuple(
            told[k] for k in ("id", "title", "state", "created")
        )
        assert (job.error, job.result, job.log_tail()) == (told["error"], told["result"], told["log"])
    head = expected["dataset"]["head"]
    assert [job.task for job in found] == [
        RankLabels("faces", head, "run:0099"), RankLabels("faces", head, "quick"), Check("faces", head),
    ]  # fmt: skip
    assert jobs.find(workspace, RankLabels, dataset="faces", version=head) == found[:2]


@pytest.mark.slow
def test_the_paused_run_goes_on_as_the_version_before_would_have(
    workspace: Workspace, expected: dict[str, Any]
) -> None:
    run = store.get(workspace, "2")
    resume.resume(run)
    start.wait(run, timeout=240)
    assert run.state == expected["resumed"]["state"] == "finished", run.log_tail()
    rows, told = run.epochs_since()[0], expected["resumed"]["epochs"]
    assert [row["epoch"] for row in rows] == [row["epoch"] for row in told] == [1, 2, 3, 4, 5]
    curve, wanted = (np.array([[row[key] for key in CURVE] for row in each]) for each in (rows, told))
    np.testing.assert_array_equal(curve[:2], wanted[:2])  # what was there is not written again
    np.testing.assert_allclose(curve, wanted, rtol=2e-3, atol=2e-3)
    assert len(run.predictions("val")) == 29
