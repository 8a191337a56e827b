"""Subjects from file names: what a pattern keeps together, shown before it is used."""

from __future__ import annotations

import pandas as pd
import pytest
from split_tables import make

from fer_core.base.errors import FerError
from fer_core.splits.stratify import stratify
from fer_core.splits.subjects import from_pattern, preview, suggestions


def people(count: int = 30, each: int = 10) -> pd.DataFrame:
    table = make(["happy", "sad"] * (count * each // 2))
    names = [f"person{i // each:02}_{i % each:04}.jpg" for i in range(len(table))]
    return table.assign(path=[f"{label}/{name}" for label, name in zip(table["label"], names, strict=True)])


def test_a_pattern_keeps_people_on_one_side() -> None:
    table = people()
    ids = from_pattern(table, r"(person\d+)_")
    plan = stratify(table, groups=ids)
    assert plan.grouped_by == r"exact, subjects by (person\d+)_"
    assert plan.groups == 30
    who = table["path"].str.extract(r"(person\d+)_")[0]
    assert (plan.manifest["split"].groupby(who).nunique() == 1).all()


def test_the_preview_says_what_a_pattern_finds() -> None:
    table = people()
    table.loc[0, "path"] = "happy/nobody.jpg"
    table["split"] = ["train", "val"] * (len(table) // 2)
    found = preview(table, r"person\d+")
    assert (found.images, found.matched, found.subjects, found.alone) == (300, 299, 30, 0)
    assert found.largest == (10, "person01")
    assert found.across == 30
    assert found.found[0] == ("sad/person00_0001.jpg", "person00")
    assert found.missed == ["happy/nobody.jpg"]
    assert found.warnings == ["1 files do not match and stand alone."]
    assert "keeps nothing together" in preview(table, r"(person\d+_\d+)").warnings[0]
    assert any("All files it matches are one subject" in w for w in preview(table, "(per)").warnings)
    much = table.assign(path=["a_1.png"] * 200 + [f"b{i}_1.png" for i in range(100)])
    assert any("a holds 67% of all images" in w for w in preview(much, r"(\w+)_").warnings)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"S(\d+)_", "matches no file"),
        (r"(", "not a regular expression"),
        (r"(\w+)_\1", "not a regular expression"),
        ("", "1 to 200 characters"),
        ("x" * 201, "1 to 200 characters"),
        (r"person\d+(x?)", "matches no file"),
    ],
)
def test_patterns_that_cannot_be_used_are_explained(pattern: str, words: str) -> None:
    with pytest.raises(FerError, match=words):
        from_pattern(people(), pattern)


def test_two_sources_never_share_a_subject() -> None:
    table = people(4, 10)
    table["source"] = ["main", "other"] * 20
    ids = from_pattern(table, r"(person\d+)_")
    assert ids.nunique() == 8


def test_usual_names_are_recognised_and_plain_numbers_are_not() -> None:
    pattern, words = suggestions(people())[0]
    assert "before the last number" in words
    assert preview(people(), pattern).subjects == 30
    plain = make(["happy", "sad"] * 50)
    assert suggestions(plain) == []
    cohn = people().assign(path=[f"S{i // 10:03}_00{i % 3}_{i:08}.png" for i in range(300)])
    assert any(p == r"(?:^|/)([A-Za-z]\d{2,4})[_-]" for p, _ in suggestions(cohn))
