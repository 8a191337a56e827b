"""The story of a dataset as one document: the problem, the repair, every model, what each step brought, the winner, and how to do
it again. Everything in it is read or computed from what is stored.

    page = document.html(story.build(dataset))           # one page that needs nothing else; it shows faces
    text = document.markdown(story.build(dataset, faces=False))
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fer_core.reports.document import Document, Stats, count, decimal, line
from fer_core.reports.story import answers, gains, models, repair, reproduction, winner
from fer_core.reports.story.known import look
from fer_core.reports.templating import command

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn

_STEPS = 5
__all__ = ["build"]


def build(dataset: Dataset, faces: bool = True, progress: ProgressFn | None = None) -> Document:
    """The story of all versions of a dataset and the models trained on them.

    Args:
        dataset: the dataset.
        faces: whether pictures are shown.
        progress: told (done, total, what).

    Raises:
        ManifestError: a version is damaged.
    """
    told = progress or (lambda done, total, what: None)
    told(0, _STEPS, "reading what is stored")
    known = look(dataset, faces)
    told(1, _STEPS, "comparing versions")
    sections = repair.sections(known)
    told(2, _STEPS, "comparing models")
    sections += gains.sections(known)
    told(3, _STEPS, "reading curves")
    sections += models.sections(known)
    told(4, _STEPS, "looking at answers")
    sections += [*answers.sections(known), *winner.sections(known), *reproduction.sections(known)]
    told(_STEPS, _STEPS, "writing")
    best = known.ranking.entries[known.winner] if known.ranking and known.winner else None
    stats = Stats(
        (
            (count("head.images", known.newest.counts["images"]), "images in the newest version"),
            (count("head.versions", len(known.versions)), "version" + "s" * (len(known.versions) != 1)),
            (count("head.runs", len(known.rows)), "run" + "s" * (len(known.rows) != 1)),
            (decimal("head.accuracy", best.accuracy if best else None, "not judged"), "accuracy of the winner, on val"),
        )
    )  # fmt: skip
    sections[0] = replace(sections[0], blocks=(stats, *sections[0].blocks))
    about = line(
        "What cleaning, merging and each model brought. All numbers are of what is stored; none is estimated by hand."
    )
    again = command("report", dataset.name, "--story", "story.html", *([] if faces else ["--no-faces"]))
    return Document("Story", dataset.name, about, tuple(sections), again)
