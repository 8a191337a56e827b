"""Ranks on a common set: intervals that cover the truth, seeds as one, seen images left out, odd runs named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_runs import bare

from fer_core.base.errors import NotFound
from fer_core.base.workspace import Workspace
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.scan_store import compare
from fer_core.evaluation import leaderboard, predict_version, ranking, run_pair, scores
from fer_core.evaluation.ranking import _intervals
from fer_core.reports.table_text import as_text
from fer_core.runs import predictions, run_annotations
from fer_core.runs.run import Run
from fer_core.splits.plan import save_plan
from fer_core.splits.stratify import stratify


def table(right: np.ndarray, seen: np.ndarray | None = None) -> pd.DataFrame:
    p = np.where(right, 0.9, 0.2)
    found = pd.DataFrame(
        {"image_id": [f"i{n}" for n in range(len(right))], "label": "sad", "p_sad": p, "p_happy": 1 - p}
    )
    return found if seen is None else found.assign(seen=seen)


def make(root: Path, number: int, rows: pd.DataFrame) -> Run:
    run = bare(root, f"{number:04d}-compact")
    predictions.write(run.folder, "val", rows)
    return run


@pytest.mark.parametrize("copies", [1, 3])
def test_intervals_cover_the_truth_in_95_of_100_cases(copies: int) -> None:
    rng = np.random.default_rng(copies)
    right = np.repeat(rng.random((1000, 200)) < 0.8, copies, axis=1).astype(np.float32)
    groups = np.repeat(np.arange(200), copies)
    low, high = _intervals(right, groups)
    assert 0.93 <= np.mean((low <= 0.8) & (high >= 0.8)) <= 0.97
    alone = _intervals(right, None)
    if copies > 1:
        assert np.mean((alone[0] <= 0.8) & (alone[1] >= 0.8)) < 0.85


def test_seeds_count_with_their_mean(tmp_path: Path) -> None:
    n = np.arange(200)
    a, b, c = (make(tmp_path, i, table(n < k)) for i, k in enumerate((150, 160, 60), 1))
    found = ranking.rank([[a, b], [c]], "val", "v1")
    place = found.entries[a.id, b.id]
    assert place.accuracy == pytest.approx(0.775)
    assert place.sd == pytest.approx(np.std([0.75, 0.8], ddof=1))
    assert (place.rank, place.shared) == (1, False)
    assert found.entries[(c.id,)].rank == 2


def test_a_run_that_knows_some_images_changes_nothing_for_the_others(tmp_path: Path) -> None:
    n = np.arange(100)
    honest, worse = make(tmp_path, 1, table(n < 80)), make(tmp_path, 3, table(n < 20))
    knows, full = make(tmp_path, 2, table(n >= 0)), make(tmp_path, 4, table(n >= 0))
    before = ranking.rank([[honest], [worse]], "val", "v1")
    predictions.write(knows.folder, "val", table(n % 2 == 0, seen=n >= 60))
    predictions.write(full.folder, "val", table(n >= 0, seen=n >= 0))
    found = ranking.rank([[knows], [honest], [worse], [full]], "val", "v1")
    assert (found.images, found.seen, found.whole, found.apart) == (100, 0, 100, 1)
    for run in (honest, worse):
        assert found.entries[(run.id,)] == before.entries[(run.id,)]
    own = found.entries[(knows.id,)]
    assert (own.rank, own.images, own.accuracy) == (None, 60, pytest.approx(0.5))
    assert own.low < 0.5 < own.high
    assert "every image" in found.left_out[full.id]


def test_runs_that_know_the_same_images_are_ranked_with_each_other(tmp_path: Path) -> None:
    n = np.arange(100)
    one, two = make(tmp_path, 1, table(n < 50, seen=n >= 60)), make(tmp_path, 2, table(n < 5, seen=n >= 60))
    found = ranking.rank([[one], [two]], "val", "v1")
    assert (found.images, found.seen, found.whole) == (60, 40, 100)
    assert [found.entries[(run.id,)].rank for run in (one, two)] == [1, 2]


def test_a_pair_is_the_same_whoever_is_named_first(tmp_path: Path) -> None:
    n = np.arange(100)
    old = make(tmp_path, 1, table(n < 50))
    new = make(tmp_path, 2, table(n < 90))
    new.update(version="v2", version_number=2)
    (old.folder / "on-v2").mkdir()
    predictions.write(old.folder / "on-v2", "val", table(n < 40, seen=n >= 95))
    one, two = run_pair.compare_runs(old, new, "val"), run_pair.compare_runs(new, old, "val")
    assert one.verdict["images"] == two.verdict["images"] == 95
    assert one.verdict["difference"] == pytest.approx(50 / 95)
    assert two.verdict["difference"] == pytest.approx(-50 / 95)
    assert (one.verdict["fixed"], one.verdict["broke"]) == (two.verdict["broke"], two.verdict["fixed"])


def test_on_the_common_part_what_one_run_knows_is_left_out_for_all(tmp_path: Path) -> None:
    n = np.arange(100)
    honest = make(tmp_path, 1, table(n < 50))
    knows = make(tmp_path, 2, table(n >= 0))
    predictions.write(knows.folder, "val", table(n >= 0, seen=n >= 60))
    found = ranking.rank([[honest], [knows]], "val", "v1", common=True)
    assert (found.images, found.seen) == (60, 40)
    assert found.entries[(honest.id,)].accuracy == pytest.approx(50 / 60)
    assert scores.compute(knows, "val")["images"] == 60


def test_another_order_is_put_right_and_other_images_are_named(tmp_path: Path) -> None:
    n = np.arange(100)
    first = make(tmp_path, 1, table(n < 70))
    same = make(tmp_path, 2, table(n < 70))
    turned = make(tmp_path, 3, table(n < 70).iloc[::-1].reset_index(drop=True))
    other = make(tmp_path, 4, table(n < 70).assign(image_id=[f"x{i}" for i in n]))
    none = make(tmp_path, 5, table(n < 70).assign(p_sad=np.nan))
    found = ranking.rank([[r] for r in (first, same, turned, other, none)], "val", "v1")
    assert {p.rank for p in found.entries.values()} == {1}
    assert len(found.entries) == 3
    assert "other images" in found.left_out[other.id]
    assert "not probabilities" in found.left_out[none.id]


def test_a_run_is_evaluated_on_another_version_without_what_it_has_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_sample(Workspace(tmp_path), count=600)
    old = dataset.head
    new = save_plan(dataset, stratify(dataset.manifest(), (60, 20, 20), seed=5))
    run = bare(tmp_path, "0001-compact", dataset="sample", version=old)

    class Always:
        classes, input_size, color = ("happy", "surprise", "neutral", "sad"), 48, "gray"

        def predict(self, pixels: np.ndarray) -> np.ndarray:
            return np.tile(np.float32([0.7, 0.1, 0.1, 0.1]), (len(pixels), 1))

    monkeypatch.setattr(predict_version, "uncalibrated", lambda _: Always())
    told: list[int] = []
    assert predict_version.predict_on(run, f"v{new.number}", lambda done, *_: told.append(done)) == [
        "val",
        "test",
    ]
    before, after = readable(dataset.manifest(old)), readable(dataset.manifest(new.id))
    learned = set(before.loc[before["split"] == "train", "pixel_hash"])
    val = after[after["split"] == "val"]
    pairs = confirmed_pairs(compare(after, dataset.pixels(), kinds=("near", "mirrored")), 24)
    copied = {b for a, b in pairs[["first", "second"]].to_numpy() if a in learned}
    copied |= {a for a, b in pairs[["first", "second"]].to_numpy() if b in learned}
    assert len(copied - learned) > 3, "the sample has copies whose pixels differ"
    fresh = val[~val["pixel_hash"].isin(learned | copied)]
    assert len(fresh) < (~val["pixel_hash"].isin(learned)).sum()
    found = scores.read_scores(run, "val", via="cli", version=new.id)
    assert (found["images"], found["seen"]) == (len(fresh), len(val) - len(fresh))
    assert found["accuracy"] == pytest.approx((fresh["label"] == "happy").mean())
    assert told[-1] == len(val) + (after["split"] == "test").sum()
    assert leaderboard.rows(Workspace(tmp_path))[0]["on"] == [new.id]
    half = scores.predictions_folder(run, new.id)
    (half / "predictions-test.parquet").unlink()  # as after a kill between the splits
    assert predict_version.predict_missing([run], new.id) == {}
    assert predictions.stored_splits(half) == ["test", "val"]
    run.update(version="0123456789abcdef")
    with pytest.raises(NotFound, match="is gone"):
        predict_version.predict_on(run, new.id)


def test_marks_are_kept_and_odd_ones_ignored(tmp_path: Path) -> None:
    run = make(tmp_path, 1, table(np.arange(10) < 5))
    assert run_annotations.annotate(run, tags=[" b", "a", "b"], note="n")["tags"] == ["a", "b"]
    assert run_annotations.read(run) == run_annotations.NO_MARKS | {"tags": ["a", "b"], "note": "n"}
    (run.folder / "marks.json").write_text('{"star": 1, "tags": "x", "note": "kept"}')
    assert run_annotations.read(run) == run_annotations.NO_MARKS | {"note": "kept"}
    (run.folder / "marks.json").write_text("{")
    assert run_annotations.read(run) == run_annotations.NO_MARKS
    with pytest.raises(NotFound, match="no exported model"):
        run_annotations.promote(run)
    (run.folder / "model.onnx").write_bytes(b"")
    run_annotations.promote(run)
    assert run_annotations.promoted(Workspace(tmp_path)) == run.id


def test_tables_for_papers() -> None:
    rows = pd.DataFrame({"run": ["a_1|x", "b&c"], "accuracy": [0.5, None]})
    assert as_text(rows, "csv") == "run,accuracy\na_1|x,0.5\nb&c,\n"
    assert as_text(rows, "markdown").splitlines()[2] == r"| a_1\|x | 0.5 |"
    latex = as_text(rows, "latex")
    assert r"a\_1|x & 0.5 \\" in latex
    assert r"b\&c &  \\" in latex
    assert latex.startswith(r"\begin{tabular}{lr}")
