"""What people and rules decided about images, in numbers, with some of the faces: copies left out, labels changed."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from fer_core.base.errors import FerError
from fer_core.data.diff import diff
from fer_core.data.manifest import readable
from fer_core.reports.document import DocumentBlock, Faces, Name, ShownFace, Table, count, line, text
from fer_core.reports.story.known import StoryFacts
from fer_core.review.journal import Journal

_FACES, _PAIRS, _CHANGES = 8, 6, 8
_ACTIONS = {
    "relabel": "another class",
    "keep": "the label is right",
    "ambiguous": "between classes",
    "delete": "left out",
    "duplicate": "a copy of another image",
    "not_duplicate": "no copy, whatever it looks like",
}


def made(known: StoryFacts) -> list[DocumentBlock]:
    """What people and rules decided, in numbers, and some of the faces."""
    said = Journal(known.dataset.journal_path).decisions()
    made = said[said["action"].isin(list(_ACTIONS))]
    if made.empty:
        return [text("No decision about an image is on record.")]
    numbers = made["action"].value_counts()
    rows = tuple(
        (line(words), line(count(f"decisions.{name}", int(numbers[name]))))
        for name, words in _ACTIONS.items()
        if name in numbers
    )
    copies = made[(made["action"] == "delete") & (made["other"] != "")]
    blocks: list[DocumentBlock] = [
        text("Decisions that hold; reviewers: ", count("decisions.people", made["who"].nunique()), ". ",
             count("decisions.copies", len(copies)), " images were left out as a copy of ",
             count("decisions.kept", copies["other"].nunique()), " others that stay."),
        Table(("decision", "times"), rows, (1,)),
    ]  # fmt: skip
    if known.faces:
        blocks += _pairs_of_copies(known, copies)
    return blocks


def _pairs_of_copies(known: StoryFacts, copies: pd.DataFrame) -> list[DocumentBlock]:
    """Some pictures that were left out, each beside the one that stays; with two labels before others."""
    manifest = readable(known.dataset.manifest(known.first.id))
    labels = dict(zip(manifest["image_id"].astype(str), manifest["label"].astype(str), strict=True))
    gone = set(copies["image_id"].astype(str))
    stays = manifest[~manifest["image_id"].isin(gone)].drop_duplicates("pixel_hash")
    kept = dict(zip(stays["pixel_hash"].astype(str), stays["image_id"].astype(str), strict=True))
    pairs = zip(copies["image_id"].astype(str), copies["other"].astype(str), strict=True)
    rows = [(image, kept[other]) for image, other in pairs if other in kept and image in labels]
    rows.sort(key=lambda pair: labels[pair[0]] == labels[pair[1]])
    pictures = known.pictures([image for pair in rows[:_PAIRS] for image in pair])
    shown = tuple(
        ShownFace(pictures[image], f"{words}, labelled {labels[image]}", words, labels[image])
        for pair in rows[:_PAIRS]
        for image, words in zip(pair, ("left out", "stays"), strict=True)
        if image in pictures
    )
    return [Faces(line("Copies, and what stays of them"), shown)] if shown else []


def relabelled(known: StoryFacts) -> list[DocumentBlock]:
    """Which labels changed from the first version to the newest, and some of these faces."""
    try:
        changed = diff(known.dataset, known.first.id, known.newest.id).relabelled
    except FerError:
        return [text("Which labels changed is not known: a version is damaged.")]
    changed = changed[changed["before"] != changed["after"]] if len(changed) else changed
    if changed.empty:
        return [text("No label is another one than in the first version.")]
    pairs = Counter(zip(changed["before"].astype(str), changed["after"].astype(str), strict=True))
    top = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:_CHANGES]
    rows = tuple(
        (line(Name(old)), line(Name(new)), line(count(f"relabelled.{old}.{new}", n))) for (old, new), n in top
    )
    blocks: list[DocumentBlock] = [
        text(count("relabelled", len(changed)), " labels are others in the newest version than in the first; most often:"),
        Table(("was", "is", "images"), rows, (2,)),
    ]  # fmt: skip
    if known.faces:
        some = changed.head(_FACES)
        pictures = known.pictures(some["image_id"].tolist())
        shown = [
            ShownFace(pictures[r["image_id"]], f"a face that was {r['before']} and is {r['after']}", str(r["after"]),
                 f"was {r['before']}")
            for r in some.to_dict("records")
            if r["image_id"] in pictures
        ]  # fmt: skip
        blocks.append(Faces(line("Labels that changed"), tuple(shown)))
    return blocks
