"""The commands at the end of a story make the very versions it tells of; and what was not checked is not told as zero."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from made_runs import tell_epochs, trained
from PIL import Image
from told_story import faces

from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import open_dataset
from fer_core.mislabels import by_name
from fer_core.reports import document, story
from fer_core.review import apply
from fer_core.splits import certificate
from fer_core.splits.stratify import save_plan, stratify


def fer(*words: str) -> dict[str, object]:
    done = CliRunner().invoke(cli, [*words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    faces(tmp_path / "source", 7, {"train": 12, "val": 4, "test": 3})
    fer("import", str(tmp_path / "source"), "--name", "faces", "--as", "none", "--no-compare")
    return open_dataset(Workspace(tmp_path / "home"), "faces")


def commands(dataset: Dataset) -> dict[str, list[str]]:
    """Words by version, from the story."""
    text = document.markdown(story.build(dataset, faces=False))
    lines = [line.partition("    # ") for line in text.splitlines() if line.startswith("fer ")]
    return {
        number.partition(",")[0]: shlex.split(words)[1:]
        for words, _, number in lines
        if number.startswith("v")
    }


SPLITS = {
    "all": ["--ratios", "50/30/20", "--seed", "5", "--together", "near", "--distance", "4", "--balance", "class,brightness",
            "--subject-pattern", r"(\d)\.png", "--keep-test", "--cap", "9"],
    "folds": ["--folds", "3", "--together", "exact", "--cap", "10"],
    "thirds": ["--ratios", "0.6/0.25/0.15", "--subject-column", "none"],
}  # fmt: skip


@pytest.mark.parametrize("given", SPLITS.values(), ids=SPLITS)
def test_a_split_is_made_again_by_its_command(dataset: Dataset, given: list[str]) -> None:
    made = fer("stratify", "faces", *given)
    assert fer("stratify", "faces", "--version", "v1")["version"] != made["version"]  # the choices decide
    number = next(f"v{v.number}" for v in dataset.versions() if v.id == made["version"])
    assert fer(*commands(dataset)[number])["version"] == made["version"]


def test_folds_are_made_by_the_command_that_names_them(dataset: Dataset) -> None:
    made = fer("stratify", "faces", *SPLITS["folds"])
    text = document.markdown(story.build(dataset, faces=False))
    assert "# v2, and its folds v3, v4, v5" in text
    assert "was made by fold" not in text
    ids = {v.id for v in dataset.versions() if v.operation == "fold"}
    for version in ids:
        shutil.rmtree(dataset.folder / "versions" / version)
    assert fer(*commands(dataset)["v2"])["folds"] == made["folds"]
    assert {v.id for v in dataset.versions() if v.operation == "fold"} == ids


def test_an_import_as_plain_folders_is_not_made_again_as_a_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that is known as RAF-DB, whose classes are numbers, read as the folders it has."""
    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    folder = tmp_path / "set" / "DATASET" / "train"
    rng = np.random.default_rng(3)
    for label in (1, 4):
        (folder / str(label)).mkdir(parents=True)
        for i in range(4):
            picture = Image.fromarray(rng.integers(0, 255, (48, 48), np.uint8))
            picture.save(folder / str(label) / f"train_{label}{i}_aligned.jpg")
    given = ["import", str(tmp_path / "set"), "--map", "1=sad", "--map", "4=neutral", "--no-compare"]
    as_delivered = fer(*given[:2], "--name", "known", "--no-compare")
    plain = fer(*given, "--name", "faces", "--as", "none")
    assert plain["version"] != as_delivered["version"]
    told = commands(open_dataset(Workspace(tmp_path / "home"), "faces"))["v1"]
    again = fer(*[{"faces": "again"}.get(word, word) for word in told], "--no-compare")
    assert again["version"] == plain["version"]


def test_imports_and_merges_are_made_again_by_their_commands(dataset: Dataset, tmp_path: Path) -> None:
    faces(tmp_path / "more", 8, {"train": 8, "val": 2, "test": 2})
    fer("import", str(tmp_path / "more"), "--name", "more", "--no-compare")
    made = fer("merge", "faces", "more", "--fill", "sad=6", "--subject-pattern", r"(\d)\.png", "--seed", "3")
    told = commands(dataset)
    assert fer(*told["v2"])["version"] == made["version"]
    again = [{"faces": "again"}.get(word, word) for word in told["v1"]]
    fer(*again, "--no-compare")
    other = open_dataset(dataset.workspace, "again")
    assert (other.head, other.about["import"]) == (dataset.version("v1").id, dataset.about["import"])


def test_what_no_command_makes_again_is_said_in_words(dataset: Dataset) -> None:
    sad = dataset.manifest().query("label == 'sad'")["image_id"].tolist()
    by_name.relabel(dataset, {sad[0]: "happy"}, who="ann")
    apply.apply_journal(dataset)
    assert set(commands(dataset)) == {"v1", "v2"}
    by_name.relabel(dataset, {sad[1]: "happy"}, who="ann")
    apply.apply_journal(dataset)
    save_plan(dataset, stratify(dataset.manifest(), (60, 20, 20)))  # as older programs kept it
    assert set(commands(dataset)) == {"v1", "v3"}  # the patch of now makes v3, no longer v2
    text = document.markdown(story.build(dataset, faces=False))
    assert "# v2 was made by review, but the decisions on record make another one of it" in text
    assert "# v4 was made by stratify: fer versions faces" in text


def test_copies_that_were_not_looked_for_are_not_told_as_none(dataset: Dataset) -> None:
    certificate.certify(dataset, "v1", distance=None)
    row = next(
        line
        for line in document.markdown(story.build(dataset, faces=False)).splitlines()
        if line.startswith("| v1 | import")
    )
    assert "holds: equal pixels checked only" in row
    assert "| 0 of those checked |" in row
    certificate.certify(dataset, "v1")
    whole = document.markdown(story.build(dataset, faces=False))
    assert "| holds | 0 |" in whole


def test_pairs_that_cannot_be_judged_are_not_told_as_none(dataset: Dataset) -> None:
    first = trained(dataset, 0.6, ["val"])
    fer("stratify", "faces", "--seed", "9")
    second = trained(dataset, 0.8, ["val"])
    for run in (first, second):
        tell_epochs(run, [0.6])
    said = CliRunner().invoke(cli, ["paired"]).output
    assert "1 pair that differs in one thing alone cannot be judged" in said
    assert "the two have answers for no version in common" in said
    words = document.markdown(story.build(dataset, faces=False)).replace("\\", "")
    assert "No two runs differ in one thing alone" not in words
    assert (
        "1 pair that differs in one thing alone cannot be judged: one of the two has no answers there"
        in words
    )
