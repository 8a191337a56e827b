"""How far apart the hashes of copies may be, and what share of all copies each reach finds."""

from __future__ import annotations

DISTANCE = 24
"""Bits by which the hashes of copies may differ unless asked otherwise: the smallest reach that loses none below."""
MAX_DISTANCE = DISTANCE
SURE_DISTANCE = 6
"""Bits up to which copies are dropped without a person: beyond, more and more pairs that correlate are two faces in the same
light (docs/recall-of-copies.md). Those still count as possible leaks and stay on one side of a split."""
STEPS: tuple[int, ...] = (0, 4, 8, 12, 16, 20, 24)
"""Reaches to choose from; pHash has as many set as unset bits, so its distances are even."""

RECALL: dict[int, float] = {
    0: 0.380, 2: 0.744, 4: 0.903, 6: 0.960, 8: 0.978, 10: 0.987, 12: 0.993, 14: 0.995, 16: 0.998, 18: 0.999, 20: 0.999,
    22: 1.0, 24: 1.0,
}  # fmt: skip
"""Share of all confirmed pairs, near and mirrored, whose hashes are so near; of 9,816 in FER2013 and the four-class set: 4,071 in
the same frame, found among all pairs without any hash, and 5,745 in another frame (docs/recall-of-copies.md)."""
RECALL_SAME_FRAME: dict[int, float] = {
    0: 0.062, 2: 0.213, 4: 0.328, 6: 0.377, 8: 0.393, 10: 0.402, 12: 0.408, 14: 0.410, 16: 0.412, 18: 0.414, 20: 0.414,
    22: 0.415, 24: 0.415,
}  # fmt: skip
"""The same where copies in another frame were not looked for: by older programs, and in sets too large to compare all pairs."""

ALL_PAIRS_UP_TO = 60_000
"""Different pictures beyond which not all pairs are compared: the time grows with their square, 58 s of CPU time at
17,557 (near and mirrored), 11 minutes here, 52 hours at 1,000,000."""
AT_ONCE_UP_TO = 4_000
"""Different pictures up to which comparing takes five seconds of CPU: an import does it at once, others in the background."""
PROPOSED_DISTANCE = 6
"""Bits up to which hashes propose the pairs of larger sets. Of the four-class set's 154 million pairs, at three of the 25
alignments, 1,047 are that near, nearly all of them copies; 10,596 are within 10 bits, which a million pictures would turn into
tens of millions of strangers to be correlated."""
NOT_FRAMED_NOTE = (
    "Copies in another frame (cropped, moved by 4 pixels of 48 or more, resized, turned) were not looked for."
)
MISSED_NOTE = "A third of the copies with text across them, and most with a border drawn around, are not found at any reach."
"""What no reach finds, of planted copies (docs/recall-of-copies.md)."""
ALL_PAIRS = 64
"""The reach of a comparison of all pairs."""


def method_name(reach: int) -> str:
    """Which pairs were compared, in words: `all pairs` or `pairs proposed by hashes up to 6 bits`."""
    return (
        "all pairs"
        if reach >= ALL_PAIRS
        else f"pairs in the same frame proposed by hashes up to {reach} bits"
    )


def recall(distance: int, framed: bool = True) -> float:
    """The figure of `RECALL` for a reach, or of `RECALL_SAME_FRAME`; of an odd one that of the even one below."""
    table = RECALL if framed else RECALL_SAME_FRAME
    return table[max(0, min(distance, MAX_DISTANCE)) // 2 * 2]
