from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenes import drawn
from tiny_models import save_light

from fer_core.inference import tta
from fer_core.inference.predictor import Predictor


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    return Predictor.load(save_light(tmp_path / "m.onnx"))


@pytest.mark.parametrize("kind", tta.KINDS)
def test_the_answer_is_the_mean_over_the_views(predictor: Predictor, kind: tta.TtaKind) -> None:
    faces = np.stack([drawn(seed, 48) for seed in range(3)])
    shown = tta.views(predictor.prepare(faces), kind)
    mean = np.mean([predictor.predict(np.ascontiguousarray(view)) for view in shown], axis=0)
    np.testing.assert_allclose(tta.predict(predictor, faces, kind), mean, atol=1e-6)
    assert shown[0].shape == (3, 48, 48, 1)


def test_flip_is_the_predictors_own(predictor: Predictor) -> None:
    faces = np.stack([drawn(seed, 48) for seed in range(3)])
    np.testing.assert_allclose(
        tta.predict(predictor, faces, "flip"), predictor.predict(faces, flip=True), atol=1e-6
    )


def test_many_does_not_care_about_left_and_right(predictor: Predictor) -> None:
    face = drawn(1, 48)[None]
    mirrored = np.ascontiguousarray(face[:, :, ::-1])
    one, other = (tta.predict(predictor, f, "many") for f in (face, mirrored))
    np.testing.assert_allclose(one, other, atol=1e-3)  # shrinking rounds


def test_no_faces_and_no_such_kind(predictor: Predictor) -> None:
    assert tta.predict(predictor, np.zeros((0, 48, 48), np.uint8), "many").shape == (0, 3)
    with pytest.raises(ValueError, match="kind"):
        tta.views(np.zeros((1, 48, 48, 1), np.uint8), "twice")  # type: ignore[arg-type]
