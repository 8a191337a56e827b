"""Slices on Compare: the weak part with its faces, the gaps between groups, and nothing while there is nothing to tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_runs import answer, tell_epochs, trained
from opened_pages import COMPARE, html_of, opened

from fer_core.base.workspace import Workspace
from fer_core.data.manifest import readable
from fer_core.data.sample.make import make_sample
from fer_core.data.save_version import save_version
from fer_core.evaluation import ledger
from fer_core.evaluation.report import evaluate_run


def test_the_weak_part_its_faces_and_the_gap_of_groups_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_HOME", str(tmp_path))
    dataset = make_sample(Workspace(tmp_path), count=900)
    manifest = dataset.manifest().iloc[1:].copy()
    manifest["group"] = np.where(np.arange(len(manifest)) % 3 == 0, "old", "young")
    made = save_version(dataset, manifest, parent="v1", operation="review")
    run = trained(dataset, 1.0, ["test"], version_number=made.number)
    val = readable(manifest).query("split == 'val'")
    old = val["group"] == "old"
    answer(run, "val", val, val["label"].where(~old, "happy").tolist())
    tell_epochs(run, [0.7])
    evaluate_run(run)
    app = opened(COMPARE, look="Slices")
    text = html_of(app)
    wrong, judged = (old & (val["label"] != "happy")).sum(), old.sum()
    assert "<b>group old</b>" in text
    assert f"{wrong:,} of {judged:,}, the surest first" in text
    assert f"old {1 - wrong / judged:.3f} (n {judged}) against young 1.000" in text
    assert app.selectbox(key=f"cmp-slice-{run.id}-{made.id}").value == "group old"

    hidden = opened(COMPARE, look="Slices", cmp_split="test")  # nothing is computed from it, nothing is shown
    assert "group old" not in html_of(hidden)
    assert ledger.reads(dataset.workspace) == []

    answer(run, "val", val.head(20), val["label"].head(20).tolist())
    few = html_of(opened(COMPARE, look="Slices"))
    assert "too few images" in few
    assert "No part of these images is large enough" in few
