"""One answer to "what leaks does this version have?": unknown is never zero, and numbers are those of the certificate."""

from __future__ import annotations

import html
import json
import shutil
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates.groups import confirmed_pairs
from fer_core.duplicates.reach import DISTANCE, MISSED_NOTE, recall
from fer_core.duplicates.scan_store import compared_pairs, scan_file
from fer_core.reports import certificate_page
from fer_core.review.journal import Journal
from fer_core.splits import certificate, crossing, leaks
from fer_core.splits.certificate import certify
from fer_core.splits.separate import rows_to_drop
from fer_core.splits.stratify import save_plan, stratify


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A small sample with planted copies, compared once for all."""
    found = make_sample(Workspace(tmp_path_factory.mktemp("made")), count=300)
    compared_pairs(found, found.head)
    return found


@pytest.fixture
def compared(made: Dataset, tmp_path: Path) -> Dataset:
    """A copy of it."""
    shutil.copytree(made.workspace.root, tmp_path, dirs_exist_ok=True)
    return open_dataset(Workspace(tmp_path), made.name)


@pytest.fixture
def sample(compared: Dataset) -> Dataset:
    """A copy that nobody compared yet."""
    forget(compared)
    return compared


def forget(dataset: Dataset) -> None:
    for kind in ("near", "mirrored"):
        scan_file(dataset, kind).unlink(missing_ok=True)


def test_until_compared_only_equal_pixels_are_known(sample: Dataset) -> None:
    found = leaks.leaks_of(sample)
    assert (found.by, found.reach, found.compared) == ("pixels", None, None)
    assert (found.near, found.mirrored, found.missing) == (None, None, ("near", "mirrored"))
    assert found.verdict == "leaks"  # the sample has equal pixels across splits
    assert "near and mirrored not compared yet" in found.sentence
    apart = save_plan(sample, stratify(sample.manifest()))
    found = leaks.leaks_of(sample, apart.id)
    assert (found.exact, found.verdict) == (0, "unknown")
    assert found.sentence.startswith("Across splits: 0 equal, near and mirrored not compared yet")
    assert found.record()["near"] is None
    assert not any(scan_file(sample, kind).exists() for kind in ("near", "mirrored"))  # nothing was compared


def test_it_says_what_the_certificate_says(compared: Dataset) -> None:
    paper = certify(compared)
    found = leaks.leaks_of(compared)
    assert (found.by, found.reach) == ("comparison", DISTANCE)
    assert found.total == paper.total
    assert paper.recall == found.record()["recall"] == recall(DISTANCE)
    assert found.table == paper.table
    stored = json.loads(certificate.certificate_path(compared, compared.head).read_text())
    assert stored["missed"] == MISSED_NOTE
    assert MISSED_NOTE in html.unescape(certificate_page.write(compared).read_text())
    assert certify(compared, distance=None).missed == ""
    paper = certify(compared)
    assert found.near
    assert found.mirrored
    assert found.compared
    assert found.compared[:4] == paper.created[:4]
    forget(compared)
    told = leaks.leaks_of(compared)
    assert (told.by, told.total, told.table, told.compared) == (
        "certificate",
        paper.total,
        paper.table,
        paper.created,
    )


def test_an_old_certificate_is_shown_as_what_it_is(compared: Dataset) -> None:
    groups = confirmed_pairs(compared_pairs(compared, compared.head), DISTANCE)
    assert len(groups)
    apart = save_plan(compared, stratify(compared.manifest(), groups="exact"))
    paper = certify(compared, apart.id, distance=4)
    forget(compared)
    file = certificate.certificate_path(compared, apart.id)
    old = json.loads(file.read_text()) | {"near": 0, "mirrored": 0, "exact": 0, "holds": True}
    del old["sources"], old["recall"], old["framed"]  # as it was written before
    file.write_text(json.dumps(old))
    read = certificate.load(compared, apart.id)
    assert read is not None
    assert (read.distance, read.sources, read.created) == (4, {}, paper.created)
    found = leaks.leaks_of(compared, apart.id)
    assert (found.by, found.reach) == ("certificate", 4)
    if DISTANCE > 4:
        assert not read.current
        assert found.verdict == "narrow"
        assert (
            f"up to 4 bits (finds 32.8% of known copies), {paper.created[:10]}; usual are {DISTANCE}"
            in found.sentence
        )
        certify(compared, apart.id)
        assert leaks.leaks_of(compared, apart.id).reach == DISTANCE


def test_a_wider_comparison_is_not_hidden_by_a_narrow_certificate(sample: Dataset) -> None:
    certify(sample, distance=4)
    compared_pairs(sample, sample.head, DISTANCE)
    found = leaks.leaks_of(sample)
    assert (found.by, found.reach) == ("comparison", DISTANCE)


def test_stamp_changes_with_what_is_known(sample: Dataset) -> None:
    stamps = [leaks.stamp(sample, sample.head)]
    compared_pairs(sample, sample.head, DISTANCE)
    stamps.append(leaks.stamp(sample, sample.head))
    certify(sample)
    stamps.append(leaks.stamp(sample, sample.head))
    assert len(set(stamps)) == 3


def test_the_images_behind_the_numbers(compared: Dataset) -> None:
    certify(compared)
    found = leaks.leaks_of(compared)
    train = found.images[(found.images["split"] == "train") & (found.images["other"] == "val")]
    assert found.table["train|val"].copies >= train["image_id"].nunique() > 0
    assert found.leaked("val") == found.images.loc[found.images["split"] == "val", "image_id"].nunique()
    sentences = found.words
    assert any(f"{found.in_train['val']:,} of {found.sizes['val']:,} val pictures" in s for s in sentences)
    assert (found.images["split"] != found.images["other"]).all()


def test_pictures_also_in_train_counted_one_by_one(sample: Dataset) -> None:
    found, manifest = leaks.leaks_of(sample), sample.manifest()
    train = set(manifest.loc[(manifest["split"] == "train") & (manifest["error"] == ""), "pixel_hash"])
    for split in ("val", "test"):
        own = manifest[(manifest["split"] == split) & (manifest["error"] == "")]
        assert found.in_train[split] == int(own["pixel_hash"].isin(train).sum())
        assert found.sizes[split] == len(own)
    assert sum(found.in_train.values()) > 0


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["train", "val", "test"])), min_size=1, max_size=25
    ),
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda p: p[0] < p[1]), max_size=8),
)
def test_counts_equal_brute_force(rows: list[tuple[int, str]], near: set[tuple[int, int]]) -> None:
    table = pd.DataFrame(
        {
            "image_id": [str(i) for i in range(len(rows))],
            "pixel_hash": [f"p{n}" for n, _ in rows],
            "split": [split for _, split in rows],
        }
    )
    here = {n for n, _ in rows}
    linked = [(a, b) for a, b in near if a in here and b in here]
    pairs = pd.DataFrame(
        {"first": [f"p{a}" for a, _ in linked], "second": [f"p{b}" for _, b in linked], "kind": "near"},
        columns=["first", "second", "kind"],
    ).astype("str")
    parts = [crossing.equal(table), pairs]
    found = pd.concat([crossing.crossing_pairs(part, table) for part in parts])
    whole, _ = crossing.count_pairs(found, crossing.sizes_of(table), ("exact", "near"))
    couples = [(a, b) for a, b in combinations(rows, 2) if a[1] != b[1]]
    assert whole.checked == len(couples)
    assert whole.exact == sum(a[0] == b[0] for a, b in couples)
    assert whole.near == sum((min(a[0], b[0]), max(a[0], b[0])) in near for a, b in couples)
    assert whole.mirrored is None
    images = pd.concat([crossing.leaked_images(part, table) for part in parts])
    expected = {
        (str(i), b[1], "exact" if a[0] == b[0] else "near")
        for i, a in enumerate(rows)
        for b in rows
        if a[1] != b[1] and (a[0] == b[0] or (min(a[0], b[0]), max(a[0], b[0])) in near)
    }
    assert set(zip(images["image_id"], images["other"], images["kind"], strict=True)) == expected
    assert not images.duplicated(["image_id", "other", "kind"]).any()


def test_what_a_reviewer_rejected_is_no_leak(compared: Dataset) -> None:
    before = certify(compared)
    assert before.near
    assert before.rejected == 0
    pair = next(found for found in before.examples if found["kind"] == "near")
    hashes = compared.manifest().set_index("image_id")["pixel_hash"]
    table = compared.manifest()
    first, second = hashes[pair["first_id"]], hashes[pair["second_id"]]
    # By definition: images of the one picture times images of the other, in different splits.
    one, other = (table[table["pixel_hash"] == each]["split"] for each in (first, second))
    images = sum(a != b for a in one for b in other)
    stamp = leaks.stamp(compared, compared.head)
    journal = Journal(compared.journal_path)
    journal.add("delete", image_id=str(compared.manifest()["image_id"].iloc[0]))
    assert leaks.stamp(compared, compared.head) == stamp  # a face decided on says nothing of copies
    journal.add("not_duplicate", pixel_hash=first, other=second)
    assert leaks.stamp(compared, compared.head) != stamp
    found, after = leaks.leaks_of(compared), certify(compared)
    assert found.rejected == after.rejected == images
    assert found.near == after.near == before.near - images
    words = f"{images} pair{'s' * (images != 1)} rejected by a reviewer left out"
    assert words in found.sentence
    assert words in after.scope
    assert not any({first, second} == {hashes[e["first_id"]], hashes[e["second_id"]]} for e in after.examples)
    drop = rows_to_drop(compared, compared.head)
    Journal(compared.journal_path).undo()
    assert leaks.leaks_of(compared).near == before.near
    assert rows_to_drop(compared, compared.head).sum() >= drop.sum()
