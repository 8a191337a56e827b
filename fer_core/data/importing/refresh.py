"""Looking at a dataset's source again: what is new is added as a version, what changed is only told.

found = refresh(dataset)
found["added"], found["changed"], found["gone"]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_core.base.atomic import read_json, temporary_path
from fer_core.base.checksums import write_checked
from fer_core.base.emotions import UNASSIGNED
from fer_core.base.errors import BadPattern, FerError, ManifestError, SourceError
from fer_core.data import pixels
from fer_core.data.dataset import Dataset
from fer_core.data.importing.entries import SelectedEntries, open_source, select_entries
from fer_core.data.importing.options import Options
from fer_core.data.importing.scan import SourceScan, scan_source
from fer_core.data.manifest import file_hash
from fer_core.data.readers import Reader
from fer_core.data.records import DatasetInfo
from fer_core.data.save_version import save_version
from fer_core.data.sources import MAIN, locate_source
from fer_core.data.versions import Version, lock, read_columns
from fer_core.jobs.reporter import ProgressFn

OPERATION = "refresh"
_EVERY = 512


class RefreshReport(TypedDict):
    """What was found in a source.

    Attributes:
        version, number: the newest now; `new` whether it was made.
        added, unchanged: images.
        changed, gone, renamed, relabelled, problems: {path, reason} each.
    """

    name: str
    version: str
    number: int
    new: bool
    added: int
    unchanged: int
    changed: list[dict[str, str]]
    gone: list[dict[str, str]]
    renamed: list[dict[str, str]]
    relabelled: list[dict[str, str]]
    problems: list[dict[str, str]]


@dataclass
class _Compared:
    """Known files, as `RefreshReport` tells of them."""

    unchanged: int = 0
    changed: list[dict[str, str]] = field(default_factory=list)
    gone: list[dict[str, str]] = field(default_factory=list)
    renamed: list[dict[str, str]] = field(default_factory=list)
    relabelled: list[dict[str, str]] = field(default_factory=list)


def _options(about: DatasetInfo) -> Options:
    """Those of the import. Raises SourceError for a pattern of an older version that is not searched with any more."""
    try:
        return Options.from_record(about.get("import", {}))
    except BadPattern as error:
        raise SourceError(
            f"The pattern that this import found subjects with is not searched with any more ({error.message.lower()})",
            received=about.get("import", {}).get("subject_pattern"),
            hint="Import the source under another name, with `--subject-pattern` and a pattern without look-around; then "
            f"`fer merge {about.get('name', 'NAME')} OTHER --fill CLASS=1000000,...` adds what is new",
        ) from error


def refresh(dataset: Dataset, progress: ProgressFn | None = None, *, dry_run: bool = False) -> RefreshReport:
    """Compare a dataset with its own source, file by file, and add what is new to the newest version.

    Rows that are there already stay as they are: a file with other bytes, under another name, with another class,
    or gone, is reported and nothing is guessed from it. Files that a review took out do not come back.

    Args:
        dataset: imported with the options that are used again.
        progress: told how many files are compared and read.
        dry_run: add nothing.

    Returns:
        What was found.

    Raises:
        NotFound: the source is gone.
        SourceError: it can no longer be read as it was.
    """
    about = dataset.about
    options = _options(about)
    reader = open_source(locate_source(dataset.sources, MAIN), options)
    try:
        selected = select_entries(reader, options, strict=False)
        known = _known(dataset)
        state = _compare(reader, selected, known, progress)
        entries = [e for e in selected.entries if e.path not in known.index]
        with temporary_path(pixels.pixel_file(dataset.folder)) as temporary:
            with pixels.PixelWriter(temporary, (pixels.SIZE,) * 2) as writer:
                scan = scan_source(
                    reader, writer, progress, entries=entries, subject_pattern=options.subject_pattern
                )
            _leave_renamed(scan, state, known)
            made = None if dry_run or not len(scan.manifest) else _add(dataset, scan, temporary, state)
    finally:
        reader.close()
    before = {p["path"] for p in about["problems"]}
    fresh = [p for p in scan.problems if p["path"] not in before]
    if not dry_run:
        _remember(dataset, scan, selected)
    version = dataset.version()
    failed = scan.manifest[scan.manifest["error"] != ""]
    rows = [{"path": p, "reason": r} for p, r in zip(failed["path"], failed["error"], strict=True)]
    return {
        "name": dataset.name,
        "version": version.id,
        "number": version.number,
        "new": made is not None,
        "added": int((scan.manifest["error"] == "").sum()),
        "unchanged": state.unchanged,
        "changed": state.changed,
        "gone": state.gone,
        "renamed": state.renamed,
        "relabelled": state.relabelled,
        "problems": rows + fresh,
    }


def _known(dataset: Dataset) -> pd.DataFrame:
    """What every file of the own source was when it came in: file_hash, label and split, by path."""
    columns = ["image_id", "path", "source", "file_hash", "label", "split", "error"]
    tables = [read_columns(dataset.folder, version.id, columns) for version in dataset.versions()]
    table = pd.concat(tables).drop_duplicates("image_id")
    return table[table["source"] == MAIN].set_index("path")


def _compare(
    reader: Reader, selected: SelectedEntries, known: pd.DataFrame, progress: ProgressFn | None
) -> _Compared:
    """Every known file against what the source holds now."""
    now = {entry.path: entry for entry in selected.entries}
    state = _Compared()
    rows = known[["file_hash", "label", "split", "error"]].itertuples(name=None)
    for number, (path, digest, label, split, error) in enumerate(rows):
        if progress and number % _EVERY == 0:
            progress(number, len(known), "files compared")
        if path not in selected.listed:
            state.gone.append({"path": path, "reason": "No longer in the source"})
            continue
        reason = _changed(reader, path, digest, error)
        if reason:
            state.changed.append({"path": path, "reason": reason})
        elif path in now and (now[path].label or "", now[path].split or UNASSIGNED) != (label, split):
            shown = f"Was {split}/{label}, is {now[path].split or UNASSIGNED}/{now[path].label}"
            state.relabelled.append({"path": path, "reason": shown})
        else:
            state.unchanged += 1
    return state


def _changed(reader: Reader, path: str, digest: str, error: str) -> str:
    try:
        same = file_hash(reader.read(path)) == digest
    except FerError as failure:
        return "" if error and not digest else failure.message
    return "" if same else "The file is not the one that was imported"


def _leave_renamed(scan: SourceScan, state: _Compared, known: pd.DataFrame) -> None:
    """New files with the bytes of one that is gone: told, not added, or the set would hold it twice."""
    gone = {p["path"] for p in state.gone}
    old = {known.loc[path, "file_hash"]: path for path in gone}
    twin = scan.manifest["file_hash"].isin(old) & (scan.manifest["file_hash"] != "")
    for path, digest in scan.manifest.loc[twin, ["path", "file_hash"]].itertuples(index=False, name=None):
        state.renamed.append({"path": path, "reason": f"Was {old[digest]}"})
    scan.manifest = scan.manifest[~twin].reset_index(drop=True)


def _add(dataset: Dataset, scan: SourceScan, temporary: Path, state: _Compared) -> Version:
    """Append pixels and rows to the newest version."""
    rows = scan.manifest
    good = (rows["row"] >= 0).to_numpy()
    pictures = np.ascontiguousarray(pixels.open_pixels(temporary)[rows["row"].to_numpy()[good]])
    head = dataset.version()
    with lock(dataset.folder):
        return _save(dataset, rows, good, pictures, head, state)


def _save(
    dataset: Dataset,
    rows: pd.DataFrame,
    good: NDArray[np.bool_],
    pictures: NDArray[np.uint8],
    head: Version,
    state: _Compared,
) -> Version:
    """The same, inside the lock."""
    first = dataset.append_pixels(pictures)
    rows.loc[good, "row"] = first + np.arange(int(good.sum()))
    manifest = pd.concat([dataset.manifest(head.id), rows], ignore_index=True)
    for name in ("votes", "soft_label"):
        if name in manifest:
            known = [v if isinstance(v, list | np.ndarray) else None for v in manifest[name]]
            manifest[name] = pd.Series(known, dtype="object")
    for name in ("subject", "group"):
        if name in manifest:
            manifest[name] = manifest[name].fillna("")
    lists = {
        "changed": state.changed,
        "gone": state.gone,
        "renamed": state.renamed,
        "relabelled": state.relabelled,
    }
    told = {name: len(found) for name, found in lists.items() if found}
    parameters = {"added": int((rows["error"] == "").sum()), **told}
    return save_version(
        dataset,
        manifest,
        parent=head.id,
        operation=OPERATION,
        parameters=parameters,
        head=head.id,
        locked=True,
    )


def _remember(dataset: Dataset, scan: SourceScan, selected: SelectedEntries) -> None:
    """The files that are in no row, as they are now."""
    path = dataset.folder / "dataset.json"
    try:
        with lock(dataset.folder):
            about = read_json(path)
            write_checked(path, about | {"problems": scan.problems, "skipped": selected.skipped})
    except OSError as error:
        raise ManifestError("The dataset's file cannot be written", received=path) from error
