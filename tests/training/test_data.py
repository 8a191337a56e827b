from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from tiny_faces import pictures, table, tiny_data

from fer_core.base.errors import TooFewImages
from fer_core.training.data import class_weights, from_manifest


def test_splits_hold_their_images_by_row_and_class() -> None:
    manifest = table()
    manifest.loc[3, "error"] = "truncated"
    data = from_manifest(manifest, pictures(manifest)[..., None])
    assert data.classes == ("happy", "neutral", "sad")
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 95, "val": 30, "test": 12}
    for name, split in data.splits.items():
        rows = manifest.set_index("image_id").loc[list(split.ids)]
        assert (rows["split"] == name).all()
        assert (rows["error"] == "").all()
        assert list(rows["row"]) == list(split.rows)
        assert [data.classes[i] for i in split.labels] == list(rows["label"])


def test_classes_are_in_canonical_order() -> None:
    data = tiny_data(classes=("zany", "sad", "happy"))
    assert data.classes == ("happy", "sad", "zany")


def test_an_empty_test_split_is_fine() -> None:
    assert len(tiny_data({"train": 20, "val": 10}).splits["test"]) == 0


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"train": 20, "test": 5}, "no images in its val split"),
        ({"val": 20}, "no images in its train split"),
        ({"unassigned": 20}, "no images in its train split"),
    ],
)
def test_a_version_without_train_or_val_cannot_be_trained_on(counts: dict[str, int], message: str) -> None:
    with pytest.raises(TooFewImages, match=f"{message}.*Stratify"):
        tiny_data(counts)


def test_one_class_cannot_be_trained_on() -> None:
    with pytest.raises(TooFewImages, match=r"at least two classes.*only happy"):
        tiny_data(classes=("happy",))


def test_a_class_that_only_val_has_does_not_count_for_training() -> None:
    manifest = table({"train": 12, "val": 6})
    manifest = manifest[(manifest["split"] == "val") | (manifest["label"] == "sad")]
    with pytest.raises(TooFewImages, match="only sad"):
        from_manifest(manifest, np.zeros((18, 48, 48, 1), dtype=np.uint8))


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_class_weights_are_those_of_scikit_learn(labels: list[int]) -> None:
    found = class_weights(np.array(labels), 5)
    present = np.unique(labels)
    expected = compute_class_weight("balanced", classes=present, y=labels)
    np.testing.assert_allclose(found[present], expected, rtol=1e-6)
    assert found.sum() == pytest.approx(expected.sum(), rel=1e-5)
