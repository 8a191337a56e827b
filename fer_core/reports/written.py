"""The documents about a dataset as files: which there are, and what each is written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from fer_core.base.atomic import write_atomic
from fer_core.base.errors import NotFound
from fer_core.evaluation import leaderboard
from fer_core.reports import dataset_report, datasheet, document, production, story
from fer_core.reports.datasheet import Publication
from fer_core.runs import run_annotations, store

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn
    from fer_core.reports.document import Document


@dataclass(frozen=True)
class Asked:
    """What is asked of a document.

    Attributes:
        version: id, for the report and the datasheet; None for the newest.
        faces: whether the story shows pictures.
        run: whose production page; None for the run that answers on Try it.
        said: what only people can say.
    """

    version: str | None = None
    faces: bool = True
    run: str | None = None
    said: Publication = field(default_factory=Publication)


class WrittenFile(TypedDict):
    """A document that was written: report, story, datasheet or production; where, and its size."""

    kind: str
    out: str
    bytes: int


def write(
    dataset: Dataset, kind: str, path: Path, asked: Asked, progress: ProgressFn | None = None
) -> WrittenFile:
    """Write a document, whole or not at all.

    Args:
        dataset: whose.
        kind: report, story, datasheet or production.
        path: of the file; a story or a production page becomes Markdown where it ends in `.md`.
        asked: of it.
        progress: told (done, total, what).

    Raises:
        NotFound: no such run, or none was chosen to answer on Try it.
        ManifestError: a version is damaged.
    """
    if kind == "datasheet":
        return {
            "kind": kind,
            "out": str(path),
            "bytes": datasheet.write(dataset, asked.version, path, asked.said),
        }
    if kind == "report":
        text = dataset_report.write(dataset, asked.version, progress)
    else:
        made = (
            story.build(dataset, asked.faces, progress)
            if kind == "story"
            else production_page(dataset, asked.run, asked.said.license)
        )
        text = document.markdown(made) if path.suffix == ".md" else document.html(made)
    write_atomic(path, text)
    return {"kind": kind, "out": str(path), "bytes": len(text.encode())}


def production_page(dataset: Dataset, run: str | None = None, licence: str = "") -> Document:
    """The production page of a run of a dataset; of the one that answers on Try it for None.

    Raises:
        NotFound: no such run of this dataset, or none was chosen.
    """
    name = run or run_annotations.promoted(dataset.workspace)
    if not name:
        raise NotFound(
            "No run was chosen to answer on Try it",
            received="nothing",
            hint="`fer promote RUN`, or name one with --run",
        )
    found = store.get(dataset.workspace, name)
    if found.dataset != dataset.name:
        raise NotFound(
            "The run was trained on another dataset",
            received=f"{found.id}, {found.dataset}",
            hint=f"`fer report {found.dataset}`",
        )
    row = next(each for each in leaderboard.rows(dataset.workspace) if each["run"] == found.id)
    return production.page(found, row, licence)
