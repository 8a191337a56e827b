"""What the explorer counts and filters, against the manifest read the plain way and against the planted faults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import entropy

from fer_core.base.errors import ManifestError
from fer_core.checks import checks
from fer_core.data.datasets import Dataset
from fer_core.data.manifest import COLUMNS, classes, counts, splits
from fer_core.data.manifest_columns import ManifestColumns
from fer_core.data.sample.truth import SampleTruth
from fer_core.duplicates.exact import find_exact
from fer_core.explore.facts import ImageFacts
from fer_core.explore.filter import CATEGORIES, RANGES, Selection
from fer_core.explore.vote_stats import label_against_majority, vote_stats


@pytest.fixture(scope="module")
def facts(sample: Dataset) -> ImageFacts:
    return ImageFacts(sample, sample.head)


@pytest.fixture(scope="module")
def manifest(sample: Dataset) -> pd.DataFrame:
    return sample.manifest()


def test_columns_are_those_of_the_manifest(sample: Dataset, manifest: pd.DataFrame) -> None:
    columns = ManifestColumns(sample, sample.head)
    assert len(columns) == len(manifest)
    assert set(COLUMNS) <= set(columns.names)
    places = np.array([7, 3, 7, 1100])
    pd.testing.assert_frame_equal(
        columns.frame(places)[list(COLUMNS)],
        manifest.iloc[places].reset_index(drop=True)[list(COLUMNS)],
        check_dtype=False,
    )
    codes, names = columns.codes("path")
    assert [names[c] for c in codes[:50]] == list(manifest["path"][:50])
    ids = [manifest["image_id"][900], "nobody", manifest["image_id"][2], manifest["image_id"][900]]
    assert columns.positions(ids).tolist() == [900, -1, 2, 900]
    assert columns.ids(np.array([2, 900])) == [ids[2], ids[0]]
    assert columns.contains("path", "SAD/").sum() == manifest["path"].str.contains("sad/").sum()


def test_a_missing_manifest_or_column_is_said(sample: Dataset) -> None:
    with pytest.raises(ManifestError, match="missing or damaged"):
        ManifestColumns(sample, "0" * 16)
    with pytest.raises(ManifestError, match="lacks a column"):
        ManifestColumns(sample, sample.head).array("votes")


def test_vectors_of_rows_without_any_are_nan(tmp_path: Path, sample: Dataset, manifest: pd.DataFrame) -> None:
    votes = [None if i % 3 == 0 else [i, 1, 0] for i in range(len(manifest))]
    columns = ManifestColumns(sample, sample.head)
    columns.path = tmp_path / "manifest.parquet"
    manifest.assign(votes=pd.Series(votes, dtype="object")).to_parquet(columns.path)
    found = columns.vectors("votes")
    assert found.shape == (len(manifest), 3)
    assert np.isnan(found[::3]).all()
    assert found[4].tolist() == [4, 1, 0]


def test_counts_and_copies_are_those_of_the_plain_way(facts: ImageFacts, manifest: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        facts.counts(),
        counts(manifest),
        check_names=False,
        check_index_type=False,
        check_column_type=False,
    )
    assert facts.classes == classes(manifest)
    assert facts.splits == splits(manifest)
    exact = find_exact(manifest)
    told = exact.summary()
    assert facts.copies.groups == told["groups"] > 0
    assert facts.copies.extra_copies == told["extra_copies"]
    by_group = exact.table.groupby("group")
    two = by_group["label"].nunique() > 1
    assert two.sum() == told["conflicting_labels"] > 0
    conflicting = set(exact.table.loc[exact.table["group"].isin(two.index[two]), "image_id"])
    assert set(facts.columns.ids(np.flatnonzero(facts.flag("copy_other_label")))) == conflicting
    across = by_group["split"].nunique() > 1
    leaked = set(exact.table.loc[exact.table["group"].isin(across.index[across]), "image_id"])
    found = facts.columns.ids(np.flatnonzero(facts.flag("copy_across_splits")))
    assert set(found) == leaked
    assert int(facts.flag("copy").sum()) == len(exact.table)


def test_flags_of_the_checks_are_those_of_run_checks(
    facts: ImageFacts, sample: Dataset, planted: SampleTruth
) -> None:
    scores = checks.run_checks(sample)
    for check in checks.CHECKS:
        flagged = set(scores.index[scores[f"is_{check.name}_issue"]])
        assert set(facts.columns.ids(np.flatnonzero(facts.flag(check.name)))) == flagged
    assert facts.unmeasured() == 0
    assert int(facts.flag("unreadable").sum()) == 5
    assert np.isnan(facts.measure("dark_score")[facts.flag("unreadable")]).all()
    assert np.isnan(facts.measure("brightness")[facts.flag("unreadable")]).all()


def test_a_selection_is_the_query_of_the_same_words(facts: ImageFacts, manifest: pd.DataFrame) -> None:
    chosen = Selection(
        text="FACE_1", any_of={"label": ("happy", "sad"), "split": ("train",)}, order="-brightness"
    ).with_range("brightness", 0.3, 0.6)
    expected = manifest.query(
        "error == '' and label in ('happy', 'sad') and split == 'train' and .3 <= brightness <= .6"
    )
    expected = expected[expected["path"].str.contains("face_1")].sort_values(
        "brightness", ascending=False, kind="stable"
    )
    assert len(expected) > 3
    assert facts.columns.ids(chosen.positions(facts)) == list(expected["image_id"])
    by_path = replace(chosen, order="path").positions(facts)
    assert facts.columns.ids(by_path) == list(expected.sort_values("path")["image_id"])


def test_alternatives_within_flags_and_all_columns_together(facts: ImageFacts) -> None:
    either = Selection(flags=("dark", "copy")).mask(facts)
    assert (either == ((facts.flag("dark") | facts.flag("copy")) & facts.readable)).all()
    assert Selection(flags=("unreadable",)).mask(facts).sum() == 5
    assert not Selection(any_of={"label": ("bored",)}).mask(facts).any()
    assert Selection().mask(facts).sum() == facts.readable.sum()


def test_a_shuffle_is_the_same_again_and_holds_all(facts: ImageFacts) -> None:
    first, again, other = (Selection(seed=s).positions(facts) for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert (np.sort(first) == np.sort(other)).all()


def test_what_came_with_decisions_is_filtered_too(facts: ImageFacts) -> None:
    codes = np.zeros(len(facts), np.int32)
    codes[[4, 9]] = 1
    more = facts.also(categories={"decision": (codes, ("undecided", "kept"))})
    assert Selection(any_of={"decision": ("kept",)}, order="path").mask(more).nonzero()[0].tolist() == [4, 9]


NAMES = some.text(min_size=1, max_size=12).filter(lambda t: t == t.strip())
SELECTIONS = some.builds(
    Selection,
    text=some.text(max_size=10),
    any_of=some.dictionaries(
        some.sampled_from(CATEGORIES), some.lists(NAMES, min_size=1, max_size=3).map(tuple), max_size=3
    ),
    flags=some.lists(some.sampled_from(["dark", "copy", "blurry"]), unique=True).map(tuple),
    ranges=some.dictionaries(
        some.sampled_from(RANGES),
        some.tuples(some.integers(-50, 50), some.integers(-50, 50)).map(lambda r: (r[0] / 4, r[1] / 4)),
        max_size=2,
    ),
    order=some.sampled_from(["shuffle", "path", "-sharpness", "dark_score"]),
    seed=some.integers(0, 10**6),
)


@settings(max_examples=40)
@given(SELECTIONS)
def test_every_selection_survives_its_address(chosen: Selection) -> None:
    assert Selection.from_query(chosen.to_query()) == chosen


@given(
    some.dictionaries(
        some.sampled_from(["q", "flag", "order", "seed", *CATEGORIES, *RANGES]), some.text(max_size=20)
    )
)
def test_no_address_breaks_it(query: dict[str, str]) -> None:
    Selection.from_query(query)


def test_votes_in_numbers() -> None:
    names = ("happy", "sad", "unknown", "NF")
    votes = np.array([[10, 0, 0, 0], [5, 5, 0, 0], [2, 1, 4, 3], [np.nan] * 4, [0, 0, 0, 10], [1, 7, 2, 0]])
    found = vote_stats(votes, names, np.array([0, 1, 0, 0, 1, -1]))
    np.testing.assert_allclose(found.agreement, [1, 0.5, 0.2, np.nan, 0, 0.7])
    told = [entropy(row, base=2) if np.isfinite(row).all() else np.nan for row in votes]
    np.testing.assert_allclose(found.entropy, told, atol=1e-12)
    assert found.majority.tolist() == [0, 0, 0, -1, -1, 1]
    np.testing.assert_allclose(found.label_share, [1, 0.5, 0.2, np.nan, 0, np.nan])
    assert found.unclear.tolist() == [False, False, True, False, True, False]
    table = label_against_majority(found, np.array([0, 1, 0, 0, 1, 1]), ("happy", "sad"))
    assert table.to_dict("index") == {"happy": {"happy": 2, "sad": 0}, "sad": {"happy": 1, "sad": 1}}


@given(some.lists(some.lists(some.integers(0, 10), min_size=4, max_size=4), min_size=1, max_size=8))
def test_votes_keep_within_their_bounds(rows: list[list[int]]) -> None:
    found = vote_stats(np.array(rows, float), ("happy", "sad", "anger", "NF"), np.zeros(len(rows), int))
    voted = found.total > 0
    assert (np.isnan(found.agreement) == ~voted).all()
    assert ((found.agreement[voted] >= 0) & (found.agreement[voted] <= 1)).all()
    assert ((found.entropy[voted] >= -1e-12) & (found.entropy[voted] <= 2 + 1e-12)).all()
