"""Runs on other datasets: what is left out, accuracy with its interval, and the parts of a planted drop."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from made_runs import NAMES, answer, trained
from opened_pages import COMPARE, html_of, opened
from PIL import Image
from tiny_models import save_linear

from fer_core import jobs
from fer_core.base.errors import NotFound, RunError
from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.dataset import Dataset
from fer_core.data.datasets import import_dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import ledger
from fer_core.evaluation.across import answers
from fer_core.evaluation.across.drop import drop_parts
from fer_core.inference.predictor import Predictor
from fer_core.jobs.task import Task
from fer_core.jobs.tasks import EvaluateAcross
from fer_core.runs.run import Run

COPIES, FOREIGN = 12, 8


def faces(rng: np.random.Generator, count: int, sad: float, dark: float, rest: float = 0.0) -> pd.DataFrame:
    """Images of two classes, right by class and brightness alike everywhere, but for `rest`."""
    is_sad, is_dark = rng.random(count) < sad, rng.random(count) < dark
    p = 0.95 - 0.3 * is_sad - 0.2 * is_dark - rest
    return pd.DataFrame(
        {
            "label": np.where(is_sad, "sad", "happy"),
            "correct": rng.random(count) < p,
            "brightness": np.where(is_dark, 0.3, 0.6) + rng.normal(0, 0.05, count),
            "contrast": rng.normal(0.2, 0.03, count),
            "sharpness": rng.normal(0.05, 0.01, count),
            "width": 48,
        }
    )


def test_a_planted_drop_is_split_into_its_parts() -> None:
    rng = np.random.default_rng(0)
    home, away = faces(rng, 5000, 0.4, 0.3), faces(rng, 5000, 0.8, 0.7, rest=0.1)
    found = drop_parts(home, away)
    assert found is not None
    assert found.drop == pytest.approx(home["correct"].mean() - away["correct"].mean())
    assert found.quality is not None
    assert found.rest is not None
    assert found.class_mix + found.quality + found.rest == pytest.approx(found.drop)
    planted = {"class_mix": 0.3 * 0.4, "quality": 0.2 * 0.4, "rest": 0.1}
    for name, value in planted.items():
        low, high = found.intervals[name]
        assert getattr(found, name) == pytest.approx(value, abs=0.03)
        assert low < value < high
    by_class = home.groupby("label")["correct"].mean()
    shares = away["label"].value_counts(normalize=True)
    direct = home["correct"].mean() - float((by_class * shares).sum())  # Kitagawa's first part, written anew
    assert found.class_mix == pytest.approx(direct)


def test_a_drop_without_a_cause_has_no_parts_and_too_few_alike_are_said() -> None:
    rng = np.random.default_rng(1)
    found = drop_parts(faces(rng, 3000, 0.5, 0.5), faces(rng, 3000, 0.5, 0.5))
    assert found is not None
    for name in ("class_mix", "quality", "rest"):
        low, high = found.intervals[name]
        assert low <= 0.005
        assert high >= -0.005
    home, away = faces(rng, 60, 0.5, 0.0), faces(rng, 60, 0.5, 1.0)
    found = drop_parts(home.iloc[:20], away)
    assert found is not None
    assert found.quality is found.rest is None
    assert found.together == pytest.approx(found.drop - found.class_mix)
    assert drop_parts(home[home["label"] == "happy"], away) is None


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`home` and `away`: pictures of another draw, some of the training pictures of home, and some of a class of its own."""
    root = tmp_path_factory.mktemp("across")
    home = make_sample(Workspace(root), "home", count=240)
    other = make_sample(Workspace(tmp_path_factory.mktemp("drawn")), "other", count=240, seed=9)
    theirs = readable(other.manifest()).query("split == 'val'").drop_duplicates("pixel_hash")
    ours = readable(home.manifest()).query("split == 'train'").drop_duplicates("pixel_hash").head(COPIES)
    folder = tmp_path_factory.mktemp("away")

    def put(dataset: Dataset, table: pd.DataFrame, label: str | None, prefix: str) -> None:
        for number, (_, row) in enumerate(table.iterrows()):
            place = folder / "val" / (label or str(row["label"]))
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.asarray(dataset.pixels()[int(row["row"])])).save(
                place / f"{prefix}{number}.png"
            )

    put(other, theirs.iloc[FOREIGN:], None, "o")
    put(other, theirs.iloc[:FOREIGN], "contempt", "c")
    put(home, ours, None, "h")
    import_dataset(Workspace(root), folder, "away")
    return root


@pytest.fixture
def run(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    shutil.copytree(source, tmp_path / "ws")
    monkeypatch.setenv("FER_HOME", str(tmp_path / "ws"))
    made = trained(Dataset(Workspace(tmp_path / "ws"), "home"), 0.8, ["val"])
    weights = np.random.default_rng(4).normal(0, 0.001, (48, 48, 1, 4))
    theirs = ("Joy", "Surprised", "neutral", "sadness")  # NAMES, spelled otherwise
    about = {"classes": theirs, "input_size": 48, "color": "gray"}
    save_linear(made.folder / "model.onnx", weights, metadata=about)
    return made


def test_a_run_is_judged_elsewhere_without_what_it_knows(run: Run) -> None:
    away = Dataset(run.workspace, "away")
    told = json.loads(CliRunner().invoke(cli, ["across", run.id, "--json"]).output)
    home, there = told["cells"]
    assert (home["home"], there["home"], there["dataset"]) == (True, False, "away")
    table = readable(away.manifest()).reset_index(drop=True)
    assert there["seen"] == COPIES
    assert there["other"] == (table["label"] == "contempt").sum() == FOREIGN
    assert there["images"] == len(table) - COPIES - FOREIGN
    learned = set(readable(Dataset(run.workspace, "home").manifest()).query("split == 'train'")["pixel_hash"])
    fair = table[~table["pixel_hash"].isin(learned) & (table["label"] != "contempt")]
    model = Predictor.load(run.folder)
    p = model.predict(np.asarray(away.pixels()[fair["row"].to_numpy()]))
    right = np.array(NAMES)[p.argmax(axis=1)] == fair["label"].to_numpy()
    assert there["accuracy"] == pytest.approx(right.mean())
    low, high = there["interval"]
    assert low < right.mean() < high
    spread = 1.959964 * np.sqrt(right.mean() * (1 - right.mean()) / len(right))
    assert high - low == pytest.approx(2 * spread, rel=0.2)
    parts = there["parts"]
    assert parts["drop"] == pytest.approx(parts["class_mix"] + parts["together"])
    (run.folder / "model.onnx").unlink()  # what is kept needs no model
    assert answers.ask(run, away).seen == COPIES


def test_home_is_counted_as_elsewhere(run: Run, tmp_path: Path) -> None:
    """Among the classes in common, without known copies of training pictures, each picture once."""
    home, away = (Dataset(run.workspace, name) for name in ("home", "away"))
    theirs = readable(away.manifest()).query("label in ['happy', 'sad']")
    for number, (label, row) in enumerate(zip(theirs["label"], theirs["row"], strict=True)):
        place = tmp_path / "two" / "val" / label
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(away.pixels()[int(row)])).save(place / f"{number}.png")
    import_dataset(run.workspace, tmp_path / "two", "two")
    run.update(test_time_augmentation="flip")
    val = readable(home.manifest()).query("split == 'val'")
    answer(run, "val", val, val["label"].where(np.arange(len(val)) % 2 == 0, "surprise").tolist())
    done = CliRunner().invoke(cli, ["across", run.id, "--on", "two", "--json"])
    own, there = json.loads(done.output)["cells"]
    table = readable(home.manifest())
    hashes = table.set_index("image_id")["pixel_hash"]
    learned = set(table.loc[table["split"] == "train", "pixel_hash"])
    told = run.predictions("val")
    told["picture"] = hashes.reindex(told["image_id"]).to_numpy()
    fair = told[~told["picture"].isin(learned)]
    assert (own["images"], own["seen"]) == (len(fair), len(told) - len(fair))
    assert own["seen"] > 0
    names = [f"p_{name}" for name in NAMES]
    right = np.array(NAMES)[fair[names].to_numpy().argmax(axis=1)] == fair["label"]
    assert own["accuracy"] == pytest.approx(right.mean())
    assert "means over 2 views" in own["note"]
    assert "near copies at home were not compared" in own["note"]
    two = fair[fair["label"].isin(["happy", "sad"])].drop_duplicates("picture")
    among = np.where(two["p_happy"] >= two["p_sad"], "happy", "sad") == two["label"]
    parts = there["parts"]
    assert (parts["home"], parts["home_images"]) == (pytest.approx(among.mean()), len(two))
    assert among.mean() > right[two.index].mean()
    assert parts["away_images"] <= there["images"]
    words = CliRunner().invoke(cli, ["across", run.id, "--on", "two"]).output
    assert f"from {among.mean():.3f} ({len(two):,} pictures of the classes in common)" in words


def test_what_cannot_be_judged_says_why(run: Run) -> None:
    home, away = (Dataset(run.workspace, name) for name in ("home", "away"))
    with pytest.raises(RunError, match="has learned from that dataset"):
        answers.ask(run, home)
    with pytest.raises(RunError, match="away has no test images"):
        answers.ask(run, away, "test")
    other = make_sample(run.workspace, "other", count=120, seed=5)
    model = run.folder / "model.onnx"
    model.rename(run.folder / "gone.onnx")
    with pytest.raises(NotFound, match="no exported model"):
        answers.ask(run, other, "test")
    (run.folder / "gone.onnx").rename(model)
    assert ledger.reads(run.workspace) == []
    for looks in (1, 2):  # made, then read
        answers.ask(run, other, "test")
        assert [look["dataset"] for look in ledger.reads(run.workspace)] == ["other"] * looks
    run.update(version="f" * 16)
    with pytest.raises(NotFound, match="was trained on is gone"):
        answers.ask(run, away)


def test_the_page_asks_by_a_job_and_shows_the_matrix(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Task] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, task, title="": asked.append(task))
    query = {"dataset": "home", "look": "Datasets"}
    app = opened(COMPARE, query)
    app.button(key="cmp-across").click().run()
    assert not app.exception
    assert asked == [EvaluateAcross((run.id,), ("away",))]
    answers.ask(run, Dataset(run.workspace, "away"))
    words = html_of(opened(COMPARE, query))
    assert f"{COPIES} learned from and {FOREIGN} of other classes" in words
    assert "What the drop consists of" in words
