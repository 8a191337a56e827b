"""The Stratify page: every choice reaches the plan, bad choices are one sentence and save nothing."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest
from waiting import until

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset, open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.scan_store import compared_pairs
from fer_core.reports import document, story
from fer_core.splits import certificate, separate
from fer_core.splits.subjects import from_pattern

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a small sample whose pictures are compared."""
    root = tmp_path_factory.mktemp("home")
    made = make_sample(Workspace(root), count=240)
    compared_pairs(made, made.head)
    return root


@pytest.fixture
def dataset(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """That sample in a workspace of its own."""
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    return open_dataset(Workspace(tmp_path), "sample")


def visit(dataset: Dataset) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/data/stratify.py")
    app.query_params["dataset"] = dataset.name
    app.run()
    assert not app.exception
    return app


def pick(app: AppTest, label: str, value: str) -> None:
    next(g for g in app.segmented_control if g.label == label).set_value(value).run()
    assert not app.exception


def save(app: AppTest) -> AppTest:
    button = next(b for b in app.button if b.label.startswith("Save as version"))
    assert not button.disabled
    button.click().run()
    job = jobs.recent(Workspace(Path(os.environ["FER_HOME"])))[0]
    until(lambda: job.state != "running", 60)
    assert job.state == "finished", job.error
    app.run()
    assert not app.exception
    assert "is ready" in words(app)
    return app


def words(app: AppTest) -> str:
    return " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))


def test_a_saved_split_has_a_certificate_that_holds(dataset: Dataset) -> None:
    save(visit(dataset))
    version = open_dataset(dataset.workspace, dataset.name).version()
    assert version.operation == "stratify"
    found = certificate.load(dataset, version.id)
    assert found
    assert found.holds
    assert found.mirrored == 0
    told = document.markdown(story.build(open_dataset(dataset.workspace, dataset.name), faces=False))
    command = next(line for line in told.splitlines() if line.startswith("fer stratify")).partition("    #")[
        0
    ]
    again = CliRunner().invoke(cli, [*shlex.split(command)[1:], "--json"])
    assert json.loads(again.stdout)["version"] == version.id


def test_ratios_other_than_100_are_explained_and_nothing_can_be_saved(dataset: Dataset) -> None:
    app = visit(dataset)
    app.number_input(key="strat-train").set_value(70).run()
    assert "100" in app.error[0].value
    assert next(b for b in app.button if b.label.startswith("Save")).disabled


def test_folds_are_saved_with_a_version_for_each(dataset: Dataset) -> None:
    app = visit(dataset)
    pick(app, "What to make", "folds")
    app.number_input(key="strat-folds").set_value(3).run()
    save(app)
    operations = [v.operation for v in dataset.versions()]
    assert operations.count("fold") == 3
    assert set(dataset.manifest()["split"]) >= {"fold-1", "fold-2", "fold-3"}


def test_the_test_split_is_kept(dataset: Dataset) -> None:
    before = dataset.manifest()
    app = visit(dataset)
    app.toggle(key="strat-keep").set_value(True).run()
    save(app)
    after = dataset.manifest()
    assert set(after.loc[after["split"] == "test", "image_id"]) == set(
        before.loc[before["split"] == "test", "image_id"]
    )


def test_a_cap_and_a_balanced_column_reach_the_version(dataset: Dataset) -> None:
    app = visit(dataset)
    app.toggle(key="strat-cap").set_value(True).run()
    app.number_input(key="strat-cap-at").set_value(25).run()
    next(g for g in app.button_group if g.key == "strat-balance").set_value(["brightness"]).run()
    save(app)
    parameters = dataset.version().parameters
    assert parameters["cap"] == 25
    assert parameters["balance"] == ["class", "brightness"]
    assert dataset.version().counts["classes"]["happy"] >= 25
    rows = dataset.manifest()
    assert rows[(rows["split"] != "unassigned") & (rows["error"] == "")]["label"].value_counts().max() == 25


def test_subjects_by_pattern_are_previewed_and_kept_together(dataset: Dataset) -> None:
    app = visit(dataset)
    app.selectbox(key="strat-subject").set_value("pattern").run()
    app.text_input(key="strat-pattern").set_value(r"(\d)\.\w+$").run()
    assert not app.exception
    assert "files it matches" in words(app)
    app.text_input(key="strat-pattern").set_value("nobody(").run()
    assert "regular expression" in app.error[0].value
    app.text_input(key="strat-pattern").set_value("nobody_here").run()
    assert "matches no file" in app.error[0].value
    pattern = r"(\d\d)\.\w+$"
    app.text_input(key="strat-pattern").set_value(pattern).run()
    save(app)
    after = dataset.manifest()
    subjects = from_pattern(after, pattern)
    sides = after.set_index("image_id")["split"].reindex(subjects[subjects != ""].index)
    assert sides.groupby(subjects[subjects != ""]).nunique().max() == 1


def test_gaps_are_filled_from_another_set(dataset: Dataset) -> None:
    other = make_sample(dataset.workspace, "other", seed=99, count=150)
    save(visit(dataset))
    app = visit(dataset)
    pick(app, "What to do", "Fill gaps")
    assert "What is added" in words(app)
    assert "Can a model tell old from new?" in words(app)
    pick(app, "How many", "by number")
    for name in ("happy", "sad", "neutral", "surprise"):
        app.number_input(key=f"merge-{name}").set_value(7 if name == "surprise" else 0)
    app.run()
    save(app)
    version = dataset.version()
    assert version.operation == "merge"
    added = dataset.manifest()
    added = added[added["source"] != "main"]
    assert (len(added), set(added["label"]), set(added["source"])) == (7, {"surprise"}, {other.name})
    found = certificate.load(dataset, version.id)
    assert found
    assert found.holds


def test_the_table_of_classes_is_as_left_after_a_visit_elsewhere(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_sample(dataset.workspace, "other", seed=99, count=150)
    shown: list[list[str]] = []

    def table(data: pd.DataFrame, **options: object) -> pd.DataFrame:
        """As if somebody said in the table that theirs are all "sad", once."""
        shown.append(data["becomes"].tolist())
        return data.assign(becomes="sad") if len(shown) == 1 else data

    app = visit(dataset)
    with monkeypatch.context() as patched:
        patched.setattr(st, "data_editor", table)
        pick(app, "What to do", "Fill gaps")
        pick(app, "What to do", "New split")
        pick(app, "What to do", "Fill gaps")
    assert set(shown[0]) == {"happy", "neutral", "sad", "surprise"}
    assert set(shown[-1]) == {"sad"}


def test_filling_without_another_set_or_with_nothing_asked_for(dataset: Dataset, tmp_path: Path) -> None:
    app = visit(dataset)
    pick(app, "What to do", "Fill gaps")
    assert "There is no other dataset here" in words(app)
    assert next(b for b in app.button if b.label.startswith("Save")).disabled
    make_sample(dataset.workspace, "other", seed=99, count=150)
    app = visit(dataset)
    pick(app, "What to do", "Fill gaps")
    pick(app, "How many", "by number")
    for name in ("happy", "sad", "neutral", "surprise"):
        app.number_input(key=f"merge-{name}").set_value(0)
    app.run()
    assert "nothing to fill" in app.error[0].value
    assert next(b for b in app.button if b.label.startswith("Save")).disabled
    assert len(dataset.versions()) == 1


def test_an_export_is_written_and_offered(dataset: Dataset) -> None:
    app = visit(dataset)
    app.selectbox(key="export-format").set_value("npz").run()
    app.button(key="export").click().run()
    assert not app.exception
    job = jobs.recent(dataset.workspace)[0]
    until(lambda: job.state != "running", 60)
    assert job.state == "finished", job.error
    app.run()
    assert next(b.label for b in app.get("download_button")).startswith("Download (")


def test_a_set_of_one_class_and_one_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    from PIL import Image

    monkeypatch.setenv("FER_HOME", str(tmp_path / "home"))
    (tmp_path / "faces" / "happy").mkdir(parents=True)
    Image.fromarray(np.arange(2304, dtype=np.uint8).reshape(48, 48)).save(tmp_path / "faces/happy/a.png")
    one = import_dataset(Workspace(tmp_path / "home"), tmp_path / "faces", "one")
    app = visit(one)
    assert "at least" in app.error[0].value
    assert next(b for b in app.button if b.label.startswith("Save")).disabled


def test_splits_are_kept_and_their_leaks_dropped(dataset: Dataset) -> None:
    app = visit(dataset)
    pick(app, "What to do", "Repair current splits")
    leaking = int(separate.rows_to_drop(dataset, dataset.version().id).sum())
    assert leaking > 0
    assert f"<b>{leaking}</b>" in words(app)
    before = dataset.version().counts["splits"]
    save(app)
    made = open_dataset(dataset.workspace, dataset.name).version()
    assert made.operation == "separate"
    assert sum(before.values()) - sum(made.counts["splits"].values()) == leaking
    assert made.counts["splits"]["test"] == before["test"]
    found = certificate.load(dataset, made.id)
    assert found
    assert found.holds
