"""What a recipe is warned of on a version: each planted alone, none where there is none, and `lr` is told its name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fer_core.base.errors import RecipeError
from fer_core.recipes.recipe import builtin_names, load, override
from fer_core.scheduling import hardware, readiness, recipe_cautions
from fer_core.scheduling.recipe_cautions import sentences

FROZEN = "mobilenetv2_frozen_48"
STAGES = [
    {"epochs": 4, "trainable": 0.0, "learning_rate": 1e-3},
    {"epochs": 9, "trainable": 0.3, "learning_rate": 1e-4},
]


def images(train: tuple[int, int] = (300, 300), val: tuple[int, int] = (60, 60)) -> pd.DataFrame:
    return pd.DataFrame([train, val], index=["train", "val"], columns=["happy", "sad"])


def told(recipe: str, settings: dict[str, Any], counted: pd.DataFrame) -> list[str]:
    return [f"{what}. {meaning}." for what, meaning in sentences(override(load(recipe), settings), counted)]


@pytest.mark.parametrize("name", builtin_names())
def test_no_recipe_that_is_shipped_is_warned_of(name: str) -> None:
    assert told(name, {}, images()) == []


@pytest.mark.parametrize(
    ("recipe", "settings", "counted", "words"),
    [
        ("compact", {"training.class_weight": "balanced", "training.sampling": "balanced"}, images(), "both balanced"),
        ("compact", {"training.batch_size": 601}, images(), "batch_size 601 is more than the 600 images"),
        ("compact", {}, images(val=(60, 0)), "val has no sad. What has no images there is not validated"),
        ("compact", {}, images(train=(300, 0)), "train has no sad. What has no images there cannot be learned"),
        ("compact", {"progressive.layer_decay": 0.8}, images(), "layer_decay is 0.8, and this model has no backbone and no"),
        ("compact", {"optimizer.swa": 0.25, "training.epochs": 30, "early_stopping.patience": 28}, images(),
         "averages nothing: set early_stopping.patience to 0"),
        (FROZEN, {"progressive.stages": STAGES, "model.trainable_layers": 20}, images(), "trainable_layers is 20"),
        (FROZEN, {"progressive.stages": STAGES, "model.trainable_layers": 0, "training.epochs": 4}, images(),
         "4 epochs end before the last of 2 stages. It begins after epoch 4"),
    ],
)  # fmt: skip
def test_each_is_named_alone(
    recipe: str, settings: dict[str, Any], counted: pd.DataFrame, words: str
) -> None:
    (found,) = told(recipe, settings, counted)
    assert words in found


def test_at_the_limit_nothing_is_said() -> None:
    settings = {"progressive.stages": STAGES, "model.trainable_layers": 0, "training.epochs": 5}
    assert told(FROZEN, settings, images()) == []
    assert told("compact", {"training.batch_size": 600}, images()) == []
    averaged = {"optimizer.swa": 0.25, "training.epochs": 30, "early_stopping.patience": 29}
    assert told("compact", averaged, images()) == []


@pytest.mark.parametrize(
    ("field", "meant"),
    [
        ("lr", "optimizer.learning_rate"),
        ("optimizer.lr", "optimizer.learning_rate"),
        ("optimizer.learning_rat", "optimizer.learning_rate"),
        ("batchsize", "training.batch_size"),
        ("training.epoch", "training.epochs"),
    ],
)
def test_a_name_that_is_none_is_told_the_likeliest(field: str, meant: str) -> None:
    with pytest.raises(RecipeError, match=f"is not a field of .* Did you mean `{meant}`?"):
        override(load("compact"), {field: "1"})


def test_a_name_that_is_like_none_is_told_where_the_fields_are() -> None:
    with pytest.raises(RecipeError, match="`fer recipes NAME` lists the fields"):
        override(load("compact"), {"optimizer.zebra": "1"})


@pytest.mark.parametrize(
    ("flags", "better"), [("avx2 avx512_bf16", "mixed_bfloat16 or float32"), ("avx2", "float32")]
)
def test_float16_without_a_gpu_is_told_with_what_the_processor_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, better: str
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu sse {flags} rdrand\n")
    known = hardware.has_bfloat16(tmp_path / "cpuinfo")
    monkeypatch.setattr(recipe_cautions, "has_bfloat16", lambda: known)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    (found,) = told("compact", {"training.precision": "mixed_float16"}, images())
    assert found.startswith("training.precision is mixed_float16")
    assert found.endswith(f": take {better}.")
    assert told("compact", {"training.precision": "mixed_bfloat16"}, images()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="devices are files on Linux alone")
def test_a_gpu_is_seen_by_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "nvidiactl").touch()
    assert not hardware.may_have_accelerator(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert hardware.may_have_accelerator(tmp_path)
    monkeypatch.setattr(
        recipe_cautions, "may_have_accelerator", lambda: hardware.may_have_accelerator(tmp_path)
    )
    assert told("compact", {"training.precision": "mixed_float16"}, images()) == []


@pytest.mark.parametrize(
    ("recipe", "modes", "warned"),
    [("color_rgb", ["gray", "gray"], True), ("color_rgb", ["gray", "rgb"], False), ("color_gray", ["gray", "gray"], False)],
)  # fmt: skip
def test_colour_that_is_asked_of_gray_pictures_is_said(recipe: str, modes: list[str], warned: bool) -> None:
    """A file that cannot be read has no colour, and changes nothing."""
    table = pd.DataFrame(
        {"mode": [*modes * 64, ""], "error": [*[""] * 128, "broken"], "label": "happy", "split": "train"}
    )
    found = [one.text for one in readiness.recipe_cautions(load(recipe), table)]
    assert ("model.color is rgb, and every picture is gray" in found) == warned
