"""The status of a dataset, walked from import to a promoted model: what each step says is counted here by other means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_runs import tell_epochs, trained

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import list_datasets, open_dataset
from fer_core.data.sample.make import make_sample, truth
from fer_core.data.save_version import save_version
from fer_core.duplicates import scan_store
from fer_core.mislabels.judges import ranked
from fer_core.reports.status import status
from fer_core.reports.status_parts import DatasetStatus, JourneyStep
from fer_core.review.apply import apply_journal
from fer_core.review.journal import Journal
from fer_core.runs.run_annotations import promote
from fer_core.splits import propose


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("status")), "faces", count=240)


def step(found: DatasetStatus, name: str) -> JourneyStep:
    return next(each for each in found.steps if each.name == name)


def test_the_way_from_import_to_certified_splits(dataset: Dataset) -> None:
    found = status(dataset)
    assert [each.name for each in found.steps] == [
        "Import",
        "Copies",
        "Labels",
        "Split",
        "Train",
        "Compare",
        "Try it",
    ]
    table = dataset.manifest()
    assert found.images == (table["error"] == "").sum()
    assert step(found, "Copies").caution == "not compared yet"
    assert found.next is not None
    assert (found.next.step, found.next.page, found.next.verb) == (
        "Copies",
        "duplicates",
        "fer duplicates faces",
    )

    scan_store.compared_pairs(dataset, dataset.head)
    found = status(dataset)
    conflicts = {frozenset(pair["paths"]) for pair in truth(dataset)["conflicting"]}
    assert found.next is not None
    assert (
        found.next.title
        == f"Settle {len(conflicts):,} group{'s' * (len(conflicts) > 1)} of copies with two labels"
    )
    assert "0 of" in step(found, "Copies").facts[0]

    put_off = status(dataset, later=["Copies"]).next
    assert put_off is not None
    assert (put_off.step, put_off.title) == ("Labels", "Rank the labels")
    ranking = ranked(dataset, dataset.head, "quick")
    likely = ranking[ranking["likely_wrong"]]
    labels = step(status(dataset), "Labels")
    assert labels.facts == (f"0 of {len(likely):,} suspects seen (quick)",)
    image = likely.iloc[0]
    Journal(dataset.journal_path).add("relabel", image_id=image["image_id"], label=image["suggested"])
    labels = step(status(dataset), "Labels")
    assert labels.facts == (f"1 of {len(likely):,} suspects seen (quick)",)
    assert labels.caution == "1 decision to apply"
    apply_journal(dataset)

    saved = propose.save(dataset, propose.propose(dataset, None, (70, 15, 15), seed=1))
    assert saved.certificate.holds
    found = status(dataset, later=["Copies", "Labels"])
    assert step(found, "Split").state == "done"
    assert step(found, "Labels").facts == ("version 1 is ranked, this one not yet",)
    assert [each.certified for each in found.story] == [None, None, True]
    assert found.story[1].changed == "1 relabelled"
    assert found.next is not None
    assert found.next.title == "Train compact on version 3"


def test_a_run_stands_with_the_version_it_was_trained_on(dataset: Dataset) -> None:
    made = trained(dataset, 0.8)
    tell_epochs(made, [0.8])
    found = status(dataset)
    assert [[row["run"] for row in each.runs] for each in found.story] == [[], [], [made.id]]
    assert step(found, "Train") == JourneyStep("Train", "train", "done", ("1 run, 1 on this version",))
    assert json.loads(json.dumps(found.record()))["story"][2]["runs"][0]["run"] == made.id
    propose.save(dataset, propose.propose(dataset, None, (60, 20, 20), seed=2))
    found = status(dataset, later=["Copies", "Labels"])
    assert step(found, "Train") == JourneyStep("Train", "train", "open", ("1 run, 0 on this version",))
    assert found.next is not None
    assert found.next.title == "Train compact on version 4"


def test_everything_put_off_proposes_nothing(dataset: Dataset) -> None:
    names = [each.name for each in status(dataset).steps]
    assert status(dataset, later=names).next is None


def test_a_dataset_with_nothing_stored_says_so_instead_of_zero(tmp_path: Path) -> None:
    plain = make_sample(Workspace(tmp_path), "plain", count=120)
    found = status(plain)
    said = " ".join(fact for each in found.steps for fact in (*each.facts, each.caution))
    for unknown in ("not compared yet", "not ranked yet", "no certificate", "nothing to compare"):
        assert unknown in said


def test_a_run_of_another_dataset_may_answer_on_try_it(dataset: Dataset) -> None:
    other = trained(make_sample(dataset.workspace, "other", count=120), 0.9)
    (other.folder / "model.onnx").write_bytes(b"model")
    promote(other)
    try:
        assert step(status(dataset), "Try it").facts == (f"{other.id} answers",)
    finally:
        (dataset.workspace.models / "default.json").unlink()
    assert step(status(dataset), "Try it").facts == ("the shipped model answers",)


def test_pictures_without_a_class_are_in_no_split(tmp_path: Path) -> None:
    plain = make_sample(Workspace(tmp_path), "plain", count=120)
    table = plain.manifest()
    some = table.index[(table["error"] == "") & (table["split"] == "train")][:20]
    table.loc[some, "label"] = ""
    table.loc[some, "error"] = "8 none"
    save_version(plain, table, parent="v1", operation="other")
    found = status(plain)
    readable_rows = table[table["error"] == ""]
    assert found.splits == readable_rows["split"].value_counts().reindex(list(found.splits)).to_dict()
    assert found.images == sum(found.splits.values())


def test_looking_changes_nothing_that_a_page_keeps(dataset: Dataset) -> None:
    """Reading the journal makes and removes files of SQLite beside it: the order of datasets must not follow."""
    names = [each.name for each in list_datasets(dataset.workspace)]
    for name in reversed(names):
        Journal(open_dataset(dataset.workspace, name).journal_path).decisions()
    assert [each.name for each in list_datasets(dataset.workspace)] == names
