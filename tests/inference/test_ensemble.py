"""A saved ensemble answers with the mean of its members, whatever their size, colour and order of classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made_runs import VERSION, made
from tiny_models import METADATA, light_weights, save_light, save_linear

from fer_core.base.errors import ModelFileError
from fer_core.evaluation import ensembles
from fer_core.inference import ensemble
from fer_core.inference.analyse import ReadOptions, analyse
from fer_core.inference.ensemble import Ensemble
from fer_core.inference.predictor import Predictor


def folder_of(root: Path, **changes: object) -> Path:
    save_light(root / "one.onnx")
    turned = light_weights(32, 3)[..., ::-1]
    save_linear(root / "two.onnx", turned,
                metadata={"classes": METADATA["classes"][::-1], "input_size": 32, "color": "rgb"})  # fmt: skip
    about = {
        "members": [
            {"run": "1", "file": "one.onnx", "weight": 3},
            {"run": "2", "file": "two.onnx", "weight": 1},
        ],
        "metadata": {**METADATA, "color": "rgb"},
        **changes,
    }
    (root / "ensemble.json").write_text(json.dumps(about))
    return root


def test_it_is_the_weighted_mean_of_its_members(tmp_path: Path) -> None:
    model = Ensemble.load(folder_of(tmp_path))
    crops = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    one, two = (Predictor.load(tmp_path / f"{name}.onnx").predict(crops) for name in ("one", "two"))
    assert model.predict(crops) == pytest.approx((3 * one + two[:, ::-1]) / 4, abs=1e-6)
    assert model.predict(crops, flip=True) == pytest.approx(
        (model.predict(crops) + model.predict(crops[:, :, ::-1])) / 2, abs=1e-6
    )
    assert model.prepare(crops).shape[3] == 3
    assert (model.classes, model.color, model.input_size) == (tuple(METADATA["classes"]), "rgb", 48)
    assert model.predict(crops[:0]).shape == (0, 3)


def test_its_temperature_sharpens_and_keeps_the_answer(tmp_path: Path) -> None:
    crops = np.random.default_rng(1).integers(0, 256, (8, 48, 48), dtype=np.uint8)
    usual = Ensemble.load(folder_of(tmp_path)).predict(crops)
    sharp = Ensemble.load(folder_of(tmp_path, metadata={**METADATA, "temperature": 0.5})).predict(crops)
    assert (sharp.argmax(axis=1) == usual.argmax(axis=1)).all()
    assert (sharp.max(axis=1) > usual.max(axis=1)).all()
    assert sharp.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"members": []}, "needs members"),
        ({"members": [{"file": "one.onnx"}]}, "not described"),
        ({"members": [{"file": "one.onnx", "weight": -1}]}, "above 0"),
        ({"members": [{"file": "../../gone.onnx", "weight": 1}]}, "not found"),
        ({"members": 5}, "lists no members"),
        ({"metadata": {**METADATA, "classes": ["happy", "fear"]}}, "other classes"),
    ],
)
def test_what_is_not_whole_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        Ensemble.load(folder_of(tmp_path, **changes))
    (tmp_path / "ensemble.json").write_text("{")
    with pytest.raises(ModelFileError, match="readable"):
        Ensemble.load(tmp_path)


def test_runs_become_a_model_that_reads_pictures(tmp_path: Path) -> None:
    runs = [made(tmp_path, np.arange(40) < n) for n in (30, 36)]
    two = {"classes": ["happy", "sad"], "input_size": 48, "color": "gray"}
    for run in runs:
        save_linear(run.folder / "model.onnx", light_weights()[..., :2], metadata=two)
    place = ensembles.save(runs[0].workspace, "pair", runs, {run.id: 1 for run in runs}, VERSION)
    (kept,) = ensemble.saved_ensembles(runs[0].workspace)
    assert (kept["name"], [m["run"] for m in kept["members"]]) == ("pair", [run.id for run in runs])
    for run in runs:
        (run.folder / "model.onnx").unlink()  # it stands by itself
    model = Ensemble.load(place)
    from scenes import png

    result = analyse(
        model, png(np.full((48, 48), 200, dtype=np.uint8)), "light.png", ReadOptions(mode="whole")
    )
    assert set(result.faces[0].probabilities) == {"happy", "sad"}
    with pytest.raises(Exception, match="of that name"):
        ensembles.save(runs[0].workspace, "pair", runs, {run.id: 1 for run in runs}, VERSION)
