"""Ranks on a common set: intervals that cover the truth, seeds as one, seen images left out, odd runs named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.data.records import readable
from fer_core.data.sample import make_sample
from fer_core.errors import NotFound
from fer_core.evaluation import board, common, marks, ranking, scores
from fer_core.evaluation.ranking import _intervals
from fer_core.evaluation.words import as_text
from fer_core.runs.run import Run
from fer_core.splits.plan import save_plan
from fer_core.splits.stratify import stratify
from fer_core.workspace import Workspace, write_json


def table(right: np.ndarray, seen: np.ndarray | None = None) -> pd.DataFrame:
    p = np.where(right, 0.9, 0.2)
    found = pd.DataFrame(
        {"image_id": [f"i{n}" for n in range(len(right))], "label": "sad", "p_sad": p, "p_happy": 1 - p}
    )
    return found if seen is None else found.assign(seen=seen)


def make(root: Path, number: int, rows: pd.DataFrame, where: str = "") -> Run:
    folder = root / "models" / "runs" / f"{number:04d}-compact"
    (folder / where).mkdir(parents=True, exist_ok=True)
    write_json(
        folder / "run.json", {"id": folder.name, "dataset": "faces", "version": "v1", "state": "finished"}
    )
    rows.to_parquet(folder / where / "predictions-val.parquet")
    return Run(folder)


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
    place = found.places[a.id, b.id]
    assert place.accuracy == pytest.approx(0.775)
    assert place.sd == pytest.approx(np.std([0.75, 0.8], ddof=1))
    assert (place.rank, place.shared) == (1, False)
    assert found.places[(c.id,)].rank == 2


def test_what_one_run_has_learned_from_is_left_out_for_all(tmp_path: Path) -> None:
    n = np.arange(100)
    honest = make(tmp_path, 1, table(n < 50))
    knows = make(tmp_path, 2, table(n >= 0))
    table(n >= 0, seen=n >= 60).to_parquet(knows.folder / "predictions-val.parquet")
    found = ranking.rank([[honest], [knows]], "val", "v1")
    assert (found.images, found.seen) == (60, 40)
    assert found.places[(honest.id,)].accuracy == pytest.approx(50 / 60)
    assert scores.compute(knows, "val")["images"] == 60


def test_another_order_is_put_right_and_other_images_are_named(tmp_path: Path) -> None:
    n = np.arange(100)
    first = make(tmp_path, 1, table(n < 70))
    same = make(tmp_path, 2, table(n < 70))
    turned = make(tmp_path, 3, table(n < 70).iloc[::-1].reset_index(drop=True))
    other = make(tmp_path, 4, table(n < 70).assign(image_id=[f"x{i}" for i in n]))
    none = make(tmp_path, 5, table(n < 70).assign(p_sad=np.nan))
    found = ranking.rank([[r] for r in (first, same, turned, other, none)], "val", "v1")
    assert {p.rank for p in found.places.values()} == {1}
    assert len(found.places) == 3
    assert "other images" in found.left_out[other.id]
    assert "not probabilities" in found.left_out[none.id]


def test_a_run_is_evaluated_on_another_version_without_what_it_has_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_sample(Workspace(tmp_path), count=300)
    old = dataset.head
    new = save_plan(dataset, stratify(dataset.manifest(), (60, 20, 20), seed=3))
    folder = tmp_path / "models" / "runs" / "0001-compact"
    folder.mkdir(parents=True)
    write_json(
        folder / "run.json", {"id": folder.name, "dataset": "sample", "version": old, "state": "finished"}
    )

    class Always:
        classes, input_size, color = ("happy", "surprise", "neutral", "sad"), 48, "gray"

        def predict(self, pixels: np.ndarray) -> np.ndarray:
            return np.tile(np.float32([0.7, 0.1, 0.1, 0.1]), (len(pixels), 1))

    monkeypatch.setattr(common.Predictor, "load", lambda _: Always())
    run = Run(folder)
    told: list[int] = []
    assert common.predict_on(run, f"v{new.number}", lambda done, *_: told.append(done)) == ["val", "test"]
    before, after = readable(dataset.manifest(old)), readable(dataset.manifest(new.id))
    learned = set(before.loc[before["split"] == "train", "pixel_hash"])
    val = after[after["split"] == "val"]
    fresh = val[~val["pixel_hash"].isin(learned)]
    found = scores.look(run, "val", via="cli", version=new.id)
    assert (found["images"], found["seen"]) == (len(fresh), len(val) - len(fresh))
    assert found["accuracy"] == pytest.approx((fresh["label"] == "happy").mean())
    assert told[-1] == len(val) + (after["split"] == "test").sum()
    assert board.rows(Workspace(tmp_path))[0]["on"] == [new.id]
    run.update(version="0123456789abcdef")
    with pytest.raises(NotFound, match="is gone"):
        common.predict_on(run, new.id)


def test_marks_are_kept_and_odd_ones_ignored(tmp_path: Path) -> None:
    run = make(tmp_path, 1, table(np.arange(10) < 5))
    assert marks.change(run, tags=[" b", "a", "b"], note="n")["tags"] == ["a", "b"]
    assert marks.read(run) == {"star": False, "tags": ["a", "b"], "note": "n", "archived": False}
    (run.folder / "marks.json").write_text('{"star": 1, "tags": "x", "note": "kept"}')
    assert marks.read(run) == {"star": False, "tags": [], "note": "kept", "archived": False}
    (run.folder / "marks.json").write_text("{")
    assert marks.read(run) == marks.EMPTY
    with pytest.raises(NotFound, match="no exported model"):
        marks.promote(run)
    (run.folder / "model.onnx").write_bytes(b"")
    marks.promote(run)
    assert marks.promoted(Workspace(tmp_path)) == run.id


def test_tables_for_papers() -> None:
    rows = pd.DataFrame({"run": ["a_1|x", "b&c"], "accuracy": [0.5, None]})
    assert as_text(rows, "csv") == "run,accuracy\na_1|x,0.5\nb&c,\n"
    assert as_text(rows, "markdown").splitlines()[2] == r"| a_1\|x | 0.5 |"
    latex = as_text(rows, "latex")
    assert r"a\_1|x & 0.5 \\" in latex
    assert r"b\&c &  \\" in latex
    assert latex.startswith(r"\begin{tabular}{lr}")
