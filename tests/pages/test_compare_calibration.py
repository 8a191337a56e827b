"""Apply on Compare: what was found on validation is what the model of the run answers with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_runs import NAMES, tell_epochs, trained
from streamlit.testing.v1 import AppTest
from tiny_models import save_linear

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.evaluation.report import evaluate_run
from fer_core.inference.predictor import Predictor

ROOT = Path(__file__).resolve().parents[2]


def words(app: AppTest) -> str:
    return " ".join(str(getattr(e.proto, "body", "")) for e in app.get("html"))


def test_apply_writes_what_was_found_into_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    run = trained(make_sample(Workspace(tmp_path), count=160), 0.9, ["val"])
    tell_epochs(run, [0.9])
    evaluate_run(run)
    about = {"classes": NAMES, "input_size": 48, "color": "gray"}
    save_linear(run.folder / "model.onnx", np.zeros((48, 48, 1, 4)), metadata=about)
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.switch_page("pages/models/compare.py")
    app.session_state["cmp-picked"] = [run.id]
    app.run()
    assert "temperature 1.00, and with “uncertain” below 0.70" in words(app)
    app.slider(key="cmp-precision").set_value(80).run()
    app.button(key="cmp-calibrate").click().run()
    assert not app.exception
    held = Predictor.load(run.folder).metadata
    assert held.temperature < 1  # .7 sure, right in 90 % of cases
    assert f"temperature {held.temperature:.2f}, and with “uncertain” below {held.threshold:.2f}" in words(
        app
    )
    assert app.button(key="cmp-calibrate").disabled
