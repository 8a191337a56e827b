from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_core.base.errors import RecipeError
from fer_core.recipes.losses import CrossEntropy
from fer_core.recipes.model_spec import CnnSpec
from fer_core.recipes.recipe import (
    builtin_names,
    changes_from_parent,
    difference,
    fields,
    load,
    override,
    parse,
    to_toml,
)
from fer_core.recipes.schema import Plateau


def test_names_list_a_recipe_after_the_one_it_extends() -> None:
    order = builtin_names()
    assert order[0] == "base"
    for name in order[1:]:
        assert order.index(load(name).extends) < order.index(name)


@pytest.mark.parametrize("name", builtin_names())
def test_every_recipe_survives_its_own_toml(name: str) -> None:
    recipe = load(name)
    assert recipe.name == name
    assert recipe.description
    assert parse(to_toml(recipe)) == recipe


@pytest.mark.parametrize("name", [n for n in builtin_names() if n != "base"])
def test_changes_are_all_that_a_recipe_changes(name: str) -> None:
    recipe = load(name)
    applied = override(load(recipe.extends), changes_from_parent(name))
    assert difference(applied, recipe) == {}


def test_changes_show_only_what_differs() -> None:
    assert changes_from_parent("model_b_plus_plus") == {
        "loss.name": "categorical_focal_crossentropy",
        "loss.alpha": 0.25,
        "loss.class_alpha": [],
        "loss.gamma": 2.0,
        "loss.label_smoothing": 0.1,
    }
    assert changes_from_parent("color_rgb") == {"model.color": "rgb"}
    assert changes_from_parent("base") == {}


def test_model_0_is_trained_as_described() -> None:
    recipe = load("model_0")
    assert (recipe.optimizer.name, recipe.optimizer.learning_rate) == ("adam", 1e-3)
    schedule = recipe.schedule
    assert schedule.name == "plateau"
    found = (schedule.monitor, schedule.factor, schedule.patience, schedule.min_learning_rate)
    assert found == ("val_loss", 0.5, 5, 1e-6)
    training = recipe.training
    assert (training.class_weight, training.batch_size, training.epochs) == ("balanced", 64, 75)
    assert not recipe.augmentation.horizontal_flip


def test_another_kind_takes_nothing_over_from_the_table_before() -> None:
    model_c = load("model_c")
    own = {"name": "cosine", "warmup_epochs": 0.0, "final_fraction": 0.01}
    assert model_c.schedule.model_dump() == own | {"begin_after": 0}


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"optimizer.learning_rate": "1e-3"}, "optimizer.learning_rate", 1e-3),
        ({"training.epochs": "7"}, "training.epochs", 7),
        ({"epochs": "7"}, "training.epochs", 7),
        ({"learning_rate": 0.5}, "optimizer.learning_rate", 0.5),
        ({"augmentation.horizontal_flip": "false"}, "augmentation.horizontal_flip", False),
        ({"training.class_weight": "balanced"}, "training.class_weight", "balanced"),
        ({"schedule.patience": "3", "schedule.name": "plateau"}, "schedule.patience", 3),
        ({"optimizer.name": "sgd"}, "optimizer.learning_rate", 0.01),
        ({"model.l2.conv": "1e-4"}, "model.l2.conv", 1e-4),
        ({"model.blocks": '[{kind = "flatten"}]'}, "model.blocks", [{"kind": "flatten"}]),
    ],
)
def test_override(settings: dict[str, Any], field: str, value: object) -> None:
    assert fields(override(load("compact"), settings))[field] == value


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer.name": "foo"}, "`optimizer.name` must be one of {'adam', 'adamw', 'sgd', 'muon'}. Received: "),
        ({"training.class_weight": "x"}, "`training.class_weight` must be one of {'none', 'balanced'}."),
        ({"training.class_weight": "x"}, "Received: training.class_weight='x'."),
        ({"training.batch_size": "0"}, "`training.batch_size` must be greater than or equal to 1."),
        ({"training.epochs": "2.5"}, "`training.epochs` must be a valid integer"),
        ({"optimizer.lr": "1"}, "`lr` is not a field of `optimizer`"),
        ({"colour": "1"}, "`colour` is not a field of a recipe"),
        ({"optimizer.learning_rate": "fast"}, "`optimizer.learning_rate` must be a valid number"),
        ({"optimizer.learning_rate": "nan"}, "`optimizer.learning_rate` must be"),
        ({"model.blocks": "3"}, "`model.blocks` must be a valid list"),
        ({"model.blocks": [{"kind": "conv"}]}, "`model.blocks[0].filters` is missing"),
        ({"model.blocks": [{"kind": "cov"}]}, "`model.blocks[0].kind` must be one of {'conv', 'residual',"),
        ({"model.blocks": [{"filters": 3}]}, "`model.blocks[0]` needs the field 'kind'"),
        ({"optimizer": "adam"}, "`optimizer` must be"),
        ({"name": "a/b"}, "`name` is not valid"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_explained(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError) as error:
        override(load("compact"), settings)
    assert message in str(error.value)


def test_a_short_name_that_several_fields_have_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"one of \{'schedule.patience', 'early_stopping.patience'\}"):
        override(load("model_0"), {"patience": "3"})


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=r"`recipe` must be one of \{.*'compact'.*Received: recipe='nope'"):
        load("nope")


def test_a_recipe_file_of_the_user(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "compact"\n[training]\nepochs = 2\n')
    mine = load(str(file))
    assert (mine.name, mine.training.epochs, mine.optimizer) == ("mine", 2, load("compact").optimizer)


@pytest.mark.parametrize(
    ("text", "message"), [("a = [", "not TOML"), (b"\xff\xfe", "cannot be read"), (None, "cannot be read")]
)
def test_a_recipe_file_that_cannot_be_used(tmp_path: Path, text: str | bytes | None, message: str) -> None:
    file = tmp_path / "bad.toml"
    if text is not None:
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(RecipeError, match=message):
        load(str(file))


def test_a_circle_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_core.recipes.recipe.FOLDER", tmp_path)
    (tmp_path / "a.toml").write_text('extends = "b"')
    (tmp_path / "b.toml").write_text('extends = "a"')
    with pytest.raises(RecipeError, match="circle"):
        load("a")


@given(
    rate=st.floats(1e-12, 1e6),
    epochs=st.integers(1, 10**9),
    flip=st.booleans(),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
def test_any_value_comes_back_from_toml(rate: float, epochs: int, flip: bool, text: str) -> None:
    settings = {
        "optimizer.learning_rate": rate,
        "training.epochs": epochs,
        "augmentation.horizontal_flip": flip,
    }
    recipe = override(load("compact"), settings).model_copy(update={"description": text})
    assert parse(to_toml(recipe)) == recipe


def test_recipes_are_read_without_keras() -> None:
    code = "import sys; from fer_core.recipes.recipe import load; load('base'); print('keras' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


@pytest.mark.parametrize(
    "name", ["model_d", "color_gray", "color_rgb", "vgg16", "resnet50v2", "efficientnetb0"]
)
def test_depth_transfer_and_colour_are_trained_alike(name: str) -> None:
    """As the notebook trained them, so that a comparison changes the network alone."""
    recipe = load(name)
    assert isinstance(recipe.schedule, Plateau)
    assert recipe.schedule.min_learning_rate == 1e-7
    assert isinstance(recipe.loss, CrossEntropy)
    assert recipe.loss.label_smoothing == 0.1
    assert (recipe.training.batch_size, recipe.training.class_weight) == (64, "balanced")
    if isinstance(recipe.model, CnnSpec):
        assert (recipe.model.l2.conv, recipe.model.l2.dense) == (1e-4, 1e-4)
    else:
        assert recipe.training.epochs == 75
