"""Public sets people start from, by their published class counts.

Counts are those of the sets as published; a copy that lost or gained a single file has others, so equal counts
are strong evidence and other counts are none. Which pictures a set holds is told by `fingerprints`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

Counts = dict[str, dict[str, int]]
"""Split -> class -> images."""


@dataclass(frozen=True)
class KnownSet:
    """A public set.

    Attributes:
        key: short, fixed.
        title: what people call it.
        images: of the whole set.
        counts: per split and class, under our names; the splits are the published ones.
        sizes: per split, for a set whose class counts nobody published.
        source: where the numbers are from.
        part_of: key of the set its pictures are from; "" for its own.
        advice: what to know before training from it.
    """

    key: str
    title: str
    images: int
    source: str
    counts: Counts = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    part_of: str = ""
    advice: str = ""

    def by_split(self) -> dict[str, int]:
        """Images per split."""
        return self.sizes or {split: sum(row.values()) for split, row in self.counts.items()}


def images_per_class(counts: Counts) -> dict[str, int]:
    """Images per class over all splits."""
    total: Counter[str] = Counter()
    for row in counts.values():
        total.update(row)
    return dict(total)


def _counts(order: str, **splits: tuple[int, ...]) -> Counts:
    names = order.split()
    return {split: dict(zip(names, row, strict=True)) for split, row in splits.items()}


_FER_ORDER = "anger disgust fear happy sad surprise neutral"
_AFFECTNET_ORDER = "neutral happy sad surprise fear disgust anger contempt"
_RAFDB_ORDER = "surprise fear disgust happy sad anger neutral"
_FER_ADVICE = (
    "Its own splits share pictures, and its labels are disputed: FER+ disagrees with about a third of them."
)
_AFFECTNET_ADVICE = (
    "Its training classes are far from even and its validation split is even: judge a model class by class."
)

KNOWN: tuple[KnownSet, ...] = (
    KnownSet(
        "fer2013",
        "FER2013",
        35_887,
        # Totals per class from the report; per split from the CSV: Training, PublicTest, PrivateTest.
        "Goodfellow et al., Challenges in Representation Learning (2013), arXiv:1307.0414; Kaggle's fer2013.csv",
        _counts(
            _FER_ORDER,
            train=(3995, 436, 4097, 7215, 4830, 3171, 4965),
            val=(467, 56, 496, 895, 653, 415, 607),
            test=(491, 55, 528, 879, 594, 416, 626),
        ),
        advice=_FER_ADVICE,
    ),
    KnownSet(
        "fer2013-folders",
        "FER2013 as image folders",
        35_887,
        # PublicTest and PrivateTest together as "test".
        "The same counts, as in Kaggle's msambare/fer2013",
        _counts(
            _FER_ORDER,
            train=(3995, 436, 4097, 7215, 4830, 3171, 4965),
            test=(958, 111, 1024, 1774, 1247, 831, 1233),
        ),
        part_of="fer2013",
        advice=_FER_ADVICE,
    ),
    KnownSet(
        "capstone4",
        "the four-class set",
        20_214,
        # Only sizes of the splits are published; its 128 test images are 32 of each class.
        "Facial_emotion_images of a course's final project; sizes as in muscak/Facial-Emotion-Recognition",
        sizes={"train": 15_109, "val": 4_977, "test": 128},
        part_of="fer2013",
        advice="Its pictures are FER2013's, encoded again as JPEG, and its splits cut across FER2013's: neither tests a model "
        "that was trained on the other.",
    ),
    KnownSet(
        "affectnet8",
        "AffectNet, eight classes",
        291_651,
        # 287,651 manually labelled training images of eight classes; 500 per class for validation; no test set was published.
        "Mollahosseini et al., AffectNet, IEEE Trans. Affective Computing (2019), arXiv:1708.03985; the released lists",
        _counts(
            _AFFECTNET_ORDER,
            train=(74_874, 134_415, 25_459, 14_090, 6_378, 3_803, 24_882, 3_750),
            val=(500,) * 8,
        ),
        advice=_AFFECTNET_ADVICE,
    ),
    KnownSet(
        "affectnet7",
        "AffectNet, seven classes",
        287_401,
        "The same without contempt",
        _counts(
            _AFFECTNET_ORDER.removesuffix(" contempt"),
            train=(74_874, 134_415, 25_459, 14_090, 6_378, 3_803, 24_882),
            val=(500,) * 7,
        ),
        part_of="affectnet8",
        advice=_AFFECTNET_ADVICE,
    ),
    KnownSet(
        "rafdb",
        "RAF-DB, basic emotions",
        15_339,
        "Li, Deng and Du, Reliable Crowdsourcing and Deep Locality-Preserving Learning (CVPR 2017); list_patition_label.txt",
        _counts(
            _RAFDB_ORDER,
            train=(1290, 281, 717, 4772, 1982, 705, 2524),
            test=(329, 74, 160, 1185, 478, 162, 680),
        ),
        advice="It has no validation split: take one from train, or the test split ends up choosing the model.",
    ),
)


def find_known_set(key: str) -> KnownSet:
    """The set of that key. Raises KeyError."""
    return {found.key: found for found in KNOWN}[key]
