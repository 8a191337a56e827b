"""The data as an axis: what versions differ in, the lineage as settings, and gains across versions, from known decisions."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import NAMES, trained

from fer_core.base.workspace import Workspace
from fer_core.data.dataset import Dataset
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation import ablation, controlled_pairs, hyperparameters, progress, run_pair, scores
from fer_core.evaluation.data_axis import changes, settings
from fer_core.reports import comparison_page
from fer_core.review.apply import apply_journal
from fer_core.review.journal import Journal
from fer_core.runs import predictions
from fer_core.runs.run import Run
from fer_core.scheduling import queue
from fer_core.splits.merge.propose import propose
from fer_core.splits.plan import save_plan
from fer_core.splits.stratify import stratify

MERGED = 4


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """v1 imported; v2 seven copies and two others dropped; v3 five relabelled; v4 four merged; v5 split anew; v6 one of
    the copies back."""
    root = tmp_path_factory.mktemp("axis")
    dataset = make_sample(Workspace(root), "faces", count=200)
    journal = Journal(dataset.journal_path)
    train = readable(dataset.manifest()).query("split == 'train'")
    for place, (_, row) in enumerate(train.head(9).iterrows()):
        stays = str(train["pixel_hash"].iloc[20 + place]) if place < 7 else ""
        known = {"image_id": row["image_id"], "pixel_hash": row["pixel_hash"], "path": row["path"]}
        journal.add("delete", other=stays, key=f"k{place}", **known)
    apply_journal(dataset)
    for _, row in readable(dataset.manifest()).query("split == 'train'").tail(5).iterrows():
        wrong = next(name for name in NAMES if name != row["label"])
        journal.add(
            "relabel", label=wrong, image_id=row["image_id"], pixel_hash=row["pixel_hash"], path=row["path"]
        )
    apply_journal(dataset)
    other = make_sample(dataset.workspace, "other", count=120, seed=9)
    propose(dataset, other, fill={"happy": MERGED}).save(dataset)
    save_plan(dataset, stratify(dataset.manifest(), (60, 20, 20), seed=3))
    journal.undo(key=None, decision_id=int(journal.decisions().query("key == 'k0'")["id"].iloc[0]))
    apply_journal(dataset)
    return root


@pytest.fixture
def dataset(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    shutil.copytree(source, tmp_path / "home")
    monkeypatch.setattr(queue, "launch", lambda run: None)
    return Dataset(Workspace(tmp_path / "home"), "faces")


def run_of(dataset: Dataset, version: int, share: float = 0.5, **recipe: object) -> Run:
    """A finished run of `compact` on a version, that answers so much of its validation part rightly."""
    known = dataset.version(f"v{version}")
    run = trained(dataset, share, (), settings=recipe, version_number=version)
    run.update(version=known.id)
    tell(run, dataset, version, share)
    return run


def tell(run: Run, dataset: Dataset, version: int, share: float, seen: Sequence[int] = ()) -> np.ndarray:
    """Predictions for the validation part of a version: the first ones are right; those at `seen` it has learned from."""
    known = dataset.version(f"v{version}").id
    part = readable(dataset.manifest(known)).query("split == 'val'").reset_index(drop=True)
    right = np.arange(len(part)) < round(share * len(part))
    following = dict(zip(NAMES, [*NAMES[1:], NAMES[0]], strict=True))
    said = part["label"].where(right, part["label"].map(following))
    table = part[["image_id", "label"]].copy()
    for name in NAMES:
        table[f"p_{name}"] = np.where(said == name, 0.7, 0.1).astype(np.float32)
    if known != run.version:
        table["seen"] = np.isin(np.arange(len(part)), list(seen))
    predictions.write(scores.predictions_folder(run, known), "val", table)
    return right


def test_what_was_done_between_versions_is_counted(dataset: Dataset) -> None:
    found = changes.between(dataset, "v1", "v4")
    assert found == changes.DataChanges(copies=7, dropped=2, relabelled=5, merged=MERGED)
    assert found.words == "7 copies dropped, 2 images dropped, 5 relabelled, 4 merged"
    assert changes.between(dataset, "v2", "v3").words == "5 relabelled"
    back = changes.between(dataset, "v4", "v1")
    assert back.words == f"without: {found.words}"
    old, new = (
        readable(dataset.manifest(dataset.version(v).id)).set_index("image_id")["split"] for v in ("v4", "v5")
    )
    moved = int((new != old.reindex(new.index)).sum())
    assert changes.between(dataset, "v4", "v5") == changes.DataChanges(moved=moved)
    assert changes.between(dataset, "v5", "v6") == changes.DataChanges(back=1)
    assert changes.between(dataset, "v3", "v3").words == "the same pictures"


def test_the_lineage_of_a_version_is_settings_of_its_runs(dataset: Dataset) -> None:
    found = [settings.of_run(run_of(dataset, version)) for version in (1, 3, 4)]
    assert found[0] == {"data.version": "v1", "data.origin": "v1", "data.copies": "none", "data.pictures": "none",
                        "data.labels": "none", "data.merged": "none", "data.splits": "none"}  # fmt: skip
    assert found[1] == found[0] | {"data.version": "v3", "data.copies": "7 dropped, v2", "data.pictures": "2 dropped, v2",
                                   "data.labels": "5 changed, v3"}  # fmt: skip
    assert found[2] == found[1] | {"data.version": "v4", "data.merged": "4 added, v4"}
    gone = run_of(dataset, 1)
    gone.update(version="0123456789abcdef")
    assert settings.of_run(gone) == {"data.version": "v1 012345, gone"}
    table = hyperparameters.varying([run_of(dataset, 3), run_of(dataset, 4)])
    assert set(table) == {"data.version", "data.merged"}
    shutil.rmtree(dataset.folder / "versions" / dataset.version("v3").id)
    assert set(settings.of_run(run_of(dataset, 4)).values()) == {"v4", "not known before v4"}


def test_a_pair_says_what_the_data_differ_in(dataset: Dataset) -> None:
    first, second = run_of(dataset, 1), run_of(dataset, 4)
    words = "7 copies dropped, 2 images dropped, 5 relabelled, 4 merged"
    assert run_pair.differences(first, second) == f"training data v1 → v4 ({words})"
    table, _ = run_pair.differing_settings([first, second])
    assert table.loc["training data"].tolist() == ["v1", "v4"]
    board = pd.DataFrame({"run": ["a"], "low": [0.1], "accuracy": [0.2], "high": [0.3]})
    assert f"v4 ({words})" in comparison_page.of_runs("t", "a", board, [first, second], "val")
    assert run_pair.differences(first, run_of(dataset, 1)) == "nothing: the same data, recipe and seed"
    both = run_pair.differences(first, run_of(dataset, 2, **{"model.color": "rgb"}))
    assert both == "training data v1 → v2 (7 copies dropped, 2 images dropped); model.color gray → rgb"


def test_gains_across_versions_are_of_the_images_neither_has_learned_from(dataset: Dataset) -> None:
    old, clean, merged = run_of(dataset, 1), run_of(dataset, 3, 0.6), run_of(dataset, 4, 0.9)
    count = len(tell(clean, dataset, 4, 0.7))
    tell(old, dataset, 4, 0.4, seen=range(0, count, 2))
    rgb = run_of(dataset, 4, 0.95, **{"model.color": "rgb"})
    version = dataset.version("v4").id
    found = {
        (row.first[0], row.second[0]): row
        for row in controlled_pairs.find_pairs([[rgb], [merged], [clean], [old]], "val", version).pairs
    }
    right = {share: np.arange(count) < round(share * count) for share in (0.4, 0.7, 0.9, 0.95)}
    half = np.arange(count) % 2 == 1  # what the old run has not learned from
    merging, cleaning, colour = found[clean.id, merged.id], found[old.id, clean.id], found[merged.id, rgb.id]
    assert (merging.axis, merging.before, merging.after) == ("merged images", "v3", "v4 (4 merged)")
    assert merging.images == count
    assert merging.gain["difference"] == pytest.approx(right[0.9].mean() - right[0.7].mean())
    assert cleaning.axis == "training data"
    assert cleaning.images == half.sum()
    assert cleaning.gain["difference"] == pytest.approx(right[0.7][half].mean() - right[0.4][half].mean())
    change = right[0.7][half].astype(float) - right[0.4][half]
    spread = 1.959964 * np.sqrt((change**2).sum()) / half.sum()
    assert cleaning.gain["interval"] == pytest.approx(
        [change.mean() - spread, change.mean() + spread], abs=1e-6
    )
    assert (colour.axis, colour.images) == ("colour", count)  # an old run takes no images from the others
    told, more, unjudged = controlled_pairs.of_workspace(dataset.workspace)
    assert (more, unjudged) == (0, [])
    assert {(row.first[0], row.second[0]) for _, _, row in told} == set(found)
    assert {where for _, where, _ in told} == {version}


def test_the_journey_crosses_versions(dataset: Dataset) -> None:
    old, new, best = (
        run_of(dataset, 1),
        run_of(dataset, 4, 0.7),
        run_of(dataset, 4, 0.9, **{"model.color": "rgb"}),
    )
    count = len(tell(old, dataset, 4, 0.4, seen=range(10)))
    right = {share: np.arange(count) < round(share * count) for share in (0.4, 0.7, 0.9)}
    steps = progress.journey([[best], [new], [old]], "val", dataset.version("v4").id).steps
    assert [step.runs for step in steps] == [(old.id,), (new.id,), (best.id,)]
    assert [step.images for step in steps] == [count - 10, count, count]
    assert steps[0].accuracy == pytest.approx(right[0.4][10:].mean())
    assert steps[1].step is not None
    assert steps[1].step["difference"] == pytest.approx(right[0.7][10:].mean() - right[0.4][10:].mean())
    assert (steps[1].step_images, steps[2].step_images, steps[2].gain_images) == (
        count - 10,
        count,
        count - 10,
    )
    assert steps[2].step is not None
    assert steps[2].step["difference"] == pytest.approx(right[0.9].mean() - right[0.7].mean())
    assert steps[1].changed == ("data v1 → v4 (7 copies dropped, 2 images dropped, 5 relabelled, 4 merged)",)


def test_another_version_is_one_change_tried_by_the_first_recipe(dataset: Dataset) -> None:
    first, second = run_of(dataset, 1), run_of(dataset, 3, 0.9, **{"model.color": "rgb"})
    names = [change.name for change in ablation.plan(first, second)]
    assert names == ["training data", "model.color"]
    data, colour = ablation.start(first, second)
    assert (data.version, data.recipe) == (second.version, first.recipe)
    assert (colour.version, colour.recipe.model.color) == (first.version, "rgb")
    assert ablation.start(first, second) == []
    same, seeded = run_of(dataset, 3), run_of(dataset, 4, **{"training.seed": 7})
    data.update(state="failed")
    assert [run and run.id for _, run in ablation.tried(first, same)] == [same.id]
    (twin,) = ablation.start(first, seeded)  # the very recipe and seed of the first is on one version alone
    assert (twin.version, twin.recipe.training.seed) == (seeded.version, first.recipe.training.seed)


def test_the_journey_is_told_in_phases(dataset: Dataset) -> None:
    old, deeper = run_of(dataset, 1, 0.3), run_of(dataset, 1, 0.5, **{"model.color": "rgb"})
    clean, best = run_of(dataset, 4, 0.7), run_of(dataset, 4, 0.9, **{"loss.label_smoothing": 0.2})
    count = len(tell(old, dataset, 4, 0.3, seen=range(10)))
    tell(deeper, dataset, 4, 0.5, seen=range(10))
    right = {share: np.arange(count) < round(share * count) for share in (0.3, 0.5, 0.7, 0.9)}
    raw, repaired = progress.journey(
        [[best], [clean], [deeper], [old]], "val", dataset.version("v4").id
    ).phases
    assert (raw.version, raw.purpose, raw.models, raw.runs) == (
        "v1",
        "baseline; tried: colour",
        ("compact",),
        2,
    )
    assert (raw.best, raw.images, raw.gain) == ((deeper.id,), count - 10, None)
    assert raw.total is not None
    assert raw.total["difference"] == pytest.approx(right[0.5][10:].mean() - right[0.3][10:].mean())
    words = "7 copies dropped, 2 images dropped, 5 relabelled, 4 merged"
    assert repaired.purpose == f"v4 ({words}); tried: loss"
    assert (repaired.best, repaired.accuracy) == ((best.id,), pytest.approx(right[0.9].mean()))
    assert repaired.gain is not None
    assert (repaired.gain_images, repaired.total_images) == (count - 10, count - 10)
    change = right[0.9][10:].astype(float) - right[0.5][10:]  # over the best of the phase before
    half = 1.959964 * np.sqrt((change**2).sum()) / len(change)
    assert repaired.gain["interval"] == pytest.approx([change.mean() - half, change.mean() + half], abs=1e-6)
    assert repaired.total is not None
    assert repaired.total["difference"] == pytest.approx(right[0.9][10:].mean() - right[0.3][10:].mean())


def test_the_pairs_of_a_workspace_are_told_once_and_are_one_family(dataset: Dataset) -> None:
    first, seed = run_of(dataset, 1, 0.5), run_of(dataset, 1, 0.5, **{"training.seed": 9})
    rgb, later = run_of(dataset, 1, 0.7, **{"model.color": "rgb"}), run_of(dataset, 4, 0.55)
    for run in (first, rgb):  # the second seed has no answers on v4: there the pair is of one run each
        tell(run, dataset, 4, 0.6 if run is first else 0.8)
    told, more, unjudged = controlled_pairs.of_workspace(dataset.workspace)
    place = {(pair.first, pair.second): (version, pair) for _, version, pair in told}
    both = tuple(sorted((first.id, seed.id)))
    assert {(tuple(sorted(one)), two) for one, two in place} == {
        (both, (rgb.id,)),
        ((first.id,), (later.id,)),
    }
    assert (more, unjudged) == (0, [])
    raw = []
    for version, pair in place.values():
        assert version == dataset.version("v1" if pair.second == (rgb.id,) else "v4").id
        z = pair.gain["difference"] * 2 * 1.959964 / np.ptp(pair.gain["interval"])
        raw.append(math.erfc(abs(z) / math.sqrt(2)))
    low, high = sorted(raw)
    holm = {low: min(2 * low, 1), high: max(high, min(2 * low, 1))}
    told_p = [pair.gain["p"] for _, pair in place.values()]
    assert told_p == pytest.approx([holm[p] for p in raw], rel=1e-3)
