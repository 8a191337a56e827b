"""Who judges labels: methods by name, runs that judge only what they have not learned, files, votes; what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_runs import answer, bare
from onnx import TensorProto, helper, numpy_helper, save

from fer_core import mislabels
from fer_core.base.errors import FerError, NotFound, ProbabilityError, RunError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.sample.make import make_sample, truth
from fer_core.data.save_version import save_version
from fer_core.duplicates.learned import digest
from fer_core.explore import vote_stats
from fer_core.mislabels import emotions, judges
from fer_core.mislabels.judges import Judge, judge
from fer_core.mislabels.run_probabilities import run_probabilities
from fer_core.runs.run import Run

CLASSES = ("happy", "surprise", "neutral", "sad")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("home")), "faces", count=160)


@pytest.fixture(scope="module")
def readable(made: Dataset) -> pd.DataFrame:
    manifest = made.manifest()
    return manifest[manifest["error"] == ""].reset_index(drop=True)


Maker = Callable[..., Run]


@pytest.fixture
def run_of(made: Dataset, readable: pd.DataFrame) -> Maker:
    """Makes a finished run with predictions that are sure of a fixed class per image."""

    def make(
        name: str, classes: tuple[str, ...] = CLASSES, splits: tuple[str, ...] = ("val", "test"), **info: Any
    ) -> Run:
        known = {"dataset": made.name, "version": made.head, "classes": list(classes)}
        run = bare(made.workspace.root, name, **{**known, **info})
        for split in splits:
            part = readable[readable["split"] == split]
            answer(run, split, part, [classes[0]] * len(part), classes)
        return run

    return make


def onnx_model(path: Path, classes: tuple[str, ...], chances: tuple[float, ...]) -> None:
    """A model that answers every face with the same probabilities."""
    weights = np.zeros((48 * 48, len(classes)), np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
            helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["out"], axis=1),
        ],
        "constant",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 48, 48, 1])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", len(classes)])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.log(np.float32(chances)), "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    entry = model.metadata_props.add()
    entry.key, entry.value = "fer", json.dumps({"classes": list(classes), "input_size": 48, "color": "gray"})
    save(model, path)


@pytest.mark.parametrize("text", ["slow", "quick:1", "folds:3", "run", "run:", "file: ", "", "Quick"])
def test_methods_that_are_none(text: str) -> None:
    with pytest.raises(FerError, match="quick, folds, run:RUN or file:PATH"):
        Judge.parse(text)


def test_options_belong_to_folds() -> None:
    assert Judge.parse("folds", folds=5, epochs=None).folds == 5
    assert Judge.parse("run:1", folds=None) == Judge("run", "1")
    with pytest.raises(FerError, match=r"belong to the method folds.*quick with epochs 3"):
        Judge.parse("quick", epochs=3)


def test_a_run_judges_neither_its_pictures_nor_their_copies(
    made: Dataset, readable: pd.DataFrame, run_of: Maker
) -> None:
    found = run_probabilities(made, made.head, run_of("0001-a"))
    split = readable.set_index("image_id")["split"]
    assert set(split[found.index]) == {"val", "test"}
    leaks = {
        path
        for kind in ("exact", "conflicting", "near", "mirrored")
        for pair in truth(made)[kind]
        for path in pair["paths"]
    }
    held_out = readable[readable["split"] != "train"]
    crossing = held_out[held_out["path"].isin(leaks)]["image_id"]
    left_out = set(held_out["image_id"]) - set(found.index)
    assert left_out
    assert left_out <= set(crossing)
    trained = set(readable.loc[readable["split"] == "train", "pixel_hash"])
    assert not set(readable.set_index("image_id").loc[found.index, "pixel_hash"]) & trained
    assert found.sum(axis=1).to_numpy() == pytest.approx(1)


def test_classes_are_mapped_by_name_and_unknown_ones_not_judged(
    made: Dataset, readable: pd.DataFrame, run_of: Maker
) -> None:
    found = run_probabilities(made, made.head, run_of("0002-b", ("sad", "boredom", "happy", "neutral")))
    assert list(found.columns) == list(CLASSES)
    assert (found["surprise"] == 0).all()
    assert found["sad"].to_numpy() == pytest.approx(0.7 / 0.9, abs=1e-6)
    labels = readable.set_index("image_id")["label"]
    assert "surprise" not in set(labels[found.index])


def test_images_without_predictions_are_asked_of_the_model(
    made: Dataset, readable: pd.DataFrame, run_of: Maker
) -> None:
    run = run_of("0003-c", splits=("val",))
    without = run_probabilities(made, made.head, run)
    onnx_model(run.folder / "model.onnx", ("sad", "neutral", "happy", "surprise"), (0.4, 0.3, 0.2, 0.1))
    found = run_probabilities(made, made.head, run)
    asked = found.drop(without.index)
    assert len(asked) > 0
    assert set(readable.set_index("image_id")["split"][asked.index]) == {"test"}
    assert asked.to_numpy() == pytest.approx(np.tile([0.2, 0.1, 0.3, 0.4], (len(asked), 1)), abs=1e-5)
    pd.testing.assert_frame_equal(found.loc[without.index], without)


def test_a_run_is_a_judge_with_a_ranking_of_its_own(made: Dataset, run_of: Maker) -> None:
    run = run_of("0004-d")
    asked = Judge.parse("run:4")
    assert judges.name_of(made, asked) == "run:0004-d"
    ranking = judge(made, made.head, asked)
    about = ranking.attrs["about"]
    assert (about["kind"], about["run"], about["judged"]) == ("run", run.id, len(ranking))
    assert 0 < about["judged"] < about["images"]
    mislabels.save(made, made.head, "run:0004-d", ranking)
    mislabels.save(made, made.head, "quick", ranking)
    mislabels.save(made, made.head, "file:my probs.csv", ranking)
    assert mislabels.methods(made, made.head) == ["quick", "run:0004-d", "file:my probs.csv"]
    kept = mislabels.load(made, made.head, "run:0004-d")
    assert kept is not None
    assert kept.attrs["about"] == about
    chances = kept[[f"p_{name}" for name in CLASSES]]
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1)


def test_runs_that_cannot_judge(made: Dataset, readable: pd.DataFrame, run_of: Maker) -> None:
    with pytest.raises(NotFound):
        judge(made, made.head, Judge.parse("run:99"))
    with pytest.raises(RunError, match=r"fewer than two classes.*boredom"):
        run_probabilities(made, made.head, run_of("0005-e", ("boredom", "sad"), ()))
    with pytest.raises(RunError, match="neither predictions nor a model"):
        run_probabilities(made, made.head, run_of("0006-f", splits=()))
    with pytest.raises(RunError, match="gone, so nobody can say"):
        run_probabilities(made, made.head, run_of("0007-g", dataset="elsewhere"))
    everything = save_version(made, made.manifest().assign(split="train"), parent=made.head, operation="test")
    with pytest.raises(RunError, match="learned from every image"):
        run_probabilities(made, made.versions()[0].id, run_of("0008-h", version=everything.id))


def test_a_file_is_judged_anew_when_it_changed_and_nothing_is_kept_of_a_bad_one(
    made: Dataset, readable: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "probs.csv"
    chances = np.where(readable["label"].to_numpy()[:, None] == np.array(CLASSES), 0.85, 0.05)
    chances[5] = 1 - chances[5]
    table = pd.DataFrame(chances / chances.sum(axis=1, keepdims=True), columns=list(CLASSES))
    table.assign(image_id=readable["image_id"]).to_csv(path, index=False)
    asked = Judge.parse(f"file:{path}")
    assert judges.name_of(made, asked) == "file:probs.csv"
    first = made.versions()[0].id
    ranking = judge(made, first, asked)
    assert judges.is_current(ranking, asked)
    assert readable["image_id"][5] in set(ranking["image_id"][:5])
    table.assign(image_id=readable["image_id"], happy=2.0).to_csv(path, index=False)
    assert not judges.is_current(ranking, asked)
    before = sorted(made.quality_dir.iterdir())
    with pytest.raises(ProbabilityError):
        judge(made, first, asked)
    assert sorted(made.quality_dir.iterdir()) == before


def test_folds_of_other_options_are_not_current(made: Dataset) -> None:
    ranking = pd.DataFrame()
    ranking.attrs["about"] = {"kind": "folds", "recipe": "compact", "folds": 3, "epochs": 5}
    assert judges.is_current(ranking, Judge("folds", folds=3, epochs=5))
    assert not judges.is_current(ranking, Judge("folds", folds=2, epochs=5))
    assert not judges.is_current(pd.DataFrame(), Judge("folds"))


def test_rankings_of_another_shipped_model_are_outdated(made: Dataset) -> None:
    model = emotions.shipped(made.workspace)
    assert model is not None
    ranking = pd.DataFrame()
    ranking.attrs["about"] = {"kind": "emotions", "model": digest(model)}
    assert not judges.is_outdated(made, ranking)
    for about in ({"kind": "emotions", "model": "another"}, {"kind": "emotions"}):  # the latter kept by 0.2.0
        ranking.attrs["about"] = about
        assert judges.is_outdated(made, ranking)
    ranking.attrs["about"] = {"kind": "quick"}
    assert not judges.is_outdated(made, ranking)


def test_votes_of_the_manifest_are_read_by_class(made: Dataset) -> None:
    manifest = made.manifest()
    assert vote_stats.votes_of(made, manifest) is None
    votes: list[Any] = [None] * len(manifest)
    votes[0], votes[1] = [7, 1, 2], [0, 10, 0]
    about = json.loads((made.folder / "dataset.json").read_text())
    text = json.dumps(about | {"vote_classes": ["sad", "happy", "contempt"]})
    (made.folder / "dataset.json").write_text(text)
    found = vote_stats.votes_of(made, manifest.assign(votes=votes))
    assert found is not None
    assert list(found.columns) == list(CLASSES)
    assert found.to_numpy().tolist() == [[1, 0, 0, 7], [10, 0, 0, 0]]
    assert list(found.index) == list(manifest["image_id"][:2])
