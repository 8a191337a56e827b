"""The four-class set as people have it: leaks counted, then repaired."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.duplicates.near import stored_near_groups
from fer_core.splits.certificate import certify
from fer_core.splits.stratify import save_plan, stratify
from fer_core.splits.tables import group_violations

pytestmark = pytest.mark.real


def test_capstone4_is_split_without_leaks_in_the_wanted_ratios(capstone: Dataset) -> None:
    manifest = capstone.manifest()
    assert group_violations(manifest) == 262
    plan = stratify(manifest)
    assert (plan.groups, plan.group_violations) == (732, 0)
    assert any(line.startswith("7 groups of equal pictures") for line in plan.warnings)
    assert plan.after["worst"].max() < 0.1


def check_certificates(compared: Dataset, home: Path) -> None:
    """Equal pictures together leave near copies apart; near copies together hold."""
    shutil.copytree(compared.folder, Workspace(home).data / compared.name)
    dataset = open_dataset(Workspace(home), compared.name)
    manifest = dataset.manifest()
    exact = certify(dataset, save_plan(dataset, stratify(manifest)).id)
    assert exact.exact == 0
    assert exact.near > 0
    together = save_plan(dataset, stratify(manifest, groups=stored_near_groups(dataset, dataset.head)))
    assert certify(dataset, together.id).holds


def test_the_splits_of_its_surprised_faces_are_certified(compared_surprise: Dataset, tmp_path: Path) -> None:
    check_certificates(compared_surprise, tmp_path)


@pytest.mark.exhaustive
def test_its_splits_are_certified(compared_capstone: Dataset, tmp_path: Path) -> None:
    check_certificates(compared_capstone, tmp_path)
