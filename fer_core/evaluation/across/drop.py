"""What a drop in accuracy from one dataset to another consists of: the mix of classes, the quality of the pictures, the rest.

The accuracy at home is weighted twice, as Kitagawa (1955) splits a difference of two rates. First so that the classes are as
frequent as in the other set: what that changes is the *class mix*. Then, class by class, also so that brightness, contrast,
sharpness and size are as there: what that changes beyond is *picture quality*. Weights are p / (1 - p) of a logistic
regression that tells the two sets apart (Bickel, Bruckner & Scheffer, JMLR 2009), as in Cai, Namkoong & Yadlowsky,
"Diagnosing model performance under distribution shift" (2023). What then is left between home and away is the *rest*: labels
given by other rules, other people, poses, frames, and whatever no measure tells. The order matters, and is fixed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from fer_core.base.arrays import Floats
from fer_core.evaluation.intervals import LEVELS

QUALITY = ("brightness", "contrast", "sharpness", "width")
_DRAWS = 300
_HEAVIEST = 20.0  # an image counts for at most so many of its class
_FEWEST = 30  # images in all, that weights leave to judge by


@dataclass(frozen=True)
class DropParts:
    """A drop, and its parts, in accuracy (0..1): they add up to it. Each with its 95 % interval (bootstrap over images).

    Attributes:
        home, away: accuracies; `drop` is home - away.
        class_mix, quality, rest: the parts. Quality and rest are None where the weights leave too few images at home like
            those of the other set: then `together` is what both are.
        effective: images at home that count after weighting (Kish).
        home_images, away_images: what the accuracies are of.
    """

    home: float
    away: float
    drop: float
    class_mix: float
    quality: float | None
    rest: float | None
    together: float
    effective: float
    intervals: dict[str, tuple[float, float]]
    home_images: int
    away_images: int

    def record(self) -> dict[str, object]:
        """JSON-ready."""
        return {**asdict(self), "intervals": {name: list(ends) for name, ends in self.intervals.items()}}


def drop_parts(home: pd.DataFrame, away: pd.DataFrame) -> DropParts | None:
    """Split the drop from home to away.

    Args:
        home, away: one row per image: label, correct (bool), and the columns of `QUALITY`.

    Returns:
        None where a class of the other set has no image at home: nothing can be weighted then.
    """
    if not set(away["label"]) <= set(home["label"]):
        return None
    ratio = _ratios(home, away)
    found = _parts(home, away, ratio)
    rng = np.random.default_rng(0)
    drawn: list[dict[str, float]] = []
    for _ in range(_DRAWS):
        one, two = (rng.integers(0, len(table), len(table)) for table in (home, away))
        again, there = home.iloc[one], away.iloc[two]
        if set(there["label"]) <= set(again["label"]):
            drawn.append(_parts(again, there, ratio[one]))
    weights = _weights(home, away, ratio)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    few = effective < _FEWEST
    names = ["drop", "class_mix", "together"] + ([] if few else ["quality", "rest"])
    values = {name: np.array([each[name] for each in drawn]) for name in names}
    ends = {
        name: (float(np.quantile(draw, LEVELS[0])), float(np.quantile(draw, LEVELS[1])))
        for name, draw in values.items()
        if len(draw)
    }
    return DropParts(
        found["home"], found["away"], found["drop"], found["class_mix"], None if few else found["quality"],
        None if few else found["rest"], found["together"], effective, ends, len(home), len(away),
    )  # fmt: skip


def _parts(home: pd.DataFrame, away: pd.DataFrame, ratio: Floats) -> dict[str, float]:
    right, there = home["correct"].to_numpy(dtype=np.float64), float(away["correct"].mean())
    mixed = float((right * _weights(home, away, np.ones(len(home)))).sum())
    alike = float((right * _weights(home, away, ratio)).sum())
    own = float(right.mean())
    return {
        "home": own,
        "away": there,
        "drop": own - there,
        "class_mix": own - mixed,
        "quality": mixed - alike,
        "rest": alike - there,
        "together": mixed - there,
    }


def _weights(home: pd.DataFrame, away: pd.DataFrame, ratio: Floats) -> Floats:
    """Weights of the images at home, sum 1: every class has the share it has away, inside a class they follow `ratio`."""
    labels = home["label"].to_numpy()
    shares = away["label"].value_counts(normalize=True)
    totals = pd.Series(ratio).groupby(labels).transform("sum").to_numpy()
    wanted = pd.Series(labels).map(shares).fillna(0.0).to_numpy(dtype=np.float64)
    return np.asarray(wanted * ratio / totals)


def _ratios(home: pd.DataFrame, away: pd.DataFrame) -> Floats:
    """How much more often away than at home pictures of a class look like each of those at home; capped."""
    from sklearn.linear_model import LogisticRegression  # takes a second to import
    from sklearn.preprocessing import StandardScaler

    both = pd.concat([home, away], ignore_index=True)
    quality = both[list(QUALITY)].to_numpy(dtype=np.float64)
    quality[:, -1] = np.log(np.maximum(quality[:, -1], 1))
    scaled = StandardScaler().fit_transform(quality)
    classes = pd.get_dummies(both["label"]).to_numpy(dtype=np.float64)
    features = np.hstack([scaled, scaled**2, classes])
    where = np.repeat([0, 1], [len(home), len(away)])
    told = LogisticRegression(max_iter=500, class_weight="balanced").fit(features, where)
    p = np.clip(told.predict_proba(features[: len(home)])[:, 1], 1e-6, 1 - 1e-6)
    ratio = p / (1 - p)
    return np.asarray(np.minimum(ratio, _HEAVIEST * np.median(ratio)))
