"""Apply on Compare: what was found on validation is what the model of the run answers with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_runs import NAMES, tell_epochs, trained
from opened_pages import COMPARE, html_of, opened
from tiny_models import save_linear

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import calibration, predict_version
from fer_core.evaluation.report import evaluate_run
from fer_core.inference.predictor import Predictor
from fer_core.runs import predictions
from fer_core.splits.stratify import save_plan, stratify

ROOT = Path(__file__).resolve().parents[2]


def test_apply_writes_what_was_found_into_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    run = trained(make_sample(Workspace(tmp_path), count=160), 0.9, ["val"])
    tell_epochs(run, [0.9])
    evaluate_run(run)
    about = {"classes": NAMES, "input_size": 48, "color": "gray"}
    save_linear(run.folder / "model.onnx", np.zeros((48, 48, 1, 4)), metadata=about)
    app = opened(COMPARE, cmp_picked=[run.id])
    assert "temperature 1.00, and with “uncertain” below 0.70" in html_of(app)
    app.slider(key="cmp-precision").set_value(80).run()
    app.button(key="cmp-calibrate").click().run()
    assert not app.exception
    held = Predictor.load(run.folder).metadata
    assert held.temperature < 1  # .7 sure, right in 90 % of cases
    assert f"temperature {held.temperature:.2f}, and with “uncertain” below {held.threshold:.2f}" in html_of(
        app
    )
    assert app.button(key="cmp-calibrate").disabled
    assert "views of each image" not in html_of(app)
    told = predictions.read(run.folder, "val")
    told.attrs["test_time_augmentation"] = "flip_shift"
    predictions.write(run.folder, "val", told)
    assert "means over 10 views of each image" in html_of(opened(COMPARE, cmp_picked=[run.id]))
    assert calibration.fit(run, 0.8).views == 10


def test_a_model_is_not_fitted_on_what_is_left_of_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = make_sample(Workspace(tmp_path), count=160)
    run = trained(dataset, 0.9, ["val"])
    tell_epochs(run, [0.9])
    evaluate_run(run)
    about = {"classes": NAMES, "input_size": 48, "color": "gray"}
    save_linear(run.folder / "model.onnx", np.zeros((48, 48, 1, 4)), metadata=about)
    save_plan(dataset, stratify(dataset.manifest(), seed=5))
    assert predict_version.predict_missing([run], dataset.head) == {}
    app = opened(COMPARE, cmp_picked=[run.id])
    assert "Can its probabilities be trusted?" in html_of(app)
    assert "on the version it was trained on" in html_of(app)
    assert not [button for button in app.button if button.key == "cmp-calibrate"]
