"""What annotation tools say of photos: boxes with a class, or a class for a whole picture, whatever file says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from fer_core.base.emotions import canonical_split
from fer_core.data.readers.base import MISSING, Entry
from fer_core.data.readers.crops import crop_path
from fer_core.data.readers.delivery import Delivered, Listing, labelled
from fer_core.data.readers.text_table import NameIndex


@dataclass(frozen=True)
class Annotation:
    """One thing that a tool's file says.

    Attributes:
        file: that says it.
        photo: as it is called there.
        found: the class.
        box: left, top, right, bottom in pixels; None for the whole picture.
        number: of the annotation, where it is `broken`: it has no box or class that can be read.
    """

    file: str
    photo: str
    found: str = ""
    box: tuple[float, float, float, float] | None = None
    number: str = ""
    broken: bool = False


def annotated(listing: Listing, files: set[str], said: Iterable[Annotation], how: str) -> Delivered:
    """Every face of a listing, cut out by its box; photos of which nothing is said are without a class.

    Args:
        listing: photos, and the tool's files.
        files: the tool's.
        said: what stands in them.
        how: for `Delivered`.
    """
    photos = {e.path: replace(e, split=split_of(e.path)) for e in listing.images}
    everywhere = NameIndex(photos)
    of_split: dict[str | None, NameIndex] = {}
    entries: dict[str, Entry] = {}
    with_faces: set[str] = set()
    for one in said:
        split = split_of(one.file) or split_of(PurePosixPath(one.file).stem)
        if split not in of_split:
            of_split[split] = NameIndex(path for path, photo in photos.items() if photo.split == split)
        path = of_split[split].find(one.photo) or everywhere.find(one.photo)
        if path is None:
            gone = Entry(one.photo, problem=f"Named in {one.file}, but not there", kind=MISSING)
            entries.setdefault(one.photo, gone)
            continue
        with_faces.add(path)
        face = _face(photos[path], one)
        entries[face.path] = replace(face, split=face.split or split)
    bare = [labelled(photo, None) for path, photo in photos.items() if path not in with_faces]
    return Delivered([*entries.values(), *bare], [e for e in listing.others if e.path not in files], how)


def _face(photo: Entry, one: Annotation) -> Entry:
    if one.broken:
        problem = f"Its annotation in {one.file} has no box of four numbers with a class"
        return replace(photo, path=f"{photo.path}#{one.number}", problem=problem)
    if one.box is None:
        return labelled(photo, one.found)
    left, top, right, bottom = (round(side) for side in one.box)
    return labelled(replace(photo, path=crop_path(photo.path, (left, top, right, bottom))), one.found)


def split_of(path: str) -> str | None:
    """The split that the innermost of a path's folders names, or the path itself where it has none."""
    parts = path.split("/")[:-1] or [path]
    return next((split for part in reversed(parts) if (split := canonical_split(part))), None)
