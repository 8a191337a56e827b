"""A hundred ranked labels without pictures, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_core.review.key_press import KeyPress

CLASSES = ("happy", "sad", "neutral")


def ranking(count: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(3), count)
    return pd.DataFrame(
        {
            "image_id": [f"i{n:03d}" for n in range(count)],
            "path": [f"train/{n}.png" for n in range(count)],
            "pixel_hash": [f"h{n:03d}" for n in range(count)],
            "split": "train",
            "label": [CLASSES[n % 3] for n in range(count)],
            "suggested": [CLASSES[(n + 1) % 3] for n in range(count)],
            "score": np.linspace(0, 1, count),
            "likely_wrong": True,
            "issue": True,
            "ambiguous": False,
            "why": "looks it",
            **{f"p_{name}": p[:, k] for k, name in enumerate(CLASSES)},
        }
    )


RANKING = ranking()


def find(press: KeyPress) -> Mapping[str, Any]:
    rows = RANKING[RANKING["image_id"].isin(press.images)]
    return {row["image_id"]: row for row in rows.to_dict("records")}
