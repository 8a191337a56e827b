"""If you stop here: does the interval hold the truth, and how wide is it?

A kept ranking of a dataset, and people's votes as the truth: 200 simulated reviewers, each with another 70 % of the set and
other spot checks, decide 200 faces. Printed: share of intervals that hold the truth (90 % is meant), median width over the
estimate, median of estimate over truth, for one spot check in three and for spot checks alone.

    python bench/bench_remaining_errors.py FER_HOME DATASET VOTES.csv [--method emotions]

VOTES.csv has the columns path and wrong (0 or 1).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core import mislabels
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.review.remaining_errors import SPOT_EVERY, estimate_remaining, spot_checks, with_spot_checks

REVIEWERS, DECISIONS, SHARE = 200, 200, 0.7


def simulate(ranking: pd.DataFrame, wrong: np.ndarray, every: int) -> str:
    held, width, ratio = [], [], []
    expected = float(ranking["issue"].sum()) * SHARE
    for seed in range(REVIEWERS):
        chosen = np.random.default_rng(seed).random(len(ranking)) < SHARE
        table, truth = ranking[chosen], pd.Series(wrong[chosen], index=ranking.loc[chosen, "image_id"])
        queue = mislabels.likely_wrong(table)["image_id"].tolist()[:DECISIONS]
        seen = with_spot_checks(queue, spot_checks(table, seed)[: 2 * DECISIONS], every)[:DECISIONS]
        scores = table.set_index("image_id")["score"]
        left = scores.index.difference(seen)
        told = estimate_remaining(scores[seen], truth[seen], scores[left], seed, expected)
        assert told is not None
        real = int(truth[left].sum())
        held.append(told.low <= real <= told.high)
        width.append((told.high - told.low) / told.wrong)
        ratio.append(told.wrong / real)
    return f"held {np.mean(held):.3f}  width {np.median(width):.2f}  estimate / truth {np.median(ratio):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("votes", type=Path)
    parser.add_argument("--method", default="emotions")
    options = parser.parse_args()
    dataset = open_dataset(Workspace(options.home), options.dataset)
    ranking = mislabels.load(dataset, dataset.head, options.method)
    if ranking is None:
        sys.exit(f"rank first: mislabels {options.dataset} --method {options.method}")
    wrong = pd.read_csv(options.votes).set_index("path")["wrong"].loc[ranking["path"]].to_numpy(bool)
    for every in (SPOT_EVERY, 1):
        print(f"one spot check in {every}: {simulate(ranking, wrong, every)}", flush=True)


if __name__ == "__main__":
    main()
