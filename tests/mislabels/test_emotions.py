"""The judge that knows faces: what it has learned it does not judge, what it sees is what its graph computes."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from fer_core import mislabels
from fer_core.base.errors import ModelFileError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample, truth
from fer_core.duplicates.learned import FILE, LearnedPictures
from fer_core.inference.face_features import FeatureReader
from fer_core.mislabels import emotions, judges
from fer_core.mislabels.scores import MIN_TOLD

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "shipped" / "model.onnx"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_sample(Workspace(tmp_path_factory.mktemp("home")), "faces", count=240)


@pytest.fixture(scope="module")
def pixels(dataset: Dataset) -> np.ndarray:
    return np.asarray(dataset.pixels()[readable(dataset.manifest())["row"].to_numpy()])


def again(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture compressed and read again."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def test_a_learned_picture_is_known_again(dataset: Dataset, pixels: np.ndarray) -> None:
    manifest = readable(dataset.manifest())
    first = manifest.drop_duplicates("pixel_hash").index.to_numpy()
    half = first[: len(first) // 2]
    learned = LearnedPictures.of(pixels[half])
    assert learned.has(pixels[half]).all()
    assert learned.has(pixels[half][:, :, ::-1]).all()  # mirrored
    assert learned.has(np.stack([again(one, 85) for one in pixels[half]])).all()
    noise = np.random.default_rng(0).integers(0, 256, (300, 48, 48), dtype=np.uint8)
    assert not learned.has(noise).any()
    assert not LearnedPictures.of(pixels[:0]).has(pixels).any()


def test_what_is_kept_is_of_one_model(tmp_path: Path, pixels: np.ndarray) -> None:
    model = tmp_path / "model.onnx"
    shutil.copy(SHIPPED, model)
    with pytest.raises(ModelFileError, match="may judge none"):
        LearnedPictures.beside(model)
    made = LearnedPictures.of(pixels)
    made.save(model)
    found = LearnedPictures.beside(model)
    assert (found.phash == made.phash).all()
    assert (found.dhash == made.dhash).all()
    graph = onnx.load(model)
    graph.producer_name = "another"
    model.write_bytes(graph.SerializeToString())
    with pytest.raises(ModelFileError, match="another model"):
        LearnedPictures.beside(model)
    model.with_name(FILE).write_bytes(b"nonsense")
    with pytest.raises(ModelFileError, match="may judge none"):
        LearnedPictures.beside(model)


def test_the_shipped_hashes_are_of_the_shipped_model() -> None:
    found = LearnedPictures.beside(SHIPPED)
    assert found.phash.shape == found.dhash.shape == (21_553,)  # as models/shipped/figures.json counts
    assert found.phash.dtype == np.uint64
    assert SHIPPED.with_name(FILE).stat().st_size < 1_000_000


def test_features_are_what_the_last_layer_reads(pixels: np.ndarray) -> None:
    reader = FeatureReader.open(SHIPPED)
    said, seen = reader.look(pixels[:300])
    graph = onnx.load(SHIPPED).graph
    last = [node for node in graph.node if node.op_type == "MatMul"][-1]
    bias = next(node for node in graph.node if last.output[0] in node.input)
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    logits = seen @ weights[last.input[1]] + weights[next(n for n in bias.input if n in weights)]
    powers = np.exp(logits / reader.metadata.temperature)
    assert said == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-5)
    session = onnxruntime.InferenceSession(SHIPPED, providers=["CPUExecutionProvider"])
    plain = session.run(None, {session.get_inputs()[0].name: pixels[:1, :, :, None].astype(np.float32)})[0]
    assert reader.look(pixels[:1])[0].argmax() == plain.argmax()
    mirrored = reader.look(pixels[:5], mirror=True)
    assert np.allclose(mirrored[1], reader.look(pixels[:5, :, ::-1])[1], atol=1e-4)
    assert reader.predict(pixels[:5], flip=True) == pytest.approx(
        (reader.look(pixels[:5])[0] + mirrored[0]) / 2, abs=1e-6
    )
    assert [part.shape for part in reader.look(pixels[:0])] == [(0, 8), (0, seen.shape[1])]


def with_hashes(dataset: Dataset, pixels: np.ndarray) -> None:
    """The shipped model in the workspace, as if it had learned these pictures."""
    folder = dataset.workspace.models / "shipped"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SHIPPED, folder / "model.onnx")
    LearnedPictures.of(pixels).save(folder / "model.onnx")


def test_what_it_has_learned_it_is_not_asked(dataset: Dataset, pixels: np.ndarray) -> None:
    with_hashes(dataset, pixels[:60])
    told = emotions.judge_images(dataset, dataset.head)
    asked = told.probabilities.notna().all(axis=1).to_numpy()
    assert not asked[:60].any()
    assert told.learned == (~asked).sum() >= 60
    assert (np.isfinite(told.sight.plain).all(axis=1) == asked).all()
    assert (np.isfinite(told.sight.mirrored).all(axis=1) == asked).all()
    assert told.probabilities[asked].sum(axis=1).to_numpy() == pytest.approx(1)
    assert list(told.probabilities.columns) == ["happy", "surprise", "neutral", "sad"]
    reader = FeatureReader.open(SHIPPED)
    both = (reader.look(pixels[asked])[0] + reader.look(pixels[asked], mirror=True)[0]) / 2
    four = both[:, [reader.classes.index(name) for name in told.probabilities]]
    assert told.probabilities[asked].to_numpy() == pytest.approx(
        four / four.sum(axis=1, keepdims=True), abs=1e-4
    )


def test_all_are_ranked_and_those_it_learned_as_by_the_quick_model(
    dataset: Dataset, pixels: np.ndarray
) -> None:
    with_hashes(dataset, pixels)  # it has learned all of them: nothing is left that it may judge
    found = judges.judge(dataset, dataset.head, judges.Judge.parse("emotions"))
    quick = judges.judge(dataset, dataset.head, judges.Judge.parse("quick"))
    assert found.attrs["about"]["learned"] == len(found) == len(pixels)
    assert found.attrs["about"]["told"] == 0
    columns = ["image_id", "suggested", "score", "likely_wrong", "why"]
    assert found[columns].equals(quick[columns])
    assert any("learned" in words for words in mislabels.told_words(found.attrs["about"]))
    assert mislabels.told_words(quick.attrs["about"]) == []

    with_hashes(dataset, pixels[:10])
    found = judges.judge(dataset, dataset.head, judges.Judge.parse("emotions"))
    about = found.attrs["about"]
    assert about["told"] == len(pixels) - about["learned"] > MIN_TOLD
    assert len(found) == len(pixels)
    # Drawn faces are not what it knows: it may not drown the quick model, which finds the planted labels.
    assert not about["trusted"]
    planted = found["path"].isin(list(truth(dataset)["wrong_labels"])).to_numpy()
    assert planted[: 2 * planted.sum()].sum() >= 0.8 * planted.sum()


def test_the_default_is_the_judge_that_may_judge(dataset: Dataset, pixels: np.ndarray) -> None:
    with_hashes(dataset, pixels[:10])
    assert judges.best(dataset, dataset.head) == "emotions"
    (dataset.workspace.models / "shipped" / FILE).unlink()
    assert judges.best(dataset, dataset.head) == "quick"
    with pytest.raises(ModelFileError, match="may judge none"):
        emotions.judge_images(dataset, dataset.head)
