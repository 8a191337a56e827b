"""stratify with its options, merge, certify and export from the shell."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import IMAGES, Fer
from PIL import Image
from test_reports import check_keys

from fer_core.base.atomic import read_json
from fer_core.base.workspace import Workspace
from fer_core.cli.merge import FORMATS
from fer_core.cli.splits import TOGETHER
from fer_core.data.datasets import import_dataset, open_dataset
from fer_core.data.exporting import export
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.reach import DISTANCE
from fer_core.jobs import Reporter
from fer_core.splits import certificate


@pytest.fixture(scope="module")
def two(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace with `more`, other faces of the same classes, and `strange`, one picture of another class."""
    root = tmp_path_factory.mktemp("two") / "home"
    shutil.copytree(made, root)
    make_sample(Workspace(root), "more", seed=31, count=150)
    source = tmp_path_factory.mktemp("strange")
    (source / "boredom").mkdir()
    Image.fromarray(np.arange(2304, dtype=np.uint8).reshape(48, 48)).save(source / "boredom" / "1.png")
    import_dataset(Workspace(root), source, "strange")
    return root


@pytest.fixture
def home(two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """FER_HOME of the test: a copy of `two`."""
    root = tmp_path / "home"
    shutil.copytree(two, root)
    monkeypatch.setenv("FER_HOME", str(root))
    return root


def test_the_choices_are_those_of_the_library() -> None:
    assert tuple(export.FORMATS) == tuple(name for name in FORMATS if name != "zip")  # folder, packed
    assert TOGETHER == ("exact", "near", "mirrored")


def test_stratify_keeps_copies_together_and_its_certificate_holds(fer: Fer) -> None:
    found = fer("stratify", "faces", "--json").json
    assert found["together"] == f"exact, near copies within {DISTANCE} bits and mirrored"
    assert found["certificate"] == found["certificate"] | {
        "exact": 0,
        "near": 0,
        "mirrored": 0,
        "holds": True,
    }
    assert found["evenness"]["class"] < 2.5  # of 24 images in val
    plain = fer("stratify", "faces", "--version", "v1", "--together", "exact", "--json").json
    assert plain["certificate"]["exact"] == 0
    assert plain["certificate"]["holds"] is False


def test_stratify_keeps_a_test_split_and_caps_classes(fer: Fer, home: Path) -> None:
    dataset = open_dataset(Workspace(home), "faces")
    before = dataset.manifest("v1")
    found = fer("stratify", "faces", "--keep-test", "--cap", "30", "--balance", "class,brightness", "--json")
    check_keys("stratify", found)
    after = dataset.manifest(found.json["version"])
    assert (before["split"] == "test").tolist() == (after["split"] == "test").tolist()
    used = after[(after["split"] != "unassigned") & (after["error"] == "")]
    assert used["label"].value_counts().max() <= 30
    assert (
        found.json["set_aside"] == int(((after["split"] == "unassigned") & (after["error"] == "")).sum()) > 0
    )
    assert set(found.json["evenness"]) == {"class", "brightness"}
    assert "set aside: " in fer("stratify", "faces", "--version", "v1", "--cap", "20").out


def test_folds_are_versions_to_train_on(fer: Fer, home: Path) -> None:
    found = fer("stratify", "faces", "--folds", "4", "--json").json
    assert {name for name, n in found["splits"].items() if n} == {f"fold-{n}" for n in range(1, 5)}
    assert [entry["fold"] for entry in found["folds"]] == ["fold-1", "fold-2", "fold-3", "fold-4"]
    dataset = open_dataset(Workspace(home), "faces")
    assert dataset.head == found["version"]
    assert dataset.version(found["folds"][1]["version"]).counts["splits"]["val"] == found["splits"]["fold-2"]
    assert "folds to train on: " in fer("stratify", "faces", "--version", "v1", "--folds", "3").out


def test_subjects_come_from_file_names_or_a_column(fer: Fer, home: Path, tmp_path: Path) -> None:
    dataset = open_dataset(Workspace(home), "faces")
    found = fer("stratify", "faces", "--subject-pattern", r"(\d)\d*\.\w+$", "--json")
    assert found.status == 0, found.err
    after = dataset.manifest(found.json["version"])
    good = after[after["error"] == ""]
    who = good["path"].str.extract(r"(\d)\d*\.\w+$")[0]
    assert (good["split"].groupby(who).nunique() == 1).all()
    assert r"subjects by (\d)" in found.json["together"]


def test_people_that_the_dataset_knows_stay_on_one_side(fer: Fer, home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(80):
        folder = tmp_path / "people" / ("happy", "sad")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (48, 48), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"p{number // 4:02}_{number}.png")
    known = ("--name", "people", "--subject-pattern", r"(p\d+)_")
    assert fer("import", str(tmp_path / "people"), *known).status == 0
    found = fer("stratify", "people", "--together", "exact", "--json").json
    assert "subject" in found["together"]
    dataset = open_dataset(Workspace(home), "people")
    after = dataset.manifest(found["version"])
    assert after["subject"].nunique() == 20
    assert (after["split"].groupby(after["subject"]).nunique() == 1).all()
    apart = fer(
        "stratify", "people", "--version", "v1", "--together", "exact", "--subject-column", "none", "--json"
    ).json
    assert "subject" not in apart["together"]
    loose = dataset.manifest(apart["version"])
    assert (loose["split"].groupby(loose["subject"]).nunique() > 1).any()


@pytest.mark.parametrize(
    "verb",
    [
        ["stratify", "faces", "--folds", "3"],
        ["separate", "faces", "--certify"],
        ["merge", "faces", "more", "--fill", "sad=3", "--certify"],
    ],
    ids=lambda verb: verb[0],
)
def test_a_stopped_save_makes_nothing_or_all_of_it(
    fer: Fer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    handler, report = signal.getsignal(signal.SIGTERM), Reporter.__call__
    asked = ""

    def stop_at(self: Reporter, done: int, total: int, what: str) -> None:
        report(self, done, total, what)
        if what.startswith(asked):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Reporter, "__call__", stop_at)

    def ended(words: str) -> dict[str, Any]:
        nonlocal asked
        asked = words
        job = tmp_path / words
        job.mkdir()
        with suppress(SystemExit):
            fer(*verb, f"--job={job}", "--json")
        return read_json(job / "result.json")

    dataset = open_dataset(Workspace(home), "faces")
    before = dataset.versions()
    try:
        planning = {"stratify": "choosing", "separate": "looking", "merge": "choosing"}[verb[0]]
        assert ended(planning)["state"] == "stopped"
        assert dataset.versions() == before
        saved = ended("checking" if verb[0] == "separate" else "saving")
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert saved["state"] == "finished"
    made = saved["result"]["version"]
    assert dataset.head == made
    assert certificate.load(dataset, made)
    assert len(dataset.versions()) == len(before) + (4 if verb[0] == "stratify" else 1)
    assert fer(*verb, "--version", "v1", "--json").json["version"] == made


def test_merge_reports_what_it_did(fer: Fer) -> None:
    clean = fer("stratify", "faces", "--json").json
    found = fer("merge", "faces", "more", "--fill", "surprise=20,sad=5", "--into", "all", "--json")
    check_keys("merge", found)
    report = found.json
    assert report["added"] == {"happy": 0, "surprise": 20, "neutral": 0, "sad": 5}
    assert sum(report["splits"].values()) == sum(clean["splits"].values()) + 25
    assert set(report["drift"]) == {"as it is", "train", "all"}
    assert report["told_apart"]["surprise"]["new"] == 20
    assert report["told_apart"]["sad"] is None
    assert fer("certify", "faces").status == 0
    into_train = fer(
        "merge", "faces", "more", "--version", clean["version"], "--into", "train", "--json"
    ).json
    for split in ("val", "test"):
        assert into_train["counts"][split] == clean["counts"][split]
    assert into_train["classes"]["surprise"]["asked"] > 0 == into_train["classes"]["happy"]["asked"]
    text = fer("merge", "faces", "more", "--version", clean["version"], "--fill", "sad=3").out
    assert "with 3 images of more, into all" in text  # as on the page


BAD: dict[str, tuple[list[str], str]] = {
    "merge into itself": (["merge", "faces", "faces"], "merged into itself"),
    "merge of nothing": (["merge", "faces", "nope"], "no dataset of that name"),
    "fill without a number": (["merge", "faces", "more", "--fill", "sad"], "class=number"),
    "fill of an unknown class": (["merge", "faces", "more", "--fill", "joy=3"], "no such class to fill"),
    "fill of nothing": (["merge", "faces", "more", "--fill", "sad=0"], "nothing to fill"),
    "map without =": (["merge", "faces", "more", "--map", "sad"], "theirs=ours"),
    "map to nowhere": (["merge", "faces", "more", "--map", "sad=joy"], "no such class to map to"),
    "classes that do not map": (["merge", "faces", "strange"], "No class of the other dataset maps"),
    "merge into test": (["merge", "faces", "more", "--into", "test"], "'test'"),
    "one fold": (["stratify", "faces", "--folds", "1"], "2<=x<=20"),
    "a cap of nothing": (["stratify", "faces", "--cap", "0"], "x>=1"),
    "unknown balance": (["stratify", "faces", "--balance", "class,hair"], "cannot be balanced"),
    "a pattern that matches nothing": (
        ["stratify", "faces", "--subject-pattern", "S(x+)_"],
        "matches no file",
    ),
    "no pattern": (["stratify", "faces", "--subject-pattern", "("], "not a regular expression"),
    "endless": (["stratify", "faces", "--subject-pattern", "^(([a-z0-9/_.]+)+)+!$"], "matches no file"),
    "unknown column": (["stratify", "faces", "--subject-column", "person"], "no such column"),
    "no test to keep": (["stratify", "strange", "--keep-test"], "no test split"),
    "a set of one image": (["stratify", "strange"], "at least 3 pictures"),
    "unknown format": (["export", "faces", "--to", "OUT", "--format", "tfrecord"], "'tfrecord'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_saves_nothing(fer: Fer, home: Path, tmp_path: Path, case: str) -> None:
    before = sorted((home / "data").glob("*/versions/*"))
    pixels = {
        name: os.path.getsize(home / "data" / name / "pixels/48x48-gray.npy") for name in ("faces", "strange")
    }
    args, words = BAD[case]
    outcome = fer(*[str(tmp_path / "out") if arg == "OUT" else arg for arg in args])
    assert outcome.status == 2, outcome
    assert outcome.err.count("\n") == 1
    assert words in outcome.err
    assert sorted((home / "data").glob("*/versions/*")) == before
    assert {
        name: os.path.getsize(home / "data" / name / "pixels/48x48-gray.npy") for name in pixels
    } == pixels
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written(fer: Fer, tmp_path: Path, form: str) -> None:
    found = fer("export", "faces", "--to", tmp_path / "out", "--format", form, "--json")
    check_keys("export", found)
    assert found.json["format"] == form
    assert found.json["images"] == (IMAGES if form in ("folder", "zip") else IMAGES - 1)
    packed = fer("export", "faces", "--to", tmp_path / "again.zip", "--format", form, "--json")
    assert packed.json["images"] == found.json["images"]
    assert (tmp_path / "again.zip").stat().st_size > 1000


def test_a_certificate_names_the_copies(fer: Fer, home: Path) -> None:
    found = fer("certify", "faces", "--json")
    assert found.status == 1
    pairs = pd.DataFrame(found.json["examples"])
    paths = open_dataset(Workspace(home), "faces").manifest().set_index("path")["split"]
    assert (paths[pairs["first"]].to_numpy() != paths[pairs["second"]].to_numpy()).all()
    page = home / "data" / "faces" / "versions" / found.json["version"] / "certificate.html"
    text = page.read_text(encoding="utf-8")
    assert "The splits are not apart" in text
    assert text.count("<img") == 2 * len(pairs)
    assert "http" not in text
