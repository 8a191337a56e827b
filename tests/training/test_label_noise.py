"""Wrong labels on purpose: as many as asked, the same for all, in the training alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tiny_faces import CLASSES, table, tiny_data, tiny_dataset, tiny_recipe

from fer_core.base.errors import RunError
from fer_core.cli import cli
from fer_core.mislabels.summary import confusions
from fer_core.recipes.label_noise import LabelConfusion, LabelNoise
from fer_core.recipes.recipe import to_toml
from fer_core.runs.store import list_runs
from fer_core.scheduling import experiments, queue, start
from fer_core.training.batches import TrainingBatches
from fer_core.training.label_noise import draw_noise, with_noise


def test_a_share_of_the_labels_is_wrong_any_way_alike_and_larger_shares_hold_the_smaller() -> None:
    split = tiny_data({"train": 3000, "val": 3}).train
    changed = {}
    for share in (0.1, 0.4):
        places, given = draw_noise(split, CLASSES, LabelNoise(share=share, seed=5))
        assert len(places) == len(set(places)) == 3000 * share
        assert (given != split.labels[places]).all()
        changed[share] = dict(zip(places.tolist(), given.tolist(), strict=True))
        found = with_noise(split, CLASSES, LabelNoise(share=share, seed=5))
        assert (found.labels != split.labels).sum() == len(places)
        np.testing.assert_array_equal(found.targets.argmax(axis=1), found.labels)
        np.testing.assert_array_equal(found.targets.sum(axis=1), 1)
    assert changed[0.1].items() <= changed[0.4].items()
    ways = np.zeros((3, 3))
    np.add.at(ways, (split.labels[list(changed[0.4])], list(changed[0.4].values())), 1)
    np.testing.assert_allclose(ways[~np.eye(3, dtype=bool)], 200, atol=50)


def test_labels_go_wrong_as_the_confusions_say() -> None:
    split = tiny_data({"train": 3000, "val": 3}).train
    pairs = [("happy", "sad", 0.3), ("happy", "neutral", 0.1), ("sad", "neutral", 0.1)]
    wrong = [LabelConfusion(label=a, given=b, share=c) for a, b, c in pairs]
    spec = LabelNoise(share=0.1, confusions=wrong)
    places, given = draw_noise(split, CLASSES, spec)
    ways = np.zeros((3, 3))
    np.add.at(ways, (split.labels[places], given), 1)
    wanted = np.zeros((3, 3))
    wanted[0, 2], wanted[0, 1], wanted[2, 1] = 180, 60, 60  # of 300, as .3, .1 and .1 of equally many
    np.testing.assert_allclose(ways, wanted, atol=35)
    with pytest.raises(RunError, match="too few images whose labels can become wrong"):
        draw_noise(split, CLASSES, spec.model_copy(update={"share": 0.9}))
    unknown = LabelConfusion(label="happy", given="joy", share=1)
    with pytest.raises(RunError, match=r"happy to joy\. The classes are happy, neutral, sad"):
        draw_noise(split, CLASSES, spec.model_copy(update={"confusions": [*wrong, unknown]}))


def test_how_labels_go_wrong_is_what_a_ranking_found() -> None:
    import pandas as pd

    label = ["happy"] * 6 + ["sad"] * 6
    suggested = ["happy"] * 4 + ["sad"] * 2 + ["sad"] * 5 + ["happy"]
    ranking = pd.DataFrame({"label": label, "suggested": suggested, "score": 0.1})
    ranking["issue"] = ranking["likely_wrong"] = ranking["label"] != ranking["suggested"]
    assert confusions(ranking) == [
        {"label": "sad", "given": "happy", "share": pytest.approx(2 / 7, abs=1e-6)},
        {"label": "happy", "given": "sad", "share": 0.2},
    ]


def test_a_small_share_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "launch", lambda run: None)
    dataset = tiny_dataset(tmp_path)
    losses, shares = ["generalized_crossentropy"], [0.0, 0.004, 0.07]
    runs = experiments.noise(dataset, dataset.version(None), tiny_recipe(), losses, shares, {})
    told = [run.info["member"].partition(", ")[2] for run in runs]
    assert told == ["0% noise", "0.4% noise", "7% noise"]


def test_a_network_learns_the_wrong_labels_and_is_judged_by_the_right_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the verb, in processes of their own."""
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = tiny_dataset(tmp_path)
    before = dataset.manifest()
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(to_toml(tiny_recipe(training__epochs=3)))
    asked = [
        "noise",
        "tiny",
        "--recipe",
        str(recipe),
        "--losses",
        "generalized_crossentropy",
        "--shares",
        "0,0.25",
    ]
    result = CliRunner().invoke(cli, [*asked, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert [row["member"] for row in json.loads(result.stdout)] == [
        "generalized_crossentropy, 0% noise",
        "generalized_crossentropy, 25% noise",
    ]
    clean, noisy = sorted(list_runs(dataset.workspace), key=lambda run: run.id)
    for run in (clean, noisy):
        assert start.wait(run, timeout=120).state == "finished", run.log_tail()
    assert dataset.manifest().equals(before)
    assert not (clean.folder / "noise.csv").exists()
    with open(noisy.folder / "noise.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    data = tiny_data()
    known = dict(zip(table()["image_id"], table()["label"], strict=True))
    assert len(rows) == 24
    assert all(known[row["image_id"]] == row["label"] != row["given"] for row in rows)
    listed = {row["image_id"]: row["given"] for row in rows}
    batches = TrainingBatches(data, noisy.recipe)
    taught = [CLASSES[number] for number in batches.labels]
    assert taught == [listed.get(name, known[name]) for name in data.train.ids]
    assert list(noisy.predictions("train")["label"]) == [known[name] for name in data.train.ids]
    told = json.loads(CliRunner().invoke(cli, ["noise", "tiny", "--json"]).stdout)
    assert [(row["share"], row["runs"], row["sd"]) for row in told] == [(0.0, 1, None), (0.25, 1, None)]
    wanted = [run.evaluation()["splits"]["val"]["accuracy"] for run in (clean, noisy)]
    assert [row["accuracy"] for row in told] == wanted
