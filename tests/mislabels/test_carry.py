"""Rankings that carry over to a later version: what did not change stays, what changed is judged as if all were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core import mislabels
from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version
from fer_core.inference.face_features import FeatureReader
from fer_core.mislabels import judges
from fer_core.mislabels.judges import Judge

NUMBERS = ["score", "given_p", "suggested_p", "p_happy", "p_surprise", "p_neutral", "p_sad"]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make_sample(Workspace(tmp_path), "faces", count=240)


@pytest.fixture
def sure(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped model names nearly every label of the sample, so its word alone counts; each picture by itself."""
    table = readable(dataset.manifest())
    pictures = np.asarray(dataset.pixels()[table["row"].to_numpy()])
    names = {picture.tobytes(): label for picture, label in zip(pictures, table["label"], strict=True)}

    def look(self: FeatureReader, pixels: np.ndarray, mirror: bool = False) -> tuple[np.ndarray, np.ndarray]:
        said = np.full((len(pixels), len(self.classes)), 0.02, np.float32)
        for i, picture in enumerate(pixels):
            if (label := names.get(picture.tobytes())) is not None:
                said[i, self.classes.index(label)] = 0.5 + (int(picture.sum()) % 97) / 200
        seen = pixels.reshape(len(pixels), -1)[:, ::40].astype(np.float32)
        return said / said.sum(axis=1, keepdims=True), seen

    monkeypatch.setattr(FeatureReader, "look", look)


def changed(dataset: Dataset, count: int = 9) -> tuple[str, list[str], list[str]]:
    """A version with labels changed and images gone: its id, the images relabelled, those gone."""
    manifest = dataset.manifest()
    good = readable(manifest)
    alone = good[~good["pixel_hash"].duplicated(keep=False)]
    relabelled = alone[alone["label"] == "happy"]["image_id"].head(count).tolist()
    gone = alone[alone["label"] == "sad"]["image_id"].head(4).tolist()
    manifest.loc[manifest["image_id"].isin(relabelled), "label"] = "sad"
    made = save_version(
        dataset, manifest[~manifest["image_id"].isin(gone)], parent=dataset.head, operation="test"
    )
    return made.id, relabelled, gone


def rank(dataset: Dataset, method: str) -> pd.DataFrame:
    found = judges.judge(dataset, dataset.head, Judge.parse(method))
    mislabels.save(dataset, dataset.head, method, found)
    return found.set_index("image_id")


@pytest.mark.usefixtures("sure")
def test_the_model_that_ships_judges_what_changed_alone(dataset: Dataset) -> None:
    before = rank(dataset, "emotions")
    assert before.attrs["about"]["trusted"]
    first = dataset.version(dataset.head).number
    version, relabelled, gone = changed(dataset)
    found = judges.ranked(dataset, version, "emotions")
    about, table = found.attrs["about"], found.set_index("image_id")
    fresh = judges.judge(dataset, version, Judge.parse("emotions")).set_index("image_id")
    assert set(table.index) == set(fresh.index) == set(before.index) - set(gone)
    carried = about["carried"]
    assert len(relabelled) <= carried["anew"] < len(table) / 4
    assert (carried["number"], carried["of"], carried["unranked"]) == (first, len(table), 0)
    said = f"{carried['anew']} of {len(table)} judged anew; the rest carried over from version {first}."
    assert said in mislabels.told_words(about)
    # What changed is what ranking all of it again says; the rest is what it was.
    for column in [*NUMBERS, "suggested"]:
        ours, theirs = table.loc[relabelled, column], fresh.loc[relabelled, column]
        assert ours.tolist() == (
            pytest.approx(theirs.tolist(), abs=1e-6) if column in NUMBERS else theirs.tolist()
        )
    moved = table.index[(table["score"] != before["score"].reindex(table.index))]
    assert set(relabelled) <= set(moved)
    assert len(moved) <= carried["anew"] + carried["rescored"]
    stays = table.index.difference(moved)
    pd.testing.assert_frame_equal(table.loc[stays, [*NUMBERS, "why"]], before.loc[stays, [*NUMBERS, "why"]])
    assert found["score"].is_monotonic_increasing
    # Asked for, all is ranked again.
    again = judges.ranked(dataset, version, "emotions", anew=True)
    assert "carried" not in again.attrs["about"]
    assert again.set_index("image_id")["score"].to_dict() == pytest.approx(fresh["score"].to_dict(), abs=1e-6)


def test_other_models_keep_their_probabilities_and_say_of_which_version(dataset: Dataset) -> None:
    before = rank(dataset, "quick")
    first = dataset.version(dataset.head).number
    version, relabelled, gone = changed(dataset)
    judges.carry_over(dataset, version)
    assert mislabels.methods(dataset, version) == ["quick"]
    found = mislabels.load(dataset, version, "quick")
    assert found is not None
    table = found.set_index("image_id")
    assert set(table.index) == set(before.index) - set(gone)
    chances = [name for name in NUMBERS if name.startswith("p_")]
    pd.testing.assert_frame_equal(table[chances], before.loc[table.index, chances])
    assert (table.loc[relabelled, "label"] == "sad").all()
    assert table.loc[relabelled, "given_p"].tolist() == table.loc[relabelled, "p_sad"].tolist()
    assert table.loc[relabelled, "score"].mean() < before.loc[relabelled, "score"].mean()
    about = found.attrs["about"]
    assert about["carried"]["anew"] == 0
    assert about["carried"]["rescored"] >= len(relabelled)
    assert any(
        words.startswith(f"Probabilities of version {first}:") for words in mislabels.told_words(about)
    )
    # A version of that one: the probabilities are still of the first.
    grandchild = save_version(dataset, dataset.manifest(version).iloc[:-1], parent=version, operation="test")
    judges.carry_over(dataset, grandchild.id)
    later = mislabels.load(dataset, grandchild.id, "quick")
    assert later is not None
    assert any(f"of version {first}:" in words for words in mislabels.told_words(later.attrs["about"]))


def test_what_is_too_much_for_a_page_or_of_other_classes_is_not_carried_over(
    dataset: Dataset, sure: None
) -> None:
    rank(dataset, "emotions")
    manifest = dataset.manifest()
    version, _, _ = changed(dataset)
    judges.carry_over(dataset, version, most=2)
    assert mislabels.methods(dataset, version) == []
    other = save_version(
        dataset, manifest[manifest["label"] != "sad"], parent=dataset.versions()[0].id, operation="test"
    )
    judges.carry_over(dataset, other.id)
    assert mislabels.methods(dataset, other.id) == []
