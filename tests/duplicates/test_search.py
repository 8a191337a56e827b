"""Looking for copies of the wanted kinds: planted ones are found, in a version and in another dataset."""

from __future__ import annotations

import pytest

from fer_core.base.errors import FerError
from fer_core.data.dataset import Dataset
from fer_core.data.sample.truth import SampleTruth
from fer_core.duplicates.exact import find_exact
from fer_core.duplicates.search import KINDS, search, search_across


def test_each_kind_has_its_groups_and_all_are_in_the_table(sample: Dataset, planted: SampleTruth) -> None:
    found = search(sample, sample.head)
    assert list(found.by_kind) == ["exact", "near", "mirrored"]
    exact = find_exact(sample.manifest()).table
    assert found.by_kind["exact"].equals(exact)
    assert set(exact["image_id"]) <= set(found.table["image_id"])
    for kind in ("near", "mirrored"):
        rows = found.by_kind[kind]
        assert all("".join(group["kind"]).count(kind) for _, group in rows.groupby("group"))
        assert found.summary()[kind]["groups"] == rows["group"].nunique() > 0
    assert search(sample, sample.head, "exact").table.equals(exact)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(FerError, match="upside"):
        search(None, "", ("exact", "upside"))  # type: ignore[arg-type]
    assert KINDS == ("exact", "near", "mirrored", "rotated")


def test_a_dataset_is_not_compared_with_itself(sample: Dataset) -> None:
    with pytest.raises(FerError, match="itself"):
        search_across(sample, sample.head, sample)
