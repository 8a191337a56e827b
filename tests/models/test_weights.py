"""Published weights: from the file that is named, from the cache, or a clear error at once."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.applications import mobilenet_v2
from keras.src.legacy.saving import legacy_h5_format

from fer_core.base.errors import RunError
from fer_core.models import body, pretrained, registry, transfer
from fer_core.recipes.model_spec import Shape, TransferSpec
from fer_core.recipes.recipe import builtin_names, load


def spec(**fields: Any) -> TransferSpec:
    given = {"backbone": "mobilenetv2", "backbone_size": 32, "head": [{"units": 2}], **fields}
    return TransferSpec.model_validate(given)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pretrained, "can_download", lambda: False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


def test_without_file_cache_and_network_the_file_its_place_and_the_choice_are_named(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error:
        registry.build(spec(), 3)
    said = str(error.value)
    assert "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5" in said
    assert str(tmp_path / "models") in said
    assert "model.weights=none" in said
    assert "model.weights_file" in said


def test_a_named_file_that_is_not_there_is_an_error_even_where_there_is_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pretrained, "can_download", lambda: True)
    with pytest.raises(RunError, match=r"is not there.*nowhere\.h5.*model\.weights=none"):
        pretrained.find_weights(spec(weights_file="nowhere.h5"))
    assert pretrained.find_weights(spec()) is None


def test_the_cache_and_no_weights_need_no_network(tmp_path: Path) -> None:
    assert pretrained.find_weights(spec(weights="none")) is None
    assert pretrained.find_weights(load("compact").model) is None
    cached = tmp_path / "models" / pretrained.file_name(spec())
    cached.parent.mkdir()
    cached.write_bytes(b"h5")
    assert pretrained.find_weights(spec()) == cached


def test_a_file_of_something_else_is_never_a_random_start(tmp_path: Path) -> None:
    damaged = tmp_path / "some.h5"
    damaged.write_bytes(b"no weights")
    with pytest.raises(RunError, match="cannot be read"):
        registry.build(spec(weights_file=str(damaged)), 3)


def test_the_weights_of_a_named_file_are_those_of_the_backbone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
        inputs = keras.Input(input_shape)
        return keras.Model(inputs, keras.layers.Conv2D(3, 3, name="only")(inputs))

    monkeypatch.setitem(transfer._BACKBONES, "mobilenetv2", transfer._Backbone(small, "tf"))
    source = small(False, None, (32, 32, 3))
    source.save_weights(tmp_path / "mine.weights.h5")
    model = registry.build(spec(weights_file=str(tmp_path / "mine.weights.h5")), 3)
    for one, other in zip(body.backbone_of(model).get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [None, (None, None, 1)])
def test_what_is_downloaded_is_what_the_network_begins_with_also_where_images_grow(
    shape: Shape | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MobileNetV2 has a file for each of five sizes, and Keras takes that of 224 where the size is open."""
    source = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 96, 3))
    asked: list[str] = []

    def get_file(name: str, url: str, **_: object) -> str:
        asked.append(name)
        path = pretrained.cache_folder() / name
        path.parent.mkdir(exist_ok=True)
        with h5py.File(path, "w") as group:  # the format of the published files
            legacy_h5_format.save_weights_to_hdf5_group(group, source)
        return str(path)

    monkeypatch.setattr(pretrained, "can_download", lambda: True)
    monkeypatch.setattr(mobilenet_v2.file_utils, "get_file", get_file)
    model = registry.build(spec(backbone_size=96), 3, shape)
    assert asked == [pretrained.file_name(spec(backbone_size=96))]
    for one, other in zip(body.backbone_of(model).get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_download_that_leaves_no_file_is_never_a_random_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "can_download", lambda: True)

    def small(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
        inputs = keras.Input(input_shape)
        return keras.Model(inputs, keras.layers.Conv2D(3, 3)(inputs))

    monkeypatch.setitem(transfer._BACKBONES, "mobilenetv2", transfer._Backbone(small, "tf"))
    with pytest.raises(RunError, match=r"download failed.*_96_no_top\.h5"):
        registry.build(spec(backbone_size=96), 3)


@pytest.mark.parametrize("name", [n for n in builtin_names() if load(n).model.architecture == "transfer"])
def test_keras_has_the_same_names_for_the_files(name: str) -> None:
    model = load(name).model
    assert isinstance(model, TransferSpec)
    source = Path(inspect.getfile(transfer._BACKBONES[model.backbone].build)).read_text()
    source += Path(inspect.getfile(keras.applications.ResNet50)).read_text()
    file = pretrained.file_name(model)
    # What stands in the source as one piece: names are put together from the network's.
    parts = {
        "mobilenetv2": ["mobilenet_v2_weights_tf_dim_ordering_tf_kernels_", "_no_top.h5"],
        "resnet50": ["_weights_tf_dim_ordering_tf_kernels_notop.h5", '"resnet50"'],
        "resnet50v2": ["_weights_tf_dim_ordering_tf_kernels_notop.h5", '"resnet50v2"'],
        "efficientnetb0": ["_notop.h5", '"efficientnetb0"'],
        "efficientnetv2b0": ["_notop.h5", '"efficientnetv2-b0"'],
    }.get(model.backbone, [file])
    assert all(part in source for part in parts)
    assert all(part.strip('"') in file for part in parts)
