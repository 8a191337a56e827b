"""What a network answered for each image: the one reader and writer of `predictions-<split>.parquet`.

Such files lie in the folder of a run, in `on-<version>/` below it for another version, and in that of folds, where the
split is the number of the fold: image_id, label (not of folds), p_<class> (float32).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fer_core.base.checksums import checked_file, file_state, recorded_files
from fer_core.base.errors import NotFound

_START = "predictions-"


def predictions_path(folder: Path, split: str) -> Path:
    """Where the predictions of a split are, or will be."""
    return folder / f"{_START}{split}.parquet"


def stored_splits(folder: Path) -> list[str]:
    """The splits there are predictions for, sorted."""
    return sorted(path.stem.removeprefix(_START) for path in folder.glob(f"{_START}*.parquet"))


def known_splits(folder: Path) -> list[str]:
    """The splits there are predictions for, or were when they were written, sorted."""
    names = {name for name in recorded_files(folder) if name.startswith(_START)}
    return sorted({*stored_splits(folder), *(Path(name).stem.removeprefix(_START) for name in names)})


def read(folder: Path, split: str) -> pd.DataFrame:
    """The table of a split.

    Raises:
        NotFound: there is none.
        OSError, ValueError: the file is damaged.
    """
    path = predictions_path(folder, split)
    if not path.is_file():
        have = ", ".join(stored_splits(folder)) or "none yet"
        raise NotFound(
            f"Run {folder.name} has no predictions for this split", received=split, hint=f"It has: {have}"
        )
    if file_state(path) == "damaged":
        raise ValueError(f"{path} does not hold what was written; `fer doctor` tells what else is damaged")
    return pd.read_parquet(path)


def write(folder: Path, split: str, table: pd.DataFrame) -> None:
    """Keep the table of a split, whole or not at all."""
    with checked_file(predictions_path(folder, split)) as temporary:
        table.to_parquet(temporary, index=False)


def read_all(folder: Path) -> pd.DataFrame:
    """The answers of a run for all images it was evaluated on.

    Returns:
        Index image_id; said (class), p (its probability, float32) and p_<class> of every class. Empty while the run
        has no predictions. A damaged file counts as none.
    """
    parts = []
    for split in stored_splits(folder):
        try:
            parts.append(read(folder, split))
        except (NotFound, OSError, ValueError):
            continue
    names = [c for c in (parts[0].columns if parts else ()) if str(c).startswith("p_")]
    if not names:
        return pd.DataFrame(
            {"said": pd.Series(dtype="str"), "p": pd.Series(dtype="float32")},
            index=pd.Index([], dtype="str", name="image_id"),
        )
    table = pd.concat(parts, ignore_index=True).drop_duplicates("image_id").set_index("image_id")
    p = table[names].to_numpy(np.float32)
    said = np.array([str(n).removeprefix("p_") for n in names], dtype=object)[p.argmax(axis=1)]
    return table[names].assign(said=pd.Series(said, table.index, dtype="str"), p=p.max(axis=1))


def changed_at(folder: Path) -> float:
    """Changes when the run leaves new predictions; 0 while it has none."""
    files = [predictions_path(folder, split) for split in stored_splits(folder)]
    return max((path.stat().st_mtime for path in files), default=0.0)
