"""The probe: chance for one source, near certainty for two that differ in light or sharpness."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageFilter

from fer_core.data.sample.drawing.face import draw_face
from fer_core.splits.merge.source_probe import probe


@cache
def faces(count: int = 240) -> np.ndarray:
    import random

    rng = random.Random(5)
    return np.stack([draw_face(rng, "happy") for _ in range(count)])


@pytest.mark.parametrize("seed", range(3))
def test_one_source_cut_in_two_is_told_apart_by_chance(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(faces()))
    found = probe(faces()[order[:160]], faces()[order[160:]], seed)
    assert found is not None
    assert found.low < 0.5 + 0.1
    assert (found.old, found.new) == (160, 80)
    assert found.verdict in {"good", "warn"}


def test_brighter_or_blurred_pictures_are_told_apart() -> None:
    old, new = faces()[:160], faces()[160:]
    brighter = np.clip(new.astype(int) + 40, 0, 255).astype(np.uint8)
    blurred = np.stack([np.asarray(Image.fromarray(f).filter(ImageFilter.GaussianBlur(1))) for f in new])
    for changed, least in ((brighter, 0.8), (blurred, 0.95)):
        found = probe(old, changed)
        assert found is not None
        assert found.auroc > least
        assert found.low > least - 0.1
        assert found.verdict == "bad"


def test_too_few_say_nothing_and_the_same_seed_says_the_same() -> None:
    assert probe(faces()[:100], faces()[:19]) is None
    assert probe(faces()[:50], faces()[50:90], 2) == probe(faces()[:50], faces()[50:90], 2)
