"""Which images are looked at, and in which order: a filter over any fact, that fits into a web address.

Within one column the choices are alternatives, between columns all must hold:

    >>> chosen = Selection(any_of={"label": ("happy", "sad")}, flags=("blurry",))
    >>> chosen.to_query()
    {'label': 'happy,sad', 'flag': 'blurry'}
    >>> Selection.from_query(chosen.to_query()) == chosen
    True
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from fer_core.data.manifest_columns import ManifestColumns
from fer_core.explore.facts import NO_IMAGE_FLAGS, Category, Flags, Measure

CATEGORIES = ("label", "split", "source", "mode", "format", "decision", "subject", "group", "voted", "said")
RANGES = (
    "brightness", "contrast", "sharpness", "side", "agreement", "entropy", "label_share", "label_score", "confidence",
    "valence", "arousal",
)  # fmt: skip
RUN_FACTS = ("said", "run_wrong", "confidence")
"""What is known of images by the answers of a run."""
SHUFFLE, BY_PATH = "shuffle", "path"


class FactSource(Protocol):
    """What a selection looks at; `facts.ImageFacts` is one."""

    columns: ManifestColumns

    def __len__(self) -> int: ...
    def category(self, name: str) -> Category: ...
    def measure(self, name: str) -> Measure: ...
    def flag(self, name: str) -> Flags: ...


@dataclass(frozen=True)
class Selection:
    """A filter and an order.

    Attributes:
        text: must occur in the path, whatever the case.
        any_of: category -> names of which the image has one.
        flags: the image has one of these; none given lets all through.
        ranges: measure -> lowest and highest value, both included; images without a value are left out.
        order: `SHUFFLE`, `BY_PATH`, or a measure, with "-" before it for the highest first.
        seed: of the shuffle.
    """

    text: str = ""
    any_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    order: str = SHUFFLE
    seed: int = 0

    @property
    def of_run(self) -> bool:
        """Whether it looks at the answers of a run."""
        asked = {*self.any_of, *self.flags, *self.ranges, self.order.removeprefix("-")}
        return not asked.isdisjoint(RUN_FACTS)

    def with_choices(self, name: str, *names: str) -> Selection:
        """With the choices of one category replaced; none takes the filter away."""
        rest = {k: v for k, v in self.any_of.items() if k != name}
        return replace(self, any_of=rest | ({name: tuple(names)} if names else {}))

    def with_range(self, name: str, low: float | None = None, high: float | None = None) -> Selection:
        """With the range of one measure replaced; no ends take it away."""
        rest = {k: v for k, v in self.ranges.items() if k != name}
        if low is None and high is None:
            return replace(self, ranges=rest)
        ends = (-math.inf if low is None else low, math.inf if high is None else high)
        return replace(self, ranges=rest | {name: ends})

    def positions(self, source: FactSource) -> NDArray[np.int64]:
        """Places of the images that pass, in order; int64 (k,)."""
        kept = np.flatnonzero(self.mask(source))
        if self.order == BY_PATH:
            paths = source.columns.array("path").take(kept)
            return kept[np.asarray(_sorted(paths))]
        if self.order == SHUFFLE:
            return np.random.default_rng(self.seed).permutation(kept)
        values = source.measure(self.order.removeprefix("-"))[kept]
        if self.order.startswith("-"):
            values = -values
        return kept[np.argsort(values, kind="stable")]  # NaN last, either way

    def mask(self, source: FactSource) -> Flags:
        """Which images pass; bool (n,). Rows that are no image pass only where their flag is asked for."""
        passed = np.ones(len(source), bool)
        for bare in NO_IMAGE_FLAGS:
            if bare not in self.flags:
                passed &= ~source.flag(bare)
        for name, wanted in self.any_of.items():
            codes, names = source.category(name)
            lookup = np.array([*(n in wanted for n in names), False])
            passed &= lookup[codes]
        if self.flags:
            some = np.zeros(len(source), bool)
            for flag in self.flags:
                some |= source.flag(flag)
            passed &= some
        for name, (low, high) in self.ranges.items():
            values = source.measure(name)
            with np.errstate(invalid="ignore"):
                passed &= (values >= low) & (values <= high)
        if self.text:
            passed &= source.columns.contains("path", self.text)
        return passed

    def to_query(self) -> dict[str, str]:
        """As parameters of an address: only what is set."""
        found = {"q": self.text} if self.text else {}
        found |= {name: _joined(names) for name, names in self.any_of.items() if names}
        if self.flags:
            found["flag"] = _joined(self.flags)
        found |= {name: f"{_end(low)}..{_end(high)}" for name, (low, high) in self.ranges.items()}
        if self.order != SHUFFLE:
            found["order"] = self.order
        if self.seed:
            found["seed"] = str(self.seed)
        return found

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Selection:
        """From parameters of an address; what makes no sense is left out."""
        measures = (*RANGES, *(name for name in query if name.endswith("_score") and name not in RANGES))
        ranges = {name: r for name in measures if (r := _range(query.get(name, ""))) is not None}
        order = query.get("order", SHUFFLE)
        known = order in (SHUFFLE, BY_PATH) or order.removeprefix("-").removesuffix("_score").isidentifier()
        return cls(
            text=query.get("q", ""),
            any_of={name: _split(query[name]) for name in CATEGORIES if query.get(name)},
            flags=_split(query.get("flag", "")),
            ranges=ranges,
            order=order if known else SHUFFLE,
            seed=int(query["seed"]) if query.get("seed", "").isdecimal() else 0,
        )


def _sorted(paths: object) -> NDArray[np.int64]:
    import pyarrow.compute as pc

    return np.asarray(pc.sort_indices(paths).to_numpy(zero_copy_only=False), np.int64)


def _joined(names: tuple[str, ...]) -> str:
    return ",".join(quote(name, safe=" '()&!") for name in names)


def _split(text: str) -> tuple[str, ...]:
    return tuple(unquote(part) for part in text.split(",") if part)


def _end(value: float) -> str:
    return "" if math.isinf(value) else f"{value:.6g}"


def _range(text: str) -> tuple[float, float] | None:
    low, dots, high = text.partition("..")
    if not dots or not (low or high):
        return None
    try:
        ends = (float(low or "-inf"), float(high or "inf"))
    except ValueError:
        return None
    return None if any(math.isnan(end) for end in ends) else ends
