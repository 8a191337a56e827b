"""The shelf of published weights: what is here is said, a file is kept only after a network has taken it."""

from __future__ import annotations

from pathlib import Path

import h5py
import keras
import pytest
from keras.src.legacy.saving import legacy_h5_format

from fer_core.base.errors import NotFound, RunError
from fer_core.models import pretrained, published
from fer_core.recipes.model_spec import TransferSpec
from fer_core.recipes.recipe import load, override

NAME = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(pretrained, "can_download", lambda: False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path / "models"


def test_every_backbone_of_the_recipes_is_on_the_shelf_once_and_none_is_here() -> None:
    found = published.published_weights()
    assert {each.backbone for each in found} == {
        "vgg16", "resnet50", "resnet50v2", "densenet121", "mobilenetv2", "efficientnetb0", "efficientnetv2b0"
    }  # fmt: skip
    assert len({each.name for each in found}) == len(found) == 6 + 5
    assert not any(each.here for each in found)
    assert {each.megabytes for each in found} == {None}


def test_a_file_is_kept_where_a_run_finds_it_and_another_one_is_not(tmp_path: Path, cache: Path) -> None:
    brought = tmp_path / "brought"
    brought.mkdir()
    file = brought / NAME
    file.write_bytes(b"no weights")
    with pytest.raises(RunError, match="not the weights of mobilenetv2"):
        published.add(file)
    assert not (cache / NAME).exists()
    network = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 96, 3))
    with h5py.File(file, "w") as group:  # the format of the published files
        legacy_h5_format.save_weights_to_hdf5_group(group, network)
    added = published.add(file)
    assert added.here
    assert (added.size, added.path) == (96, cache / NAME)
    assert added.megabytes == pytest.approx(file.stat().st_size / 1e6)
    spec = override(load("mobilenetv2_frozen"), {"model.backbone_size": 96}).model
    assert isinstance(spec, TransferSpec)
    assert pretrained.find_weights(spec) == added.path
    assert published.weights_availability(spec) == "The published weights of mobilenetv2 are here"
    assert published.fetch("mobilenetv2", 96) == added  # nothing to do, and no network


def test_what_cannot_be_brought_or_fetched_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no such file"):
        published.add(tmp_path / NAME)
    (tmp_path / "other.h5").touch()
    with pytest.raises(NotFound, match=r"No published weights have this name.*vgg16_weights"):
        published.add(tmp_path / "other.h5")
    with pytest.raises(RunError, match="there is no network"):
        published.fetch("vgg16")
    with pytest.raises(NotFound, match="Known: vgg16"):
        published.fetch("resnet18")


def test_train_says_of_a_recipe_whether_its_weights_are_here() -> None:
    assert "fer weights get vgg16" in published.weights_availability(load("vgg16").model)
    assert published.weights_availability(load("compact").model) == ""
    assert published.weights_availability(override(load("vgg16"), {"model.weights": "none"}).model) == ""
