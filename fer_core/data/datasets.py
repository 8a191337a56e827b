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
from pathlib import Path
from typing import Any

import pandas as pd

from fer_core import jobs
from fer_core.data import exported, votes
from fer_core.data import pixels as pixel_store
from fer_core.data import versions as version_store
from fer_core.data.dataset import Dataset
from fer_core.data.intake import Intake, take_in
from fer_core.data.options import Options
from fer_core.data.partial import Partial
from fer_core.data.readers import Reader, open_reader
from fer_core.data.records import content_id
from fer_core.data.scan import Scan, scan_source
from fer_core.data.versions import Version
from fer_core.errors import AlreadyExists, FerError, NotFound, SourceError
from fer_core.workspace import Workspace, check_name, new_folder, now, read_json, write_json

__all__ = ["Dataset", "describe", "import_dataset", "list_datasets", "open_dataset"]

_OWNER = ".importing"


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """All datasets of the workspace, the one changed last first."""
    found = list(workspace.data.glob("[!.]*/dataset.json")) if workspace.data.is_dir() else []
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return [Dataset(workspace, path.parent.name) for path in found]


def open_dataset(workspace: Workspace, name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        BadName: this cannot be a name.
        NotFound: there is none of that name.
    """
    dataset = Dataset(workspace, check_name(name))
    if not (dataset.folder / "dataset.json").is_file():
        known = ", ".join(d.name for d in list_datasets(workspace)) or "none yet"
        raise NotFound("There is no dataset of that name", received=name, hint=f"Known: {known}")
    return dataset


def describe(dataset: Dataset, version: str | None = None) -> dict[str, Any]:
    """A version in numbers, JSON-ready.

    Returns:
        `name`, `version`, `number`; `images`, `splits`, `classes`, `counts` as `versions.tally`; `problems`
        [{path, reason}]: unreadable rows of the version and files of the source that became no row;
        `unreadable`: the number of problems; `skipped` {class: images left out at import}; `votes`: null, or
        {classes, images, unclear {"unknown": n, "NF": n}}.
    """
    chosen = dataset.version(version)
    manifest = dataset.manifest(chosen.id)
    failed = manifest[manifest["error"] != ""]
    rows = [{"path": p, "reason": r} for p, r in zip(failed["path"], failed["error"], strict=True)]
    problems = rows + dataset.problems
    numbers = version_store.tally(manifest) | {"unreadable": len(problems)}
    head = {"name": dataset.name, "version": chosen.id, "number": chosen.number}
    about = dataset.about
    more = {"skipped": about.get("skipped", {}), "votes": _voted(manifest, about.get("vote_classes", []))}
    return {**head, **numbers, **more, "problems": problems}


def _voted(manifest: pd.DataFrame, classes: list[str]) -> dict[str, Any] | None:
    if not classes or "votes" not in manifest:
        return None
    unclear = votes.unclear(manifest, classes).value_counts()
    counted = {name: int(unclear.get(name, 0)) for name in votes.UNCLEAR}
    return {"classes": classes, "images": int(manifest["votes"].notna().sum()), "unclear": counted}


def import_dataset(
    workspace: Workspace,
    source: Path,
    name: str,
    *,
    progress: jobs.ProgressFn | None = None,
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
        copy: keep a copy of the source inside the dataset.
        kind: what to call the source instead of "folder" or "archive".
        options: class names, labels, votes and subjects; kept with the dataset.
        resume: whether what is read is kept when the import is stopped.

    Raises:
        BadName: `name` cannot be a dataset's name.
        AlreadyExists: a dataset has that name.
        SourceError: nothing at `source`, no archive, or no image in a class folder.
        UnsafeArchive: an archive that is refused as a whole.
    """
    name = check_name(name)
    target = workspace.data / name
    taken = AlreadyExists("A dataset of that name is here already", received=name, hint="Choose another name")
    source = source.expanduser().resolve()
    if target.exists():
        raise _of_that_name(workspace, name, source) or taken
    _sweep(workspace.data)
    if progress:
        progress(0, 0, "looking at the files")
    chosen = options or Options()
    reader = open_reader(source, Path(chosen.labels) if chosen.labels else None)
    partial = Partial(workspace, source) if resume else None
    try:
        intake = take_in(reader, chosen)
        with new_folder(target) as folder:
            write_json(folder / _OWNER, jobs.identity())
            scan = _fill(folder, reader, source, progress, intake, chosen, partial)
            path = _copy(source, folder, workspace) if copy else source
            about = {
                "name": name,
                "created": now(),
                "source": {"kind": kind or reader.kind, "path": str(path), "owned": copy},
                "head": content_id(scan.manifest),
                "problems": scan.problems,
                "import": chosen.record(),
                "skipped": intake.skipped,
                "vote_classes": list(intake.vote_classes),
            }
            write_json(folder / "dataset.json", about)
            (folder / _OWNER).unlink()
    except OSError as error:
        if target.exists():
            raise taken from error
        raise FerError(f"The import could not be written ({error.strerror})", received=target) from error
    except FerError:
        if partial:
            partial.remove()
        raise
    finally:
        reader.close()
    if partial:
        partial.remove()
    return Dataset(workspace, name)


def _of_that_name(workspace: Workspace, name: str, source: Path) -> AlreadyExists | None:
    """What to say where the dataset of that name was made from this very source; None where not."""
    with suppress(FerError, OSError, KeyError):
        if Dataset(workspace, name).source_path.resolve() == source:
            return AlreadyExists(
                "This source is here already under that name",
                received=name,
                hint=f"refresh {name} adds its new files",
            )
    return None


def _fill(
    folder: Path,
    reader: Reader,
    source: Path,
    progress: jobs.ProgressFn | None,
    intake: Intake,
    options: Options,
    partial: Partial | None,
) -> Scan:
    """Pixels and first version of a new dataset."""
    with pixel_store.PixelWriter(pixel_store.pixel_file(folder), (pixel_store.SIZE,) * 2) as writer:
        scan = scan_source(
            reader,
            writer,
            progress,
            entries=intake.entries,
            partial=partial,
            subject_pattern=options.subject_pattern,
        )
    _check_found(scan, source)
    scan.manifest = exported.with_soft_labels(scan.manifest, source)
    made, counted = content_id(scan.manifest), version_store.tally(scan.manifest)
    parameters = {"source": source.name, "kind": reader.kind, **options.record()}
    if intake.skipped:
        parameters["skipped"] = intake.skipped
    version = Version(made, 1, None, "import", parameters, counted, now())
    version_store.write_version(folder, version, scan.manifest)
    return scan


def _check_found(scan: Scan, source: Path) -> None:
    if len(scan.manifest) and (scan.manifest["error"] == "").any():
        return
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


def _sweep(data: Path) -> None:
    """Remove what imports that were killed outright left behind."""
    for mark in data.glob(f".*.tmp/{_OWNER}"):
        try:
            alive = jobs.process_alive(**read_json(mark))
        except (OSError, ValueError, TypeError):
            continue
        if not alive:
            aside = mark.parent
            os.replace(aside, gone := aside.with_suffix(".gone"))
            shutil.rmtree(gone, ignore_errors=True)
