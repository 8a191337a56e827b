"""What a run answered for each image, read from the predictions it left."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_core.runs.run import Run


def answers(run: Run) -> pd.DataFrame:
    """The answers of a run for all images it was evaluated on.

    Returns:
        Index image_id; said (class), p (its probability, float32) and p_<class> of every class. Empty while the run
        has no predictions. A damaged file counts as none.
    """
    parts = []
    for path in sorted(run.folder.glob("predictions-*.parquet")):
        try:
            parts.append(pd.read_parquet(path))
        except (OSError, ValueError):
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


def stamp(run: Run) -> float:
    """Changes when the run leaves new predictions; 0 while it has none."""
    return max((p.stat().st_mtime for p in run.folder.glob("predictions-*.parquet")), default=0.0)
