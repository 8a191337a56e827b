"""What was before and is now: told of a saved version from the version and its parent alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from fer_core.base.workspace import Workspace
from fer_core.data.sample.make import make_sample
from fer_core.splits.change import change_of
from fer_core.splits.plan import save_plan
from fer_core.splits.stratify import stratify


def test_a_saved_plan_keeps_its_comparison(tmp_path: Path) -> None:
    dataset = make_sample(Workspace(tmp_path), count=200)
    manifest = dataset.manifest()
    assert change_of(dataset, dataset.head) is None  # nothing was before the import
    plan = stratify(manifest, (60, 20, 20), seed=3)
    saved = save_plan(dataset, plan)
    found = change_of(dataset, saved.id)
    assert found is not None
    after = plan.counts_after.drop(index="unassigned", errors="ignore")
    pd.testing.assert_frame_equal(found.before, plan.counts_before, check_names=False, check_like=True)
    pd.testing.assert_frame_equal(found.after, after, check_names=False, check_like=True)
    assert (found.moved, found.added, found.removed) == (plan.moved, 0, len(plan.aside))
    assert found.drift_before is not None
    assert found.drift_after is not None
    assert found.drift_after < found.drift_before
    assert f"{plan.moved:,} images moved" in found.words
    assert found.moved == pytest.approx(
        (manifest["split"] != dataset.manifest(saved.id)["split"]).sum(), abs=0
    )
