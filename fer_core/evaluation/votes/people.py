"""How far people agree on the images a run is judged by, to stand beside its accuracy."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.data.datasets import open_dataset
from fer_core.data.manifest import classes, readable
from fer_core.evaluation import scores
from fer_core.evaluation.votes.vote_agreement import PeopleAgreement, people_agreement
from fer_core.runs.run import Run


def people_of(run: Run, split: str, version: str | None = None) -> PeopleAgreement | None:
    """How far people agree on a split of a version, None being the run's own; worked out once for all of its runs.

    Votes for classes the run does not know are left out. None where nobody's votes are known, or the version is gone.
    """
    info = run.info
    known = tuple(info.get("classes", ()))
    try:
        return _people(run.workspace.root, info["dataset"], version or info["version"], split, known)
    except (FerError, OSError, ValueError, KeyError):
        return None


@lru_cache(maxsize=64)
def _people(
    root: Path, name: str, version: str, split: str, known: tuple[str, ...]
) -> PeopleAgreement | None:
    dataset = open_dataset(Workspace(root), name)
    if not dataset.about.get("vote_classes"):
        return None
    manifest = dataset.manifest(version)
    votes = scores.votes_of(dataset, manifest)
    if votes is None:
        return None
    images = readable(manifest)
    labels = images[images["split"] == split].set_index("image_id")["label"]
    return people_agreement(votes, known or classes(manifest), labels)
