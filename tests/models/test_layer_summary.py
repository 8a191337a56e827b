"""A network told layer by layer, by a worker, the library and the command line."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from fer_core.base.errors import RunError
from fer_core.cli import run
from fer_core.models import registry
from fer_core.models.summary import FILE, keep, kept, summary_of, summary_of_model
from fer_core.recipes.recipe import load


@pytest.mark.parametrize("name", ["model_d", "mobilenetv2_finetuned_48"])
def test_the_layers_of_a_network_add_up_to_what_keras_counts(name: str) -> None:
    model = registry.build_random(load(name).model, 5)
    found = summary_of_model(model)
    assert found["parameters"] == model.count_params() == sum(row["parameters"] for row in found["layers"])
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert found["trained_parameters"] == trained
    assert not [row for row in found["layers"] if row["kind"] == "Functional"]


def test_shapes_are_what_the_layers_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipes", "model_0", "--classes", "4", "--layers", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    model = registry.build_random(load("model_0").model, 4)
    inside = keras.Model(model.inputs, [layer.output for layer in model.layers])
    given = [list(np.shape(each))[1:] for each in inside([np.zeros((2, 48, 48, 1), np.float32)])]
    assert [row["output"] for row in told["layers"]] == given
    # 3x3 from 1 channel to 32, and as many biases.
    first = next(row for row in told["layers"] if row["kind"] == "Conv2D")
    assert (first["parameters"], first["trained_parameters"], first["part"]) == (9 * 32 + 32, 9 * 32 + 32, "")
    assert run(["recipes", "model_0", "--classes", "4", "--layers"]) == 0
    assert "48 x 48 x 32" in capsys.readouterr().out
    assert run(["recipes", "--layers"]) == 2


def test_a_page_asks_a_worker() -> None:
    recipe = load("mobilenetv2_frozen_48")  # its weights are not here
    found = summary_of(recipe, 4)
    model = registry.build_random(recipe.model, 4)
    assert (found["parameters"], len({row["part"] for row in found["layers"]})) == (model.count_params(), 2)
    whole = load("compact")
    small = whole.model_copy(
        update={"model": whole.model.model_copy(update={"blocks": whole.model.blocks[:1]})}
    )
    with pytest.raises(RunError, match="cannot be built"):
        summary_of(small, 4)


def test_a_damaged_file_of_layers_tells_nothing(tmp_path: Path) -> None:
    keep(tmp_path, keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(5)]))
    told = kept(tmp_path)
    assert told is not None
    assert told["parameters"] == 20
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text().replace("20", "21"))
    assert kept(tmp_path) is None
