"""Model files of others on the leaderboard: ONNX, Keras and LiteRT answer alike, and are marked as not trained here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from made_runs import NAMES, trained
from opened_pages import COMPARE, html_of, opened
from tiny_models import save_linear

from fer_core import jobs
from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import controlled_pairs, ranking, scores
from fer_core.evaluation.across.judged_file import UNKNOWN
from fer_core.evaluation.leakage import run_leaks
from fer_core.evaluation.progress import journey
from fer_core.evaluation.report import evaluate_run
from fer_core.inference.predictor import Predictor
from fer_core.jobs.task import Task
from fer_core.jobs.tasks import JudgeFile
from fer_core.reports import document, story, written
from fer_core.runs import store
from fer_core.splits.plan import save_plan
from fer_core.splits.stratify import stratify

WEIGHTS = np.random.default_rng(4).normal(0, 0.001, (48, 48, 1, 4))
DESCRIBED = ("--classes", "sad,happy,surprise,neutral", "--scaling", "none", "--json")


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("FER_HOME", str(tmp_path / "ws"))
    return make_sample(Workspace(tmp_path / "ws"), count=200)


def fer(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr or str(done.exception or "")


def answered(dataset: Dataset) -> np.ndarray:
    """Accuracy on validation of softmax(pixels . weights), written anew."""
    val = readable(dataset.manifest()).query("split == 'val'")
    pixels = np.asarray(dataset.pixels()[val["row"].to_numpy()], dtype=np.float64)
    said = np.array(["sad", "happy", "surprise", "neutral"])[
        (pixels.reshape(len(val), -1) @ WEIGHTS.reshape(-1, 4)).argmax(axis=1)
    ]
    return said == val["label"].to_numpy()


def test_an_onnx_file_is_judged_as_a_run_that_was_not_trained_here(dataset: Dataset, tmp_path: Path) -> None:
    file = save_linear(tmp_path / "theirs.onnx", WEIGHTS)
    status, _, told = fer("judge", file, dataset.name)
    assert status != 0
    assert "does not say which classes" in told
    status, out, told = fer("judge", file, dataset.name, *DESCRIBED)
    assert status == 0, told
    found = json.loads(out)
    right = answered(dataset)
    assert found["accuracy"] == pytest.approx(right.mean())
    assert found["images"] == len(right)
    assert found["words"] == UNKNOWN
    run = store.get(dataset.workspace, found["run"])
    assert not (run.folder / "model.onnx").exists()  # what is not ours is never opened as if it were
    assert not (run.folder / "recipe.toml").exists()
    (row,) = json.loads(fer("compare", "--json")[1])
    assert (row["judged"], row["val_accuracy"], row["rank"]) == ("theirs", pytest.approx(right.mean()), 1)
    assert UNKNOWN in fer("compare")[1]
    again = json.loads(fer("judge", "theirs", dataset.name, "--json")[1])
    assert again["run"] == run.id
    assert controlled_pairs.of_workspace(dataset.workspace)[0] == []
    assert fer("doctor")[0] == 0
    assert "fer judge theirs" in fer("card", run.id)[1]
    assert len(scores.predictions(run, "val")) == len(right)


def test_classes_it_does_not_know_are_left_out_and_said(dataset: Dataset, tmp_path: Path) -> None:
    file = save_linear(tmp_path / "three.onnx", WEIGHTS[..., :3])
    status, out, told = fer("judge", file, dataset.name, "--classes", "sad,happy,contempt", "--json")
    assert status == 0, told
    found = json.loads(out)
    labels = readable(dataset.manifest()).query("split == 'val'")["label"]
    assert found["left_out"]["val"] == (~labels.isin(["sad", "happy"])).sum()
    assert found["images"] == labels.isin(["sad", "happy"]).sum()
    assert "images of classes it does not know are left out" in found["words"]
    status, _, told = fer(
        "judge", save_linear(tmp_path / "none.onnx", WEIGHTS[..., :2]), dataset.name, "--classes", "a,b"
    )
    assert status != 0
    assert "fewer than two classes in common" in told


def test_what_is_said_of_a_file_is_part_of_what_is_judged(dataset: Dataset, tmp_path: Path) -> None:
    file = save_linear(tmp_path / "theirs.onnx", WEIGHTS)
    wrong = ("--classes", "neutral,surprise,happy,sad", "--scaling", "none", "--json")
    first, again, right = (
        json.loads(fer("judge", file, dataset.name, *said)[1]) for said in (wrong, wrong, DESCRIBED)
    )
    assert first["run"] == again["run"] != right["run"]
    assert right["accuracy"] == pytest.approx(answered(dataset).mean()) != first["accuracy"]


def test_classes_are_matched_by_their_canonical_names(dataset: Dataset, tmp_path: Path) -> None:
    theirs = ["Sadness", "Joy", "surprised", "neutral"]
    about = {"classes": theirs, "input_size": 48, "color": "gray"}
    file = save_linear(tmp_path / "theirs.onnx", WEIGHTS, metadata=about)
    found = json.loads(fer("judge", file, dataset.name, "--json")[1])
    assert found["accuracy"] == pytest.approx(answered(dataset).mean())
    assert found["left_out"]["val"] == 0
    assert set(found["classes"]) == set(NAMES)
    said = ("--classes", "sad,joy,surprise,neutral")
    assert json.loads(fer("judge", file, dataset.name, *said, "--json")[1])["run"] == found["run"]
    other = save_linear(tmp_path / "other.onnx", WEIGHTS, metadata=about)
    for wrong in (("--classes", "happy,sad,surprise,neutral"), (*said, "--color", "rgb")):
        status, _, told = fer("judge", other, dataset.name, *wrong)
        assert status != 0
        assert "other.onnx says itself what it takes and answers" in told
    assert "color rgb, the file: gray" in told
    assert not list((dataset.workspace.models / "files").glob("other*"))
    plain = save_linear(tmp_path / "plain.onnx", WEIGHTS)
    status, _, told = fer("judge", plain, dataset.name, "--classes", "sad,sadness,surprise,neutral")
    assert status != 0
    assert "Two outputs of the model are the class sad" in told
    fer("add-model", plain, "--name", "shelf", "--classes", ",".join(theirs))
    shelf = Predictor.load(dataset.workspace.models / "files" / "shelf.onnx")
    assert shelf.classes == ("sad", "happy", "surprise", "neutral")


def test_fewer_classes_change_nothing_for_a_trained_run(dataset: Dataset, tmp_path: Path) -> None:
    run = trained(dataset, 0.6, ["val"])
    fer(
        "judge",
        save_linear(tmp_path / "three.onnx", WEIGHTS[..., :3]),
        dataset.name,
        "--classes",
        "sad,happy,contempt",
    )
    judged = next(each for each in store.list_runs(dataset.workspace) if each.id != run.id)
    manifest = dataset.manifest()
    whole = len(readable(manifest).query("split == 'val'"))
    for order in ([[run], [judged]], [[judged], [run]]):
        found = ranking.rank(order, "val", dataset.head, manifest)
        assert found.entries[(run.id,)].accuracy == pytest.approx(round(0.6 * whole) / whole)
        assert (found.images, found.whole) == (whole, whole)
        assert "other images" in found.left_out[judged.id]
    alone = ranking.rank([[judged]], "val", dataset.head, manifest)
    assert alone.images < alone.whole == whole
    (tmp_path / "ws" / "models" / "runs" / run.id).rename(tmp_path / "gone")
    assert (
        f"{alone.images:,} images of {whole:,}; left out: {whole - alone.images:,} without an answer"
        in html_of(opened(COMPARE))
    )


def test_nothing_says_that_it_was_trained_on_the_version(dataset: Dataset, tmp_path: Path) -> None:
    """The sample leaks: of a trained run that has a figure, of a file nobody knows; documents name the verb that asks it."""
    run = trained(dataset, 0.6, ["val"])
    evaluate_run(run)
    save_plan(dataset, stratify(dataset.manifest(), (60, 20, 20), seed=5))
    status, _, told = fer(
        "judge", save_linear(tmp_path / "theirs.onnx", WEIGHTS), dataset.name, "--version", "v1", *DESCRIBED
    )
    assert status == 0, told
    judged = next(each for each in store.list_runs(dataset.workspace) if each.id != run.id)
    assert run_leaks.own_cost(run, "val") is not None
    assert run_leaks.own_cost(judged, "val") is None
    found = journey([[judged], [run]], "val", run.version, dataset.manifest(run.version))
    assert [step.runs for step in found.steps] == [(run.id,)]
    assert [phase.best for phase in found.phases] == [(run.id,)]
    trained(dataset, 0.6, ["val"], version_number=2).update(created="9999")
    told = document.markdown(story.build(dataset, faces=False))
    page = document.markdown(written.production_page(dataset, judged.id))
    assert "v1, not trained here" in told
    assert "neither phase nor step" in told
    for text in (told, page, fer("card", judged.id)[1]):
        assert UNKNOWN in text.replace("\\", "")
        assert "fer judge theirs sample --version " in text
        assert not re.search(rf"fer (evaluate|cost) {judged.id}", text)
    assert "Trained on" not in page
    assert "Trained by" not in page
    assert f"| {judged.id} |" not in told.partition("How much of a figure was leakage")[2].partition("##")[0]


@pytest.mark.parametrize("ending", [".keras", ".h5", ".tflite"])
def test_files_of_other_kinds_answer_alike(dataset: Dataset, tmp_path: Path, ending: str) -> None:
    import keras
    import tensorflow

    model = keras.Sequential(
        [keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")]
    )
    model.layers[-1].set_weights([WEIGHTS.reshape(-1, 4), np.zeros(4)])
    file = tmp_path / f"theirs{ending}"
    if ending == ".tflite":
        file.write_bytes(tensorflow.lite.TFLiteConverter.from_keras_model(model).convert())
    else:
        model.save(file)
    status, out, told = fer("judge", file, dataset.name, *DESCRIBED)
    assert status == 0, told
    assert json.loads(out)["accuracy"] == pytest.approx(answered(dataset).mean(), abs=0.02)


def test_a_damaged_litert_file_is_refused_in_words(dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "bad.tflite"
    file.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(200))
    status, _, told = fer("judge", file, dataset.name, "--classes", "a,b")
    assert status != 0
    assert "bad.tflite cannot be converted to ONNX" in told or "the file died" in told
    assert store.list_runs(dataset.workspace) == []


def test_the_board_marks_it_and_its_button_asks_by_a_job(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(dataset, 0.8, ["val"])
    status, _, told = fer("judge", save_linear(tmp_path / "theirs.onnx", WEIGHTS), dataset.name, *DESCRIBED)
    assert status == 0, told
    asked: list[Task] = []
    monkeypatch.setattr(jobs, "start", lambda workspace, task, title="": asked.append(task))
    app = opened(COMPARE)
    rows = next(
        json.loads(json.loads(e.proto.mixed.json or e.proto.json)["rows"])
        for e in app.get("bidi_component")
        if "rows" in (e.proto.mixed.json or e.proto.json)
    )
    line = next(row for row in rows if row["id"].endswith("-theirs"))
    assert line["note"] == "not trained here"
    assert line["cells"]["data"]["text"] == "v1, copies unknown"
    app.button(key="cmp-judge-start").click().run()
    assert not app.exception
    assert asked == [JudgeFile("theirs", dataset.name, dataset.head)]
    picked = opened(COMPARE, cmp_picked=[line["id"]])
    assert NAMES[0] in html_of(picked)
