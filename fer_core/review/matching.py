"""Which images of a manifest a verdict is about.

1. A verdict is about the image with its `image_id`, unless that file now holds other pixels.
2. A verdict without an image_id is about every picture with its pixels that no verdict of rule 1 claims.
3. If this copy of the data never had the id, pixels decide, of images nothing has claimed yet: first those at
   the same path, then of the same file name, then any. A `delete` takes one image; where another verdict on
   the same pixels says what the picture is, one is left for it. Others take the rest, the latest first.

An id this copy once had, and has no longer, is gone: its verdict does not move on to a copy of the picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from fer_core.base.tables import column_values

CHANGED = "the file has other pixels now"
GONE = "the image is not in this version"
UNKNOWN = "no image here has this id or these pixels"


@dataclass
class Matches:
    """What was found: images per decision key, and why others found none."""

    images: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def match_images(
    decisions: Iterable[Mapping[str, Any]], manifest: pd.DataFrame, once: Callable[[], Iterable[str]]
) -> Matches:
    """The images each verdict is about.

    Args:
        decisions: verdicts that hold, oldest first: key, action, image_id, pixel_hash, path.
        manifest: the version to find them in.
        once: gives the ids this copy of the data had in any version; called only where an id is not found.

    Returns:
        An image is claimed by one verdict at most.
    """
    result = Matches()
    hashes = dict(
        zip(column_values(manifest["image_id"]), column_values(manifest["pixel_hash"]), strict=True)
    )
    pictures: list[tuple[str, str]] = []
    strangers: list[tuple[str, str, str, str]] = []
    absent: list[tuple[str, str, str, str, str]] = []
    columns = ("key", "action", "image_id", "pixel_hash", "path")
    claimed: set[str] = set()
    for decision in decisions:
        key, action, image, pixels, path = (decision[name] for name in columns)
        if not image:
            pictures.append((key, pixels))
        elif image not in hashes:
            absent.append((key, action, image, pixels, path))
        elif pixels and hashes[image] and hashes[image] != pixels:
            result.missing[key] = CHANGED
        else:
            result.images[key] = [image]
            claimed.add(image)
    if absent:
        known = set(once())
        for key, action, image, pixels, path in absent:
            if image in known:
                result.missing[key] = GONE
            else:
                strangers.append((key, action, pixels, path))
    if pictures or strangers:
        _by_pixels(result, manifest, claimed, pictures, strangers)
    return result


def _by_pixels(
    result: Matches,
    manifest: pd.DataFrame,
    claimed: set[str],
    pictures: list[tuple[str, str]],
    strangers: list[tuple[str, str, str, str]],
) -> None:
    wanted = {pixels for _, pixels in pictures} | {pixels for _, _, pixels, _ in strangers}
    rows = manifest[manifest["pixel_hash"].isin(wanted - {""})].sort_values("path")
    free: dict[str, dict[str, str]] = defaultdict(dict)  # pixel hash -> image_id -> path, unclaimed
    for image, pixels, path in rows[["image_id", "pixel_hash", "path"]].itertuples(index=False):
        if image not in claimed:
            free[pixels][image] = path

    def take(key: str, pixels: str, images: list[str]) -> None:
        for image in images:
            del free[pixels][image]
        if images:
            result.images[key] = images
            result.missing.pop(key, None)
        else:
            result.missing[key] = UNKNOWN

    for key, pixels in reversed(pictures):
        take(key, pixels, list(free[pixels]))
    open_: list[tuple[str, str, str, str]] = list(reversed(strangers))
    for same in (lambda a, b: a == b, lambda a, b: _name(a) == _name(b)):
        still = []
        for key, action, pixels, path in open_:
            found = [image for image, there in free[pixels].items() if path and same(path, there)]
            if found:
                take(key, pixels, found[:1])
            else:
                still.append((key, action, pixels, path))
        open_ = still
    told = {pixels for _, action, pixels, _ in open_ if action != "delete"}
    for key, action, pixels, _ in open_:
        if action == "delete":
            spare = len(free[pixels]) - (pixels in told)
            take(key, pixels, list(free[pixels])[: max(0, min(spare, 1))])
    for key, action, pixels, _ in open_:
        if action != "delete":
            take(key, pixels, list(free[pixels]))


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]
