"""Measures of every picture of a dataset, computed once and kept by pixel hash."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fer_core.base.atomic import skip_if_unwritable
from fer_core.base.checksums import checked_file
from fer_core.base.errors import FerError
from fer_core.checks.face import even_without_face
from fer_core.checks.measure import MEASURES, measure_grays, measure_one
from fer_core.data.dataset import Dataset
from fer_core.data.images import decode
from fer_core.data.pixels import SIZE
from fer_core.data.sources import SourceFiles
from fer_core.jobs.reporter import ProgressFn

COLUMNS = (*MEASURES, "even_without_face")
"""What is kept of every picture; the last of its 48x48 gray pixels, the others of the file."""
_THREADS = min(8, os.cpu_count() or 1)
_STEP = 4096


def store_path(dataset: Dataset) -> Path:
    """Where the measures are kept."""
    return dataset.quality_dir / "checks.parquet"


def measure_images(dataset: Dataset, rows: pd.DataFrame, progress: ProgressFn | None = None) -> pd.DataFrame:
    """The measures of readable rows, in their order; what is not known yet is measured and kept.

    Pictures that are 48x48 and gray come from the pixel store; others are decoded from their files.

    Returns:
        `COLUMNS`, float64; NaN where the file is gone.
    """
    known = _load(store_path(dataset))
    fresh = rows[~rows["pixel_hash"].isin(known.index)].drop_duplicates("pixel_hash")
    if len(fresh):
        found = _measure(dataset, fresh, progress)
        known = pd.concat([known, found[found["entropy"].notna()]])
        buffer = io.BytesIO()
        known.to_parquet(buffer)
        with skip_if_unwritable(), checked_file(store_path(dataset)) as temporary:
            temporary.write_bytes(buffer.getvalue())
    return known.reindex(rows["pixel_hash"]).reset_index(drop=True)


def changed_at(dataset: Dataset) -> float:
    """Changes when pictures were measured; 0 while none are."""
    path = store_path(dataset)
    return path.stat().st_mtime if path.is_file() else 0.0


def count_unmeasured(dataset: Dataset, hashes: pa.Array) -> int:
    """How many of these pictures, by pixel hash, would have to be measured."""
    known = pa.array(_load(store_path(dataset)).index, hashes.type)
    missing = hashes.filter(pc.invert(pc.is_in(hashes, value_set=known)))
    return int(pc.count_distinct(missing).as_py())


def _load(path: Path) -> pd.DataFrame:
    empty = pd.DataFrame(
        columns=list(COLUMNS), index=pd.Index([], name="pixel_hash", dtype="str"), dtype="float64"
    )
    try:
        found = pd.read_parquet(path)
    except (OSError, ValueError):
        return empty
    return found if list(found.columns) == list(COLUMNS) else empty


def _measure(dataset: Dataset, rows: pd.DataFrame, progress: ProgressFn | None) -> pd.DataFrame:
    result = np.full((len(rows), len(MEASURES)), np.nan)
    small = ((rows["mode"] == "gray") & (rows["width"] == SIZE) & (rows["height"] == SIZE)).to_numpy()
    positions = np.flatnonzero(small)
    numbers = rows["row"].to_numpy()
    pixels = dataset.pixels()
    for start in range(0, len(positions), _STEP):
        part = positions[start : start + _STEP]
        result[part] = measure_grays(np.asarray(pixels[numbers[part]]))
        if progress:
            progress(start + len(part), len(rows), "pictures checked")
    faceless = [
        even_without_face(np.asarray(pixels[numbers[start : start + _STEP]]))
        for start in range(0, len(rows), _STEP)
    ]
    others = np.flatnonzero(~small)
    if len(others):
        files = [(str(s), str(p)) for s, p in zip(rows["source"], rows["path"], strict=True)]
        with dataset.files() as source, ThreadPoolExecutor(_THREADS) as pool:
            measured = pool.map(lambda position: _from_file(source, *files[position]), others)
            for done, (position, values) in enumerate(zip(others, measured, strict=True), 1):
                result[position] = values
                if progress and done % 64 == 0:
                    progress(len(positions) + done, len(rows), "pictures checked")
    found = np.column_stack([result, np.concatenate(faceless)])
    return pd.DataFrame(found, columns=list(COLUMNS), index=pd.Index(rows["pixel_hash"], name="pixel_hash"))


def _from_file(files: SourceFiles, source: str, path: str) -> NDArray[np.float64]:
    try:
        return measure_one(decode(files.read(source, path), path).pixels)
    except FerError:
        return np.full(len(MEASURES), np.nan)
