"""Two datasets are compared with each other once: what either knows is used, what is stopped is gone on with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from compared import same_scan
from PIL import Image

from fer_core.base.workspace import Workspace
from fer_core.data.datasets import import_dataset
from fer_core.data.sample.make import make_sample
from fer_core.duplicates import all_pairs, scan
from fer_core.duplicates.kept_across import compared_across, stored_across
from fer_core.duplicates.scan_store import compare, compared_pairs, pair_table, stored_pairs
from fer_core.splits.merge.propose import propose
from fer_core.splits.stratify import save_plan, stratify


class Ended(Exception):
    """What ends a comparison in the middle."""


def test_what_was_compared_of_two_sets_is_kept_whatever_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = make_sample(Workspace(tmp_path), "mine", count=200)
    fresh = make_sample(Workspace(tmp_path / "fresh"), seed=99, count=120)
    brighter = [(np.asarray(face) * 0.9 + 12).astype(np.uint8) for face in mine.pixels()[:60]]
    for number, face in enumerate([*brighter, *fresh.pixels()]):
        target = tmp_path / "faces" / ("surprise" if number % 2 else "sad") / f"{number:03}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(target)
    other = import_dataset(Workspace(tmp_path), tmp_path / "faces", "other")
    split = save_plan(mine, stratify(mine.manifest()))
    theirs = other.manifest().assign(row=lambda table: table["row"] + len(mine.pixels()))
    both = pd.concat([mine.manifest(), theirs], ignore_index=True)
    shown = np.concatenate([mine.pixels(), other.pixels()])
    truth = compare(both, shown, kinds=("near", "mirrored"))

    compared_pairs(mine, split.id)
    monkeypatch.setattr(scan, "_KEEP_EVERY", 0.0)
    monkeypatch.setattr(all_pairs, "_COLUMNS", 32)

    def stop(done: int, total: int, what: str) -> None:
        if (
            what.endswith("near") and 0 < done < total and total < len(shown) ** 2 / 3
        ):  # of the two, not of one
            raise Ended

    with pytest.raises(Ended):
        compared_across(mine, split.id, other, other.head, progress=stop)
    assert stored_across(mine, split.id, other, other.head) is None
    found = compared_across(mine, split.id, other, other.head)
    pairs = pair_table(found)
    assert len(pairs) > 50
    pd.testing.assert_frame_equal(
        pairs.sort_values(list(pairs)[:3], ignore_index=True),
        truth.sort_values(list(truth)[:3], ignore_index=True),
        check_exact=False,
        atol=1e-5,
    )

    # From here nothing is compared: not for another version, and not for what is added from there.
    monkeypatch.setattr(scan, "correlated_pairs", lambda *_: pytest.fail("compared again"))
    for kind, again in (stored_across(mine, "v1", other, other.head) or {}).items():
        same_scan(again, found[kind])
    proposal = propose(mine, other, version=split.id, fill={"surprise": 9})
    version = proposal.save(mine)
    assert stored_pairs(mine, version.id) is None
    added = compared_pairs(mine, version.id)
    names = set(mine.manifest(version.id)["pixel_hash"])
    assert len(added) == (truth["first"].isin(names) & truth["second"].isin(names)).sum()
