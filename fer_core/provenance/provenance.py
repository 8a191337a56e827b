"""Where a dataset comes from: its class counts and pictures against public sets.

found = provenance_of(dataset.manifest())
found.headline      # "A copy of FER2013."

Two kinds of evidence are kept apart: class counts equal to the published ones, and pictures that are the set's own
(`fingerprints`). Counts of a part of a set tell nothing; its pictures do.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from fer_core.data.manifest import counts, readable
from fer_core.provenance.fingerprints import FALSE_SHARE, BloomFilter, Fingerprint, pixel_keys, shipped
from fer_core.provenance.known_sets import KNOWN, Counts, KnownSet, find_known_set, images_per_class

SAME, RE_ENCODED, SOME = 0.98, 0.85, 0.05
"""Shares of the pictures from which a dataset is called a part of a set, the same where they were encoded again (about one
perceptual hash in ten then differs), and from which a set is named at all."""


@dataclass(frozen=True)
class Match:
    """A public set that this dataset resembles.

    Attributes:
        key, title: of the set.
        counts: "split and class", "class" or "split" where these counts equal the published ones; "" where none do.
        pixels: share (0..1) of the pictures that are the set's, pixel for pixel; None where it has no fingerprint.
        looks: the same by perceptual hash, which also finds pictures that were encoded again.
        covered: share (0..1) of the fingerprint's pictures that are here, by whichever finds more.
        known_share: share (0..1) of the whole public set that its fingerprint was made from.
        words: what that means.
        advice: what to know before training.
        source: where the published numbers are from.
    """

    key: str
    title: str
    counts: str
    pixels: float | None
    looks: float | None
    covered: float | None
    known_share: float | None
    words: str
    advice: str
    source: str

    @property
    def share(self) -> float:
        """The larger share of pictures; 1 where only counts were compared and are equal."""
        seen = [value for value in (self.pixels, self.looks) if value is not None]
        return max(seen) if seen else float(bool(self.counts))


@dataclass(frozen=True)
class Provenance:
    """What is known about a version's origin.

    Attributes:
        fingerprint: 16 hex digits of its counts per split and class: equal for equal counts under any names of files.
        images: readable ones.
        counts: per split and class.
        matches: public sets it resembles, the strongest first.
    """

    fingerprint: str
    images: int
    counts: Counts
    matches: list[Match]

    @property
    def headline(self) -> str:
        """What it resembles, in a sentence."""
        return self.matches[0].words if self.matches else "It resembles none of the public sets known here."

    def record(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"headline": self.headline}


def provenance_of(manifest: pd.DataFrame, prints: dict[str, Fingerprint] | None = None) -> Provenance:
    """Compare a version with the public sets.

    Args:
        manifest: the version.
        prints: fingerprints to compare with; None for those that come with the program.
    """
    rows = readable(manifest)
    class_counts: Counts = {
        str(split): {str(name): int(n) for name, n in row.items()} for split, row in counts(rows).iterrows()
    }
    known_prints = shipped() if prints is None else prints
    found = [_match(one, class_counts, rows, known_prints.get(one.key)) for one in KNOWN]
    matches = sorted((m for m in found if m), key=_strength, reverse=True)
    return Provenance(count_fingerprint(class_counts), len(rows), class_counts, _without_editions(matches))


def count_fingerprint(class_counts: Counts) -> str:
    """16 hex digits of counts per split and class; classes and splits without images do not matter."""
    filled = {s: {c: n for c, n in row.items() if n} for s, row in class_counts.items()}
    text = json.dumps({s: row for s, row in filled.items() if row}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _match(
    one: KnownSet, class_counts: Counts, rows: pd.DataFrame, print_: Fingerprint | None
) -> Match | None:
    equal = _equal_counts(one, class_counts)
    pixels = looks = covered = share = None
    if print_ is not None and len(rows):
        same = print_.pixels.holds(pixel_keys(rows))
        alike = print_.looks.holds(rows["phash"].to_numpy(np.uint64))
        pixels, looks = _corrected(same), _corrected(alike | same)
        covered = max(
            _covered(rows["pixel_hash"][same], print_.pixels), _covered(rows["phash"][alike], print_.looks)
        )
        share = min(print_.images / one.images, 1.0)
    if not equal and max(pixels or 0.0, looks or 0.0) < SOME:
        return None
    sentence = _sentence(one, equal, pixels, looks, share, len(rows))
    return Match(one.key, one.title, equal, pixels, looks, covered, share, sentence, one.advice, one.source)


def _covered(hits: pd.Series, keys: BloomFilter) -> float:
    """The share of a filter's hashes that were hit."""
    return min(hits.nunique() / keys.keys, 1.0)


def _corrected(found: np.ndarray) -> float:
    """The share of hits, less those that a filter makes up."""
    return float(max(found.mean() - FALSE_SHARE, 0.0) / (1 - FALSE_SHARE))


def _equal_counts(one: KnownSet, class_counts: Counts) -> str:
    """Which counts equal the published ones."""
    filled = {s: {c: n for c, n in row.items() if n} for s, row in class_counts.items() if sum(row.values())}
    if one.counts and filled == one.counts:
        return "split and class"
    if one.counts and images_per_class(filled) == images_per_class(one.counts):
        return "class"
    sizes = {split: sum(row.values()) for split, row in filled.items()}
    return "split" if len(sizes) > 1 and sizes == one.by_split() else ""


def _sentence(
    one: KnownSet, equal: str, pixels: float | None, looks: float | None, share: float | None, images: int
) -> str:
    """One sentence that says what is known and by what."""
    if pixels is None or looks is None or share is None:
        return f"Its counts per {equal} are exactly those of {one.title} ({images:,} images)."
    best = max(pixels, looks)
    if best < SOME:
        return f"Its counts per {equal} are exactly those of {one.title}, but its pictures are others."
    origin = f", itself a re-encoded part of {find_known_set(one.part_of).title}" if one.part_of else ""
    how = "pixel for pixel" if pixels >= 0.9 * best else "encoded again"
    some = round(best * images)
    shown = f"all {images:,}" if some == images else f"{some:,} of {images:,}"
    if equal:
        part = "" if best >= share else f" ({share:.0%} of the set can be told by its pictures)"
        return (
            f"A copy of {one.title}{origin}: its counts per {equal} are the published ones, and {shown} pictures "
            f"are its own, {how}{part}."
        )
    if best >= SAME or (best >= RE_ENCODED and how != "pixel for pixel"):
        return f"A part of {one.title}{origin}: {shown} pictures are its own, {how}; the whole set has {one.images:,}."
    return f"Holds pictures of {one.title}{origin}: {shown} ({best:.0%}), {how}."


def _strength(match: Match) -> tuple[float, float, float]:
    # The very pixels before the looks of them, and of two sets that hold all the one that is held more fully.
    return (
        2.0 * (match.counts == "split and class") + bool(match.counts) + (match.pixels or 0.0),
        match.covered or 0.0,
        match.looks or 0.0,
    )


def _without_editions(matches: list[Match]) -> list[Match]:
    """Leave out sets that are only another edition of the one found first."""
    if not matches:
        return []
    first = find_known_set(matches[0].key)
    echoes = {"fer2013-folders", "affectnet7", "affectnet8"} - {first.key}
    return [
        m
        for m in matches
        if m.key not in echoes or find_known_set(m.key).part_of not in {first.key, first.part_of}
    ]
