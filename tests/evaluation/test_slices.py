"""Slices: planted weak parts are found and named, none is told where none is, and groups say which gap they could have shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from click.testing import CliRunner
from made_runs import answer, trained

from fer_core.base.errors import NotFound
from fer_core.base.workspace import Workspace
from fer_core.cli import cli
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.evaluation.slices.columns import SliceColumn, by_quartile
from fer_core.evaluation.slices.find import find_slices, newcombe
from fer_core.evaluation.slices.gaps import between_groups, visible_gap
from fer_core.evaluation.slices.of_run import slices_of


def columns(rng: np.random.Generator, count: int) -> list[SliceColumn]:
    measures = [by_quartile(f"m{k}", rng.random(count)) for k in range(4)]
    return [*measures, *(SliceColumn(f"c{k}", rng.integers(0, 4, count), tuple("abcd")) for k in range(2))]


def test_where_nothing_is_weak_nothing_is_told() -> None:
    rng = np.random.default_rng(0)
    wrongly = sum(bool(find_slices(rng.random(400) < 0.8, columns(rng, 400)).weak) for _ in range(40))
    assert wrongly <= 5  # 5 % of 40 are 2; more than 5 come in one of 70 such tests


def test_planted_weak_slices_are_named() -> None:
    rng = np.random.default_rng(1)
    for kind in ("level", "pair"):
        found = columns(rng, 1500)
        bad = found[0].level == 2
        if kind == "pair":
            bad &= found[5].level == 1
        right = rng.random(1500) < np.where(bad, 0.45, 0.85)
        told = find_slices(right, found)
        expected = [("m0", found[0].levels[2]), *([("c1", "b")] if kind == "pair" else [])]
        assert told.weak[0].parts == tuple(expected)
        first = told.weak[0]
        assert first.images == bad.sum()
        assert first.accuracy == pytest.approx(right[bad].mean())
        assert first.rest == pytest.approx(right[~bad].mean())
        assert set(told.members(first)) == set(np.flatnonzero(bad))
        if kind == "level":  # no pair inside it is told for its sake
            assert all(len(each.parts) == 1 for each in told.weak)


def test_levels_that_differ_have_names_that_differ() -> None:
    sizes = np.repeat([1001.0, 1002.0, 1003.0, 1004.0], 20)
    found = by_quartile("size", sizes)
    assert found.levels == ("≤ 1001", "1001 to 1002", "1002 to 1003", "> 1003")
    assert found.level.tolist() == np.repeat(range(4), 20).tolist()
    near = by_quartile("x", 12345 + np.arange(80) / 1e6)
    assert len(set(near.levels)) == 4
    assert by_quartile("size", sizes * 1e3).levels[0] == "≤ 1001000"  # a plain number


def test_where_nothing_was_looked_at_nothing_is_said_to_be_sound() -> None:
    few = find_slices(np.zeros(20, bool), [by_quartile("x", np.arange(20.0))])
    assert (len(few.slices), few.verdict) == (0, "too few images")
    rng = np.random.default_rng(0)
    assert find_slices(rng.random(400) < 0.8, columns(rng, 400)).verdict == "none is weak"


def test_p_is_that_of_fishers_test_and_holms_correction() -> None:
    rng = np.random.default_rng(2)
    column = SliceColumn("c", rng.integers(0, 3, 300), ("x", "y", "z"))
    right = rng.random(300) < np.where(column.level == 1, 0.6, 0.8)
    told = {each.words: each.p for each in find_slices(right, [column]).slices}
    raw = {}
    for level, name in enumerate(column.levels):
        inside = column.level == level
        table = [
            [(inside & ~right).sum(), (inside & right).sum()],
            [(~inside & ~right).sum(), (~inside & right).sum()],
        ]
        raw[f"c {name}"] = scipy.stats.fisher_exact(table, alternative="greater")[1]
    worst = 0.0
    for place, (name, p) in enumerate(sorted(raw.items(), key=lambda item: item[1])):
        worst = max(worst, min(1.0, p * (3 - place)))
        assert told[name] == pytest.approx(worst, abs=1e-9)


def test_intervals_and_visible_gaps_follow_their_formulas() -> None:
    # Newcombe 1998, table II, example (a), method 10: 56/70 against 48/80.
    assert newcombe(56 / 70, 70, 48 / 80, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    wanted = visible_gap(0.7, 15, 300)
    rng = np.random.default_rng(3)
    seen = []
    for _ in range(600):
        few, many = rng.random(15) < 0.7 - wanted, rng.random(300) < 0.7
        table = [[few.sum(), 15 - few.sum()], [many.sum(), 300 - many.sum()]]
        seen.append(scipy.stats.chi2_contingency(table, correction=False)[1] < 0.05)
    assert 0.7 < np.mean(seen) < 0.95
    assert visible_gap(0.7, 15, 300, tests=10) > wanted


def test_a_gap_that_could_not_have_been_seen_is_said_to_be_so() -> None:
    level = np.repeat([0, 1, 2], [15, 200, 200])
    right = np.concatenate([np.arange(15) < 10, np.arange(200) < 160, np.arange(200) < 100])
    few_many, many, few = sorted(
        between_groups(right, SliceColumn("group", level, ("old", "young", "adult"))),
        key=lambda gap: gap.difference,
    )
    assert (few_many.first, few_many.second, few_many.told_apart) == ("adult", "young", True)
    assert not few.told_apart
    assert "could not have been seen with n = 15" in few.sentence
    assert "could not have been seen with n = 15" in many.sentence


def test_the_dark_faces_a_run_fails_on_are_found_through_the_verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = make_sample(Workspace(tmp_path), count=900)
    run = trained(dataset, 1.0, [])
    val = readable(dataset.manifest()).query("split == 'val'").reset_index(drop=True)
    dark = val["brightness"] <= val["brightness"].quantile(0.25)
    answer(run, "val", val, val["label"].where(~dark, "happy").tolist())
    once = ~val["pixel_hash"].duplicated()
    told = json.loads(CliRunner().invoke(cli, ["slices", run.id, "--json"]).output)
    assert told["images"] + told["left_out"] == len(val)
    assert told["images"] == once.sum()
    first = told["slices"][0]
    assert first["weak"]
    assert next(iter(first["parts"])) == "brightness"
    assert first["slice"].startswith("brightness ≤ ")
    found = slices_of(run, "val")
    faces = found.table.iloc[found.found.members(found.found.slices[0])]["image_id"]
    assert set(faces) <= set(val.loc[dark, "image_id"]) | set(val.loc[val["brightness"] <= 0.4, "image_id"])
    assert CliRunner().invoke(cli, ["slices", run.id, "--by", "class"]).output.count("class: ") >= 6
    with pytest.raises(NotFound, match="do not differ in such a column"):
        slices_of(run, "val", by="age")
