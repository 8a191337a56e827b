"""Datasets of the workspace: import, list, open, read.

A dataset's source is never changed. An import is built aside and moved into place whole, so that an
interrupted one leaves nothing behind.

Example:
    dataset = import_dataset(workspace, Path("faces.zip"), "faces")
    dataset.manifest().groupby(["split", "label"]).size()
    dataset.pixels()[dataset.manifest()["row"]]
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd

from fer_core.base.atomic import new_folder
from fer_core.base.checksums import write_checked
from fer_core.base.errors import AlreadyExists, FerError, NotFound, SourceError
from fer_core.base.parsing import expand_home
from fer_core.base.workspace import Workspace, check_name, now
from fer_core.data import pixels, versions
from fer_core.data.dataset import Dataset
from fer_core.data.images import narrow_pictures
from fer_core.data.importing import soft_labels, unfinished, votes
from fer_core.data.importing.checkpoint import ImportCheckpoint
from fer_core.data.importing.entries import SelectedEntries, open_source, select_entries
from fer_core.data.importing.options import Options
from fer_core.data.importing.scan import SourceScan, scan_source
from fer_core.data.importing.unknown_classes import check_classes, unknown_classes
from fer_core.data.manifest import content_id
from fer_core.data.readers import Reader
from fer_core.data.readers.base import NO_EMOTION, NOT_UNREADABLE, UNLABELLED, UNREADABLE
from fer_core.data.readers.deliveries import NONE
from fer_core.data.records import DatasetInfo, DatasetNumbers, VoteCounts
from fer_core.data.versions import Version
from fer_core.jobs import reporter

__all__ = ["Dataset", "describe", "import_dataset", "list_datasets", "open_dataset"]

_ABOUT = "dataset.json"
TABLE_KINDS = ("csv", "parquet", "npz", "hdf5", "tfrecord")


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """All datasets of the workspace, the one changed last first; those whose files are damaged too."""
    folders = [path for path in workspace.data.glob("[!.]*/") if _is_dataset(path)]
    folders.sort(key=_changed, reverse=True)
    return [Dataset(workspace, path.name) for path in folders]


def _changed(folder: Path) -> float:
    """When it was; not the time of the folder, which reading the journal changes too."""
    about = folder / _ABOUT
    return (about if about.is_file() else folder).stat().st_mtime


def _is_dataset(folder: Path) -> bool:
    return (folder / _ABOUT).is_file() or (folder / "versions").is_dir()


def open_dataset(workspace: Workspace, name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        BadName: this cannot be a name.
        NotFound: there is none of that name.
    """
    dataset = Dataset(workspace, check_name(name))
    if not _is_dataset(dataset.folder):
        known = ", ".join(d.name for d in list_datasets(workspace)) or "none yet"
        raise NotFound("There is no dataset of that name", received=name, hint=f"Known: {known}")
    return dataset


def describe(dataset: Dataset, version: str | None = None) -> DatasetNumbers:
    """A version in numbers."""
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    failed = manifest[manifest["error"] != ""]
    rows = [
        {"path": p, "reason": r, "kind": NO_EMOTION if decoded else UNREADABLE}
        for p, r, decoded in zip(failed["path"], failed["error"], failed["pixel_hash"], strict=True)
    ]
    counted = versions.count_images(manifest)
    problems = rows + dataset.problems
    about = dataset.about
    return {
        "name": dataset.name,
        "version": chosen.id,
        "number": chosen.number,
        **counted,
        "unreadable": sum(p.get("kind") not in NOT_UNREADABLE for p in problems),
        "unlabelled": sum(p.get("kind") in (UNLABELLED, NO_EMOTION) for p in problems),
        "unknown_classes": unknown_classes(counted["classes"]),
        "understood": about.get("understood", {}),
        "skipped": about.get("skipped", {}),
        "votes": _voted(manifest, about.get("vote_classes", [])),
        "problems": problems,
    }


def _voted(manifest: pd.DataFrame, classes: list[str]) -> VoteCounts | None:
    if not classes or "votes" not in manifest:
        return None
    unclear = votes.unclear_votes(manifest, classes).value_counts()
    counted = {name: int(unclear.get(name, 0)) for name in votes.UNCLEAR}
    return {"classes": classes, "images": int(manifest["votes"].notna().sum()), "unclear": counted}


def import_dataset(
    workspace: Workspace,
    source: Path,
    name: str,
    *,
    progress: reporter.ProgressFn | None = None,
    copy: bool = False,
    kind: str | None = None,
    options: Options | None = None,
    resume: bool = True,
) -> Dataset:
    """Import labelled images: a folder, zip or tar, a CSV with pixels, or a Parquet file.

    An import that was stopped leaves no dataset; what it had read is kept for a week, and the next import of the
    same source, under any name, goes on from there.

    Args:
        workspace: where the dataset is made.
        source: read where it is and never changed.
        name: of the new dataset.
        progress: told how many files are read.
        copy: whether the dataset keeps a copy of the source.
        kind: what to call the source instead of "folder" or "archive".
        options: class names, labels, votes and subjects; kept with the dataset.
        resume: whether what is read is kept when the import is stopped.

    Raises:
        BadName: `name` cannot be a dataset's name.
        AlreadyExists: a dataset has that name.
        SourceError: nothing at `source`, no image in a class folder, or an archive that is refused (UnsafeArchive).
    """
    target, source = workspace.data / check_name(name, new=True), expand_home(source).resolve()
    if target.exists():
        raise _name_taken(workspace, name, source)
    unfinished.remove_abandoned(workspace.data)
    chosen = options or Options()
    (progress or (lambda *_: None))(0, 0, "looking at the files")
    reader = open_source(source, chosen)
    checkpoint = ImportCheckpoint(workspace, source) if resume else None
    try:
        selected, chosen = _selected(reader, chosen)
        with new_folder(target) as folder:
            unfinished.mark_importing(folder)
            chosen = _own_lists(chosen, folder, target, workspace) if copy else chosen
            about = _fill(folder, reader, source, progress, selected, chosen, checkpoint)
            path = str(_copy(source, folder, workspace) if copy else source)
            origin = {"kind": kind or reader.kind, "path": path, "owned": copy}
            write_checked(folder / _ABOUT, {"name": name, "created": now(), "source": origin, **about})
            unfinished.mark_imported(folder)
    except OSError as error:
        if target.exists():
            raise _name_taken(workspace, name, source) from error
        raise FerError(f"The import could not be written ({error.strerror})", received=target) from error
    except FerError:
        _remove(checkpoint)
        raise
    finally:
        reader.close()
    _remove(checkpoint)
    return Dataset(workspace, name)


def _selected(reader: Reader, options: Options) -> tuple[SelectedEntries, Options]:
    """What goes into the dataset, and the options with the layout that the source was found to have."""
    selected = select_entries(reader, options)
    if not options.accept_classes:
        check_classes(selected.entries, options.names.values())
    return selected, replace(options, delivery=reader.understood.delivery_key or NONE)


def _remove(checkpoint: ImportCheckpoint | None) -> None:
    if checkpoint:
        checkpoint.remove()


def _name_taken(workspace: Workspace, name: str, source: Path) -> AlreadyExists:
    """The error for a name that is in use; it says so where that dataset was made from this very source."""
    with suppress(FerError, OSError, KeyError):
        if Dataset(workspace, name).source_path.resolve() == source:
            return AlreadyExists(
                "This source is here already under that name",
                received=name,
                hint=f"`fer refresh {name}` adds its new files",
            )
    return AlreadyExists("A dataset of that name is here already", received=name, hint="Choose another name")


def _fill(
    folder: Path,
    reader: Reader,
    source: Path,
    progress: reporter.ProgressFn | None,
    selected: SelectedEntries,
    options: Options,
    checkpoint: ImportCheckpoint | None,
) -> DatasetInfo:
    """Pixels and first version of a new dataset; returns what dataset.json says of them."""
    with pixels.PixelWriter(pixels.pixel_file(folder), (pixels.SIZE,) * 2) as writer:
        scan = scan_source(
            reader,
            writer,
            progress,
            entries=selected.entries,
            checkpoint=checkpoint,
            subject_pattern=options.subject_pattern,
        )
    _check_found(scan, source, reader.kind)
    scan.manifest = soft_labels.with_soft_labels(scan.manifest, source)
    for bits, pictures in narrow_pictures(scan.manifest["format"]).items():
        reader.understood.notes.append(
            f"{pictures:,} picture{' has' if pictures == 1 else 's have'} 16 bits and use{'s' if pictures == 1 else ''} "
            f"{bits}: read as {bits} bits, black to white"
        )
    made, counted = content_id(scan.manifest), versions.count_images(scan.manifest)
    parameters = {"source": source.name, "kind": reader.kind, **options.record()}
    if selected.skipped:
        parameters["skipped"] = selected.skipped
    version = Version(made, 1, None, "import", parameters, counted, now())
    versions.write_version(folder, version, scan.manifest)
    return {
        "head": made,
        "problems": scan.problems,
        "import": options.record(),
        "skipped": selected.skipped,
        "understood": asdict(reader.understood),
        "vote_classes": list(selected.vote_classes),
    }


def _check_found(scan: SourceScan, source: Path, kind: str) -> None:
    if len(scan.manifest) and (scan.manifest["error"] == "").any():
        return
    unlabelled = {p["kind"] for p in scan.problems} == {UNLABELLED}
    if kind in TABLE_KINDS and unlabelled and not len(scan.manifest):
        raise SourceError(
            f"None of the {len(scan.problems):,} pictures of the table has a class: it has no column emotion or label",
            received=source,
            hint="Kaggle's test.csv has none; import the table with the classes, or the folder that holds both",
        )
    hint = "Images belong in class folders, as in train/happy/1.png or happy/1.png"
    failed = scan.manifest[["path", "error"]].itertuples(index=False, name=None)
    reasons = [(p["path"], p["reason"]) for p in scan.problems] + list(failed)
    if not reasons:
        raise SourceError("The source is empty", received=source, hint=hint)
    first = "; ".join(f"{path}: {reason}" for path, reason in reasons[:3])
    raise SourceError(
        f"No readable image in a class folder among {len(reasons):,} files ({first})",
        received=source,
        hint=hint,
    )


def _own_lists(options: Options, folder: Path, target: Path, workspace: Workspace) -> Options:
    """Lists that were dropped on a page are kept with the dataset, in `folder`, which becomes `target`."""
    dropped = (workspace.jobs / "uploads").resolve()

    def kept(path: str, place: str) -> str:
        if not path or not (own := expand_home(Path(path)).resolve()).is_relative_to(dropped):
            return path
        (folder / place).mkdir(parents=True, exist_ok=True)
        shutil.copy2(own, folder / place / own.name)
        return str(target / place / own.name)

    labels = tuple(kept(path, f"lists/labels-{i}") for i, path in enumerate(options.labels))
    return replace(options, labels=labels, votes=kept(options.votes, "lists/votes"))


def _copy(source: Path, folder: Path, workspace: Workspace) -> Path:
    """Copy the source into the dataset; returns its path inside."""
    inside = Path("source") / source.name
    if source.is_dir():
        shutil.copytree(source, folder / inside, symlinks=True)
        return inside
    (folder / inside).parent.mkdir()
    if source.is_relative_to(workspace.jobs):
        with suppress(OSError):  # an upload of this workspace: no second copy of it
            os.link(source, folder / inside)
            return inside
    shutil.copy2(source, folder / inside)
    return inside
