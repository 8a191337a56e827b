"""The winner's answers: where it errs, with the faces, and how sure it may be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_core.base.errors import FerError
from fer_core.evaluation import scores
from fer_core.evaluation.metrics import read
from fer_core.reports import thresholds
from fer_core.reports.document import (
    DocumentBlock,
    Faces,
    InlineLine,
    Name,
    Section,
    ShownFace,
    Table,
    count,
    line,
    share,
    text,
)
from fer_core.reports.story.known import StoryFacts
from fer_core.runs.run import Run

_TOP, _FACES = 5, 10


def sections(known: StoryFacts) -> list[Section]:
    """Errors and thresholds of the winner."""
    if known.winner is None or known.judged is None:
        return []
    run = known.run(known.winner[0])
    return [
        Section("Where the winner errs", tuple(_errors(known, run)), f"{run.id}, val"),
        Section("How sure it may be", tuple(thresholds.blocks(run, "sure")), "temperature and threshold"),
    ]


def _errors(known: StoryFacts, run: Run) -> list[DocumentBlock]:
    assert known.judged is not None
    try:
        table = scores.predictions(run, "val", known.judged.id)
        if "seen" in table:
            table = table[~table["seen"]].reset_index(drop=True)
        classes, truth, p = read(table)
    except FerError as error:
        return [text("Its answers cannot be read: ", Name(str(error)))]
    said = p.argmax(axis=1)
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (truth, said), 1)
    wrong = int(counts.sum() - np.trace(counts))
    blocks: list[DocumentBlock] = [
        text("It is wrong on ", count("errors.wrong", wrong), " of ", count("errors.images",
            len(truth)), " images. Row: label, column: answer."),
        _matrix(classes, counts),
    ]  # fmt: skip
    pairs = [
        (int(counts[i, j]), i, j)
        for i in range(len(classes))
        for j in range(len(classes))
        if i != j and counts[i, j]
    ]
    top = sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:_TOP]
    rows = tuple(
        (line(Name(classes[i])), line(Name(classes[j])), line(count(f"errors.{classes[i]}.{classes[j]}.top", n)),
         line(share(f"errors.{classes[i]}.{classes[j]}.share", n / counts[i].sum())),
         line(share(f"errors.{classes[i]}.{classes[j]}.of", n / wrong)))
        for n, i, j in top
    )  # fmt: skip
    if rows:
        blocks.append(Table(("label", "answer", "images", "of the label", "of all errors"), rows, (2, 3, 4)))
    if known.faces:
        about = pd.DataFrame(
            {"image_id": table["image_id"], "truth": truth, "said": said, "p": p.max(axis=1)}
        )
        blocks += [_faces(known, about, classes, i, j) for _, i, j in top]
    return blocks


def _matrix(classes: tuple[str, ...], counts: np.ndarray) -> Table:
    """Images by label and answer, tinted by their share of the label."""
    totals = np.maximum(counts.sum(axis=1), 1)
    rows: list[tuple[InlineLine, ...]] = []
    for i, name in enumerate(classes):
        cells = [line(count(f"errors.{name}.{other}", int(counts[i, j]))) for j, other in enumerate(classes)]
        rows.append((line(Name(name)), *cells))
    tints = tuple((None, *(float(n) for n in row / total)) for row, total in zip(counts, totals, strict=True))
    return Table(("", *classes), tuple(rows), tuple(range(1, len(classes) + 1)), tints)


def _faces(
    known: StoryFacts, about: pd.DataFrame, classes: tuple[str, ...], label: int, answer: int
) -> Faces:
    """The surest of one kind of mistake."""
    own = (
        about[(about["truth"] == label) & (about["said"] == answer)]
        .sort_values("p", ascending=False, kind="stable")
        .head(_FACES)
    )
    pictures = known.pictures(own["image_id"].tolist())
    words = f"labelled {classes[label]}, predicted as {classes[answer]}"
    return Faces(
        line(Name(classes[label]), " predicted as ", Name(classes[answer]), ", the surest first"),
        tuple(ShownFace(pixels, f"a face {words}") for pixels in pictures.values()),
    )
