"""The story's first half: what the dataset is, what was wrong with it, and what every version repaired."""

from __future__ import annotations

import pandas as pd

from fer_core.base.errors import FerError
from fer_core.data.manifest import readable
from fer_core.data.versions import Version
from fer_core.evaluation.data_axis.changes import DataChanges, between
from fer_core.evaluation.votes.vote_agreement import people_agreement
from fer_core.explore.vote_stats import votes_of
from fer_core.reports.document import (
    Chip,
    DocumentBlock,
    Faces,
    InlineLine,
    Name,
    Section,
    ShownFace,
    Table,
    Text,
    count,
    line,
    names,
    share,
    text,
)
from fer_core.reports.story import decisions
from fer_core.reports.story.known import StoryFacts, faces_of
from fer_core.splits import certificate
from fer_core.splits.leaks import leaks_of

_FACES = 8
_CHANGED = ("copies", "dropped", "relabelled", "merged", "added", "back", "moved")
_TOLD = {
    "good": Chip("good", "no"),
    "warn": Chip("warn", "somewhat"),
    "bad": Chip("bad", "yes"),
}


def sections(known: StoryFacts) -> list[Section]:
    """The problem, and the repair."""
    return [
        Section("The problem", tuple(_problem(known))),
        Section("The data and its repair", tuple(_repair(known)), "what every version did"),
    ]


def _problem(known: StoryFacts) -> list[DocumentBlock]:
    first = known.first
    manifest = readable(known.dataset.manifest(first.id))
    splits = {split: n for split, n in first.images_per_split.items() if n}
    own = [name for name in known.classes if name in first.counts["classes"]]
    rows = [_class_row(first, name, list(splits)) for name in own]
    rows.append(
        (
            line("all"),
            *(line(count(f"problem.{split}", n)) for split, n in splits.items()),
            line(count("problem.images", first.counts["images"])),
            line(),
        )
    )
    blocks: list[DocumentBlock] = [
        text("As it came, ", Name(known.dataset.name), " holds ", count("problem.images", first.counts["images"]),
             " readable images of ", count("problem.classes", len(own)), " classes: ", *names(own), ". ",
             "Files that cannot be read: ", count("problem.unreadable", first.counts["unreadable"]), "."),
        Table(("class", *splits, "images", "share"), tuple(rows), tuple(range(1, len(splits) + 3))),
        *_people(known, manifest),
        *_leaks(known, first, "problem.leaks"),
    ]  # fmt: skip
    if known.faces:
        blocks += [_of_class(known, manifest, name) for name in own]
    return blocks


def _class_row(version: Version, name: str, splits: list[str]) -> tuple[InlineLine, ...]:
    counts, total = version.counts["counts"], max(version.counts["images"], 1)
    cells = [line(count(f"problem.{split}.{name}", counts[split].get(name, 0))) for split in splits]
    images = version.counts["classes"][name]
    return (
        line(Name(name)),
        *cells,
        line(count(f"problem.all.{name}", images)),
        line(share(f"problem.share.{name}", images / total)),
    )


def _people(known: StoryFacts, manifest: pd.DataFrame) -> list[Text]:
    """How far people agree on these images, where they voted."""
    votes = votes_of(known.dataset, manifest)
    if votes is None:
        return [text("Nobody's votes on the faces are known, so how far people agree is not known.")]
    found = people_agreement(votes, known.classes, manifest.set_index("image_id")["label"])
    if found is None:
        return [
            text("The votes on the faces name none of its classes, so how far people agree is not known.")
        ]
    return [
        text("People voted on these faces. Of the votes for its classes, ", share("problem.people", found.people),
             " go to the class that a face got most of (mean over ", count("problem.voted", found.images),
             " faces with one such class): so far one person agrees with what most say. The label that came with the face is "
             "that class for ", share("problem.label", found.label), " of them."),
    ]  # fmt: skip


def _leaks(known: StoryFacts, version: Version, key: str) -> list[Text]:
    """What is known of copies across the splits of a version."""
    found = leaks_of(known.dataset, version.id)
    if len(found.sizes) < 2:
        return [text("There are no two splits that copies could lie across.")]
    missing = "not compared yet"
    parts: list[Text] = [
        text("Pairs of copies across its splits. Of equal pixels: ", count(f"{key}.exact", found.exact), "; near: ",
             count(f"{key}.near", found.near, missing), "; mirrored: ", count(f"{key}.mirrored", found.mirrored, missing), "."),
    ]  # fmt: skip
    for split, n in found.in_train.items():
        if n:
            parts.append(
                text("Of ", count(f"{key}.of.{split}", found.sizes[split]), f" {split} pictures ",
                     count(f"{key}.in_train.{split}", n), " have a known copy in train: a score on them is memory.")
            )  # fmt: skip
    return parts


def _of_class(known: StoryFacts, manifest: pd.DataFrame, name: str) -> Faces:
    rows = faces_of(manifest, name, _FACES)
    pictures = known.pictures(rows["image_id"].tolist())
    return Faces(line(Name(name)), tuple(ShownFace(p, f"a face labelled {name}") for p in pictures.values()))


def _repair(known: StoryFacts) -> list[DocumentBlock]:
    header = ("version", "made by", "images", "copies out", "others out", "relabelled", "merged", "added", "back", "moved",
              "certificate", "copies left", "pairs checked")  # fmt: skip
    rows = [_version_row(known, version) for version in known.versions]
    blocks: list[DocumentBlock] = [Table(header, tuple(rows), (2, 3, 4, 5, 6, 7, 8, 9, 11, 12))]
    if len(known.versions) == 1:
        blocks.append(text("Nothing was repaired yet: there is one version."))
    blocks += decisions.made(known)
    if known.newest.id != known.first.id:
        blocks += decisions.relabelled(known)
        blocks += _leaks(known, known.newest, "repaired.leaks")
    for version in known.versions:
        if version.operation == "merge":
            blocks += _merge(known, version)
    return blocks


def _version_row(known: StoryFacts, version: Version) -> tuple[InlineLine, ...]:
    key = f"v{version.number}"
    held = certificate.load(known.dataset, version.id)
    chip = (
        Chip("none", "none")
        if held is None
        else Chip("good", "holds")
        if held.holds
        else Chip("bad", "does not hold")
    )
    checked = [n for n in (held.exact, held.near, held.mirrored) if n is not None] if held else []
    narrow = held.narrow if held else ""
    changed = _changes(known, version)
    made = version.operation if changed or version.parent is None else f"{version.operation}, parent gone"
    return (
        line(Name(key + (f" {version.name}" if version.name else ""))),
        line(Name(made)),
        line(count(f"{key}.images", version.counts["images"])),
        *(
            line(
                count(f"{key}.{name}", getattr(changed, name)) if changed else "–"
                if version.parent is None
                else "not known"
            )
            for name in _CHANGED
        ),
        line(chip, ": ", Name(narrow)) if narrow else line(chip),
        line(count(f"{key}.left", sum(checked) if checked else None, "not checked"), " of those checked" if narrow else ""),
        line(count(f"{key}.pairs", held.pairs_checked if held else None, "not checked")),
    )  # fmt: skip


def _changes(known: StoryFacts, version: Version) -> DataChanges | None:
    if version.parent is None:
        return None
    try:
        return between(known.dataset, version.parent, version.id)
    except FerError:
        return None


def _merge(known: StoryFacts, version: Version) -> list[DocumentBlock]:
    """What a merge added to each class, and whether a small model tells old and new apart."""
    said, key = version.parameters, f"v{version.number}.merge"
    told_apart = said.get("sources_told_apart") or {}
    rows = []
    for name, row in (said.get("classes") or {}).items():
        probe = told_apart.get(name) or {}
        rows.append(
            (line(Name(name)), line(count(f"{key}.{name}.here", row.get("here"))), line(count(f"{key}.{name}.added",
                row.get("added"))),
             line(count(f"{key}.{name}.after", row.get("after"))), line(_TOLD.get(str(probe.get("verdict")),
                 Chip("none", "too few to tell"))))
        )  # fmt: skip
    return [
        text("Version ", Name(f"v{version.number}"), " merged images of ", Name(str(said.get("dataset", "another set"))), " in:"),
        Table(("class", "before", "added", "after", "old told from new"), tuple(rows), (1, 2, 3)),
    ]  # fmt: skip
