from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenes import drawn
from tiny_models import save_light

from fer_core.inference import robustness
from fer_core.inference.predictor import Predictor


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    """Says happy where the upper left is light, sad for the upper right, neutral for the lower half."""
    return Predictor.load(save_light(tmp_path / "m.onnx"))


@pytest.fixture
def happy() -> np.ndarray:
    face = np.zeros((48, 48), np.uint8)
    face[:24, :24] = 250
    return face


def test_a_race_is_each_models_own_answer(predictor: Predictor, tmp_path: Path) -> None:
    strict = Predictor.load(save_light(tmp_path / "strict.onnx", threshold=1.0))
    face = drawn(1, 90)
    first, second = robustness.compare_models(face, {"a": predictor, "b": strict}, laps=3)
    expected = predictor.predict(face[None])[0]
    assert (first.model, second.model) == ("a", "b")
    assert list(first.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert first.label == predictor.classes[int(expected.argmax())]
    assert second.uncertain
    assert first.ms > 0


def test_the_dial_says_where_the_answer_flips(predictor: Predictor, happy: np.ndarray) -> None:
    """Turned a quarter to the right, the light upper left is the light upper right, or lower left."""
    turns = robustness.answers_when_degraded(predictor, happy, "rotate", (0.0, 10.0, 90.0))
    assert [turn.label for turn in turns][:2] == ["happy", "happy"]
    flip = robustness.first_flip(turns)
    assert flip is not None
    assert (flip.amount, flip.label != "happy") == (90.0, True)
    steady = robustness.answers_when_degraded(predictor, happy, "darken")
    assert robustness.first_flip(steady) is None
    sure = [turn.probabilities["happy"] for turn in steady]
    assert sure == sorted(sure, reverse=True)
    assert len(steady) == len(robustness.STEPS["darken"])


@pytest.mark.parametrize("change", robustness.CHANGES)
def test_a_worse_face_keeps_its_shape_and_nothing_is_as_it_was(
    change: robustness.Degradation, happy: np.ndarray
) -> None:
    for face in (happy, happy[..., None], np.repeat(happy[..., None], 3, axis=2)):
        assert robustness.degrade(face, change, 0) is face
        worse = robustness.degrade(face, change, robustness.STEPS[change][-1])
        assert (worse.shape, worse.dtype) == (face.shape, np.uint8)
        assert (worse != face).any()
    assert robustness.degrade(happy, "darken", 0.5)[0, 0] == 125
    with pytest.raises(ValueError, match="change"):
        robustness.degrade(happy, "squeeze", 1.0)  # type: ignore[arg-type]
