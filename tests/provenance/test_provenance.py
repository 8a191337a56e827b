"""Where a dataset comes from: published counts, fingerprints of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.provenance.fingerprints import (
    FALSE_SHARE,
    FILE,
    BloomFilter,
    fingerprint_of,
    pack,
    shipped,
    unpack,
)
from fer_core.provenance.known_sets import KNOWN, find_known_set, images_per_class
from fer_core.provenance.provenance import count_fingerprint, provenance_of
from fer_core.splits import leaks


def faked(counts: dict[str, dict[str, int]], seed: int = 0) -> pd.DataFrame:
    """A manifest of made-up pictures with these counts."""
    rows = [(split, label) for split, row in counts.items() for label, n in row.items() for _ in range(n)]
    chance = np.random.default_rng(seed)
    hashes = chance.integers(0, 2**63, (len(rows), 2), dtype=np.uint64)
    return pd.DataFrame(
        {
            "split": [split for split, _ in rows],
            "label": [label for _, label in rows],
            "pixel_hash": [f"{a:016x}{b:016x}" for a, b in hashes],
            "phash": chance.integers(0, 2**63, len(rows), dtype=np.uint64),
            "error": "",
        }
    )


@pytest.mark.parametrize("one", KNOWN, ids=lambda one: one.key)
def test_published_counts_add_up(one: object) -> None:
    found = find_known_set(one.key)  # type: ignore[attr-defined]
    assert sum(found.by_split().values()) == found.images
    assert found.source
    if found.part_of:
        assert found.images <= find_known_set(found.part_of).images


def test_the_totals_the_papers_name() -> None:
    assert images_per_class(find_known_set("fer2013").counts) == {
        "anger": 4953, "disgust": 547, "fear": 5121, "happy": 8989, "sad": 6077, "surprise": 4002, "neutral": 6198,
    }  # fmt: skip
    assert find_known_set("rafdb").by_split() == {"train": 12_271, "test": 3_068}
    assert find_known_set("affectnet8").by_split() == {"train": 287_651, "val": 4_000}


def test_equal_counts_are_called_by_name() -> None:
    found = provenance_of(faked(find_known_set("rafdb").counts))
    assert [m.key for m in found.matches] == ["rafdb"]
    assert found.matches[0].counts == "split and class"
    assert "exactly those of RAF-DB" in found.headline
    mixed = faked(find_known_set("rafdb").counts).assign(split="train")
    assert provenance_of(mixed).matches[0].counts == "class"
    assert provenance_of(mixed[1:]).matches == []  # a single image less, and nothing is said


def test_counts_of_fer2013_with_other_pictures_are_not_called_a_copy() -> None:
    small = {"fer2013": fingerprint_of(faked({"train": {"happy": 50}}, seed=9))}
    found = provenance_of(faked(find_known_set("fer2013").counts), small)
    assert found.matches[0].key == "fer2013"
    assert "its pictures are others" in found.matches[0].words


def test_pictures_are_recognised_whatever_their_counts(tmp_path: Path) -> None:
    sample = make_sample(Workspace(tmp_path), count=150).manifest()
    prints = {"fer2013": fingerprint_of(sample)}
    half = sample[(sample["error"] == "")].head(100)
    found = provenance_of(half, prints)
    assert found.matches[0].pixels == pytest.approx(1, abs=0.01)
    assert "A part of FER2013: all 100 pictures are its own, pixel for pixel" in found.headline
    strangers = faked({"train": {"happy": 300}})
    both = pd.concat([half, strangers], ignore_index=True)
    assert provenance_of(both, prints).matches[0].pixels == pytest.approx(0.25, abs=0.02)
    again = half.assign(
        pixel_hash=strangers["pixel_hash"].head(100).to_numpy()
    )  # the same looks in other bytes
    assert "encoded again" in provenance_of(again, prints).headline
    assert provenance_of(strangers, prints).matches == []
    assert provenance_of(sample).matches == []  # the sample is no public set


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=400), st.integers(0, 2**32))
def test_a_filter_knows_all_its_own_and_few_others(keys: list[int], seed: int) -> None:
    own = np.array(keys, np.uint64)
    found = BloomFilter.of(own)
    assert found.holds(own).all()
    assert found.keys == len(set(keys))
    others = np.setdiff1d(np.random.default_rng(seed).integers(0, 2**63, 3000, dtype=np.uint64), own)
    assert found.holds(others).mean() < 0.05


def test_as_many_strangers_are_taken_in_as_is_said() -> None:
    chance = np.random.default_rng(3)
    found = BloomFilter.of(chance.integers(0, 2**63, 20_000, dtype=np.uint64))
    strangers = chance.integers(0, 2**63, 200_000, dtype=np.uint64)
    assert found.holds(strangers).mean() == pytest.approx(FALSE_SHARE, rel=0.25)


def test_what_ships_is_small_and_whole() -> None:
    assert FILE.stat().st_size < 200_000
    assert {key: p.images for key, p in shipped().items()} == {"capstone4": 18_414, "fer2013": 28_711}
    prints = {"x": fingerprint_of(faked({"train": {"happy": 40}}))}
    back = unpack(pack(prints))["x"]
    assert (back.images, back.pixels.keys) == (40, 40)
    assert np.array_equal(back.looks.bits, prints["x"].looks.bits)


def test_a_fingerprint_of_counts_does_not_care_for_order_and_zeros() -> None:
    one = count_fingerprint({"train": {"happy": 2, "sad": 1}, "val": {"sad": 0}})
    assert one == count_fingerprint({"train": {"sad": 1, "happy": 2, "fear": 0}})
    assert one != count_fingerprint({"train": {"sad": 2, "happy": 1}})


@pytest.mark.real
@pytest.mark.parametrize(("key", "leak"), [("capstone4", (12, 128)), ("fer2013", (245, 2871))])
def test_the_real_sets(key: str, leak: tuple[int, int], request: pytest.FixtureRequest) -> None:
    dataset = request.getfixturevalue("capstone" if key == "capstone4" else key)
    found = provenance_of(dataset.manifest())
    assert found.matches[0].key == key
    assert found.matches[0].pixels == 1
    across = leaks.leaks_of(dataset)
    assert (across.in_train["test"], across.sizes["test"]) == leak
    if key == "capstone4":  # every picture is FER2013's, encoded again
        assert found.matches[1].looks == pytest.approx(0.915, abs=0.01)
