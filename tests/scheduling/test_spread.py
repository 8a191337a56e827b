"""What several runs come to together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from made_runs import bare, tell_epochs
from sklearn.metrics import f1_score

from fer_core.runs import predictions
from fer_core.scheduling.experiments import spread

NAMES = np.array(["happy", "neutral", "sad"])


def test_folds_have_a_mean_a_spread_and_scores_over_all_their_images(tmp_path: Path) -> None:
    rng, runs, labels, said = np.random.default_rng(0), [], [], []
    for fold, accuracy in enumerate((0.8, 0.6, 0.7)):
        run = bare(tmp_path, f"000{fold + 1}-tiny")
        tell_epochs(run, [0.5, accuracy])
        chances, label = rng.dirichlet(np.ones(3), 20), rng.choice(NAMES, 20)
        table = pd.DataFrame({"image_id": [f"{fold}-{n}" for n in range(20)], "label": label}).astype("str")
        table[[f"p_{name}" for name in NAMES]] = chances.astype(np.float32)
        predictions.write(run.folder, "val", table)
        runs.append(run)
        labels += list(label)
        said += list(NAMES[chances.argmax(axis=1)])
    right = np.mean(np.array(labels) == said)
    f1 = f1_score(labels, said, average="macro")
    assert spread(runs).splitlines() == [
        "val accuracy 0.7000 ± 0.1000 over 3 runs",
        f"all 60 images together: accuracy {right:.4f}, macro F1 {f1:.4f}",
    ]
    seeds = [runs[0], runs[0]]
    assert spread(seeds) == "val accuracy 0.8000 ± 0.0000 over 2 runs"
    assert spread(runs[:1]) == ""
    for number, state in enumerate(("failed", "stopped")):
        other = bare(tmp_path, f"001{number}-tiny", state=state)
        tell_epochs(other, [0.1])
        runs.append(other)
    assert spread(runs).splitlines() == [
        "val accuracy 0.7000 ± 0.1000 over 3 runs; left out: 2 that did not finish",
        f"all 60 images together: accuracy {right:.4f}, macro F1 {f1:.4f}",
    ]
    assert spread(runs[2:]) == ""
