"""Is anything of one dataset in another?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from test_scan import manifest_of, pictures

from fer_core.duplicates import scan
from fer_core.duplicates.across_datasets import COLUMNS, shared_images
from fer_core.duplicates.scan_store import pictures_of


def test_equal_brighter_and_mirrored_pictures_are_found_in_another_dataset() -> None:
    other = pictures(20)
    mine = np.stack(
        [other[3], (other[5] * 0.8 + 20).astype(np.uint8), other[7][:, ::-1], *pictures(5, seed=9)]
    )
    here, there = manifest_of(mine), manifest_of(other)
    found = shared_images(here, mine, there, other, kinds=("near", "mirrored"))
    assert list(found.columns) == list(COLUMNS)
    rows = dict(zip(found["path"], zip(found["kind"], found["other_path"], strict=True), strict=True))
    assert rows == {
        "0000.png": ("exact", "0003.png"),
        "0001.png": ("near", "0005.png"),
        "0002.png": ("mirrored", "0007.png"),
    }
    known = {kind: scan.extend_scan(None, pictures_of(there, other), kind) for kind in ("near", "mirrored")}
    again = shared_images(here, mine, there, other, kinds=("near", "mirrored"), known=known)
    pd.testing.assert_frame_equal(found, again, check_exact=False, atol=1e-5)
    assert shared_images(here.iloc[:0], mine, there, other).empty
