"""The scores of a run on one split of one version, from its stored predictions; looking at test is recorded.

    scores = stored_scores(run, "val")                  # {} while there are none
    scores = read_scores(run, "test", via="page")       # a line in the ledger, then the numbers

A run's own version lies in its folder, any other in `on-<version>/` beside it (see `common`).
"""

from __future__ import annotations

import hashlib
import shlex
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core import __version__
from fer_core.base.atomic import skip_if_unwritable, write_atomic, write_json
from fer_core.base.checksums import checksum
from fer_core.base.errors import FerError, NotFound, RunError
from fer_core.base.jsonl import read_object
from fer_core.base.workspace import Workspace, now
from fer_core.data.datasets import Dataset, open_dataset
from fer_core.evaluation import ledger
from fer_core.evaluation.curves import areas
from fer_core.evaluation.intervals import intervals
from fer_core.evaluation.metrics import evaluate, read
from fer_core.evaluation.votes.vote_agreement import against_votes
from fer_core.runs.predictions import predictions_path
from fer_core.runs.records import Evaluation, Scores
from fer_core.runs.run import Run

_HEAD = struct.Struct("<16sIqq")  # order, images, time and size of the predictions
_SUM = 16  # bytes of the sum at the end


@dataclass(frozen=True)
class Correctness:
    """Which images of a split a run answers rightly.

    Attributes:
        order: digest of the images and their order; equal digests can be held against each other as they are.
        correct: bool (n,).
        seen: bool (n,), images the run has learned from.
    """

    order: bytes
    correct: NDArray[np.bool_]
    seen: NDArray[np.bool_]


def predictions_folder(run: Run, version: str | None = None) -> Path:
    """Where the predictions of a run on a version are; None is its own."""
    own = version in (None, "", run.version)
    return run.folder if own else run.folder / f"on-{version}"


def predictions(run: Run, split: str, version: str | None = None) -> pd.DataFrame:
    """image_id, label, p_<class>, and `seen` where the version is not the run's own.

    Raises:
        NotFound: there are none.
        RunError: the file is not whole.
    """
    path = predictions_path(predictions_folder(run, version), split)
    if not path.is_file():
        hint = f"`{to_predict(run, version)}`" if version else "They are written when training ends"
        raise NotFound(f"Run {run.id} has no predictions for this split", received=split, hint=hint)
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise RunError(
            f"The {split} predictions of run {run.id} are not whole",
            received=error,
            hint="The run may have been stopped while writing them",
        ) from error


def to_predict(run: Run, version: str) -> str:
    """What to type for the predictions of a run on a version; a file that was not trained here is judged anew."""
    about = run.info.get("judged")
    words = ("judge", about["file"], run.dataset) if about else ("evaluate", run.id)
    return shlex.join(["fer", *words, "--version", version])


def compute(run: Run, split: str, version: str | None = None) -> Scores:
    """All scores of a split, without the images the run has learned from; written nowhere.

    Returns:
        JSON-ready, all of them.

    Raises:
        NotFound, RunError: no predictions, or none that can be used.
    """
    table = predictions(run, split, version)
    left_out = int(table["seen"].sum()) if "seen" in table else 0
    if left_out:
        table = table[~table["seen"]].reset_index(drop=True)
    if table.empty:
        raise RunError("Nothing is left to score: the run has learned from every image", received=split)
    known = manifest_of(run.workspace, run.dataset, version or run.version)
    groups = None if known is None else picture_ids(known, table["image_id"])
    result = evaluate(table, groups)
    names, truth, p = read(table)
    result["intervals"] = intervals(truth, p.argmax(axis=1), len(names), groups)
    result["intervals"]["accuracy"] = result["accuracy_interval"]
    votes = None if known is None else votes_of(open_dataset(run.workspace, run.dataset), known)
    result["votes"] = None if votes is None else against_votes(table, votes)
    result["areas"] = areas(names, truth, p)
    result["seen"] = left_out
    result["copies"] = 0 if groups is None else int(len(groups) - len(set(groups)))
    return result


def stored_scores(run: Run, split: str, version: str | None = None) -> Scores:
    """The scores as they were stored; {} where there are none that belong to this run and version.

    Raises:
        RunError: the split is the test split and no look at it is recorded.
    """
    wanted = version or run.version
    check_look(run, split, version)
    found = _document(run, split, version)
    if (found.get("run"), found.get("version")) != (run.id, wanted):
        return Scores()
    scores = (found.get("splits") or {}).get(split)
    return scores if isinstance(scores, dict) else Scores()


def read_scores(run: Run, split: str, via: str, version: str | None = None) -> Scores:
    """Scores of a split, computed and stored where they are not; a look at test is recorded first.

    Raises:
        NotFound, RunError: no predictions, or none that can be used. Nothing is recorded then.
    """
    if split == ledger.HELD:
        table = predictions(run, split, version)
        read(table)
        ledger.record(run.workspace, run.id, run.dataset, version or run.version, len(table), via)
    found = stored_scores(run, split, version)
    if "intervals" in found:
        return found
    fresh = compute(run, split, version)
    document = _document(run, split, version)
    mine = (document.get("run"), document.get("version")) == (run.id, version or run.version)
    keep = document if mine and document.get("schema") == 1 else Evaluation()
    about: Evaluation = {
        "schema": 1,
        "run": run.id,
        "dataset": run.dataset,
        "version": version or run.version,
    }
    about |= {"code": __version__, "time": now()}
    splits = {**keep.get("splits", {}), split: fresh}
    with skip_if_unwritable():
        write_json(_file(run, split, version), {**keep, **about, "splits": splits})
    return fresh


def look_at_all(runs: Iterable[Run], split: str, via: str, version: str | None = None) -> None:
    """Record a look at each test result, before anything is computed from it; other splits need none.

    A run without predictions is passed over: whatever is made of them says why it takes no part.
    """
    for run in runs if split == ledger.HELD else ():
        with suppress(FerError):
            read_scores(run, split, via, version)


def _document(run: Run, split: str, version: str | None) -> Evaluation:
    return cast(Evaluation, read_object(_file(run, split, version)))


def _file(run: Run, split: str, version: str | None) -> Path:
    """Test scores lie apart, so that no other reader of evaluation.json shows them by accident."""
    return predictions_folder(run, version) / (
        "evaluation-test.json" if split == ledger.HELD else "evaluation.json"
    )


def correctness(run: Run, split: str, version: str | None = None) -> Correctness:
    """Which images of a split are answered rightly, from a small file made on the first call.

    Raises:
        NotFound, RunError: as `predictions`, and as `stored_scores`.
    """
    check_look(run, split, version)
    source = predictions_path(predictions_folder(run, version), split)
    path = source.with_name(f"answers-{split}.bin")
    try:
        about = source.stat()
        found = _unpack(path.read_bytes(), about.st_mtime_ns, about.st_size)
    except OSError:
        found = None
    if found is not None:
        return found
    table = predictions(run, split, version)
    _, truth, p = read(table)
    fresh = Correctness(order(table["image_id"]), p.argmax(axis=1) == truth, _seen(table))
    with skip_if_unwritable():
        write_atomic(path, pack_correctness(fresh, source))
    return fresh


def pack_correctness(found: Correctness, source: Path) -> bytes:
    """The content of `answers-<split>.bin` for these predictions."""
    about = source.stat()
    bits = np.packbits(np.concatenate([found.correct, found.seen])).tobytes()
    made = _HEAD.pack(found.order, len(found.correct), about.st_mtime_ns, about.st_size) + bits
    return made + bytes.fromhex(checksum(made))


def check_look(run: Run, split: str, version: str | None = None) -> None:
    """Raise RunError for a test split whose reading is not in the ledger."""
    if split == ledger.HELD:
        wanted = (run.id, version or run.version)
        if wanted not in {(entry["run"], entry["version"]) for entry in ledger.reads(run.workspace)}:
            hint = f"`fer evaluate {run.id} --split test` shows it, and records that it was read"
            raise RunError("Nobody has looked at this test result yet", received=run.id, hint=hint)


def order(ids: pd.Series) -> bytes:
    """16 bytes that stand for these images in this order."""
    return hashlib.blake2b("\n".join(ids.astype(str).tolist()).encode(), digest_size=16).digest()


def picture_ids(manifest: pd.DataFrame, ids: pd.Series) -> NDArray[np.object_]:
    """Which picture each image shows: equal pixels are the same one. Images that are not listed stand alone."""
    known = manifest.set_index("image_id")["pixel_hash"].reindex(ids)
    values = known.to_numpy(dtype=object)
    missing = known.isna().to_numpy() | (values == "")
    values[missing] = ids.to_numpy(dtype=object)[missing]
    return np.asarray(values)


def _seen(table: pd.DataFrame) -> NDArray[np.bool_]:
    return table["seen"].to_numpy(dtype=bool) if "seen" in table else np.zeros(len(table), dtype=bool)


def _unpack(data: bytes, changed: int, size: int) -> Correctness | None:
    """None where it is not whole, or was made from other predictions."""
    data, end = data[:-_SUM], data[-_SUM:]
    if len(data) < _HEAD.size or bytes.fromhex(checksum(data)) != end:
        return None
    digest, count, *source = _HEAD.unpack_from(data)
    body = np.frombuffer(data, np.uint8, offset=_HEAD.size)
    if source != [changed, size] or len(body) != (2 * count + 7) // 8:
        return None
    bits = np.unpackbits(body, count=2 * count).astype(bool)
    return Correctness(digest, bits[:count], bits[count:])


def manifest_of(workspace: Workspace, dataset: str, version: str) -> pd.DataFrame | None:
    """The table of a version, for its copies; None where it is gone: its predictions are not."""
    try:
        return open_dataset(workspace, dataset).manifest(version)
    except (FerError, OSError, ValueError):
        return None


def votes_of(dataset: Dataset, manifest: pd.DataFrame) -> pd.DataFrame | None:
    """Votes per image, index image_id, one column per class; None where the dataset has none."""
    names = dataset.about.get("vote_classes")
    if not names or "votes" not in manifest:
        return None
    rows = manifest[manifest["votes"].map(lambda v: v is not None and np.size(v) == len(names))]
    if rows.empty:
        return None
    return pd.DataFrame(
        np.stack([np.asarray(v) for v in rows["votes"]]), index=rows["image_id"], columns=names
    )
