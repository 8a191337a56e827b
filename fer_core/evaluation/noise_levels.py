"""What losses stand: accuracy of the runs of a noise experiment by their share of wrong training labels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fer_core.base.errors import RunError
from fer_core.runs.run import Run

COLUMNS: list[str] = ["experiment", "loss", "share", "runs", "accuracy", "sd"]


def by_share(runs: Sequence[Run]) -> pd.DataFrame:
    """Accuracy on val, whose labels are the dataset's own, by loss and share.

    Args:
        runs: of any experiments; those without wrong labels count only in an experiment that has some. Runs that have
            not ended or cannot be read are left out.

    Returns:
        experiment, loss, share, runs (int64, seeds), accuracy (mean, 0..1) and sd (None of a single run), sorted.
    """
    rows = []
    for run in runs:
        accuracy = run.evaluation().get("splits", {}).get("val", {}).get("accuracy")
        experiment = run.info.get("experiment")
        if accuracy is None or not experiment:
            continue
        try:
            recipe = run.recipe
        except RunError:
            continue
        rows.append((experiment, recipe.loss.name, recipe.noise.share, accuracy))
    table = pd.DataFrame(rows, columns=["experiment", "loss", "share", "accuracy"])
    noisy = set(table.loc[table["share"] > 0, "experiment"])
    groups = table[table["experiment"].isin(noisy)].groupby(["experiment", "loss", "share"], sort=True)
    found = groups["accuracy"].agg(runs="size", mean="mean", sd="std").reset_index()
    found = found.rename(columns={"mean": "accuracy"})[COLUMNS]
    return found.assign(sd=found["sd"].astype(object).where(found["sd"].notna(), None))
