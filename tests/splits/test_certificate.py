"""The certificate: finds every planted leak, and holds once they are kept on one side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_core.base.checksums import record_checksum
from fer_core.base.errors import ManifestError, SplitError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version
from fer_core.duplicates.near import near_groups, near_pairs
from fer_core.splits.certificate import certify, load
from fer_core.splits.stratify import save_plan, stratify


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A small sample with planted copies, shared by the tests, which only add versions."""
    return make_sample(Workspace(tmp_path_factory.mktemp("workspace")), count=400)


def brute_force(manifest: pd.DataFrame) -> int:
    """Cross-split pairs with equal pixels, one by one."""
    rows = list(zip(manifest["pixel_hash"], manifest["split"], manifest["error"], strict=True))
    return sum(
        a[0] == b[0] and a[1] != b[1] and not a[2] and not b[2]
        for i, a in enumerate(rows)
        for b in rows[i + 1 :]
    )


def test_the_sample_as_imported_does_not_hold(sample: Dataset) -> None:
    result = certify(sample, "v1", mirrored=True)
    manifest = sample.manifest("v1")
    assert result.exact == brute_force(manifest) > 0
    assert result.near > 0
    assert result.mirrored > 0
    assert result.holds is False
    sizes = result.splits
    assert result.pairs_checked == (sum(sizes.values()) ** 2 - sum(n * n for n in sizes.values())) // 2
    known = dict(zip(manifest["path"], manifest["split"], strict=True))
    assert result.examples
    for example in result.examples:
        assert known[example["first"]] != known[example["second"]]
    assert load(sample, "v1") == result


def test_stratified_with_copies_together_it_holds(sample: Dataset) -> None:
    manifest = sample.manifest("v1")
    plain = save_plan(sample, stratify(manifest))
    exact = certify(sample, plain.id, distance=None)
    assert (exact.exact, exact.near, exact.holds) == (0, None, True)
    groups = near_groups(manifest, sample.pixels(), distance=4, mirrored=True)
    plan = stratify(manifest, groups=groups)
    together = save_plan(sample, plan)
    assert together.operation == "stratify"
    assert together.parent == sample.version("v1").id
    assert together.parameters["groups"] == "exact, near copies within 4 bits and mirrored"
    result = certify(sample, together.id, distance=4, mirrored=True)
    assert (result.exact, result.near, result.mirrored, result.holds) == (0, 0, 0, True)
    assert plan.after["worst"].max() < 2
    assert load(sample, plain.id) == exact
    stored = json.loads((sample.folder / "versions" / together.id / "certificate.json").read_text())
    assert stored == result.record()


def test_near_groups_join_all_near_pairs(sample: Dataset) -> None:
    manifest = sample.manifest("v1")
    pairs = near_pairs(manifest, sample.pixels())
    assert set(pairs["kind"]) == {"near"}
    groups = near_groups(manifest, sample.pixels())
    of = dict(zip(manifest["pixel_hash"], manifest["image_id"].map(groups), strict=True))
    assert all(of[a] == of[b] for a, b in zip(pairs["first"], pairs["second"], strict=True))
    assert groups.index.is_unique


def test_no_certificate_no_answer(sample: Dataset) -> None:
    version = save_plan(sample, stratify(sample.manifest("v1"), seed=77))
    assert load(sample, version.id) is None
    path = sample.folder / "versions" / version.id / "certificate.json"
    path.write_text('{"schema": 2, "vers')
    assert load(sample, version.id) is None
    path.write_text(json.dumps({"schema": 2, "version": "another", "holds": True}))
    assert load(sample, version.id) is None


def test_a_changed_table_is_noticed(sample: Dataset) -> None:
    version = save_plan(sample, stratify(sample.manifest("v1"), seed=78))
    path = sample.folder / "versions" / version.id / "manifest.parquet"
    table = pd.read_parquet(path)
    table.loc[0, "split"] = "test" if table.loc[0, "split"] != "test" else "train"
    table.to_parquet(path, index=False)
    with pytest.raises(ManifestError, match="does not hold what was written"):
        certify(sample, version.id)
    record_checksum(path)  # whoever changes the table could do that too
    with pytest.raises(ManifestError, match="not what its id says"):
        certify(sample, version.id)
    assert load(sample, version.id) is None


def test_one_split_and_no_split_hold_trivially(sample: Dataset) -> None:
    manifest = sample.manifest("v1")
    for name in ("train", "unassigned"):
        version = save_version(
            sample, manifest.assign(split=name), parent="v1", operation="test", parameters={}
        )
        result = certify(sample, version.id)
        assert (result.pairs_checked, result.holds, result.examples) == (0, True, [])


def test_a_plan_of_another_dataset_is_refused(sample: Dataset, tmp_path: Path) -> None:
    other = make_sample(Workspace(tmp_path), count=120, seed=3)
    with pytest.raises(SplitError, match="another dataset or version"):
        save_plan(other, stratify(sample.manifest("v1")))
    assert len(other.versions()) == 1
    assert np.all(other.manifest()["split"] != "")
