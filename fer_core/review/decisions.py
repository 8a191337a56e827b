"""What a person can decide about an image, checked before it is recorded.

Three kinds of decision exist. A *verdict* says what becomes of one image (`relabel`, `keep`, `delete`,
`ambiguous`); a *pair* says whether two pictures are the same (`duplicate`, `not_duplicate`); a `note` says
something in words. Within a kind the latest decision on the same image, or pair, is the one that holds.

    >>> Decision("relabel", image_id="a1", label="Happiness").label
    'happy'
    >>> Decision("relabel", image_id="a1")
    Traceback (most recent call last):
    fer_core.base.errors.DecisionError: A relabel decision needs the new label. Received: ''.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import DecisionError
from fer_core.base.workspace import check_name

VERDICTS: tuple[str, ...] = ("relabel", "keep", "delete", "ambiguous")
PAIRS: tuple[str, ...] = ("duplicate", "not_duplicate")
ACTIONS: tuple[str, ...] = (*VERDICTS, *PAIRS, "note")


@dataclass(frozen=True)
class Decision:
    """One decision, complete and checked.

    Args:
        action: one of `ACTIONS`.
        image_id: the image decided on, as the manifest has it; may be empty where `pixel_hash` is given.
        pixel_hash: its decoded pixels; finds the image again in another copy of the data.
        label: the new class of a `relabel`, in any known spelling; in a `keep` or `ambiguous`, the class of an earlier
            relabel that it confirms, which the journal fills in.
        soft_label: probability per class of an `ambiguous`; scaled to sum to 1.
        other: pixel hash of the second picture of a pair; in a `delete`, of the copy that stays.
        path: where the file lies in its source; tells equal pictures apart in another copy of the data.
        reason: why, in the reviewer's words.
        who: the reviewer's name, empty where nobody gave one.
        shown: what the reviewer saw when deciding (JSON): given label, suggestion, scores, version.
        key: identity of the decision. Recording the same key again changes nothing.

    Raises:
        DecisionError: an unknown action, or one that lacks what it needs.
        BadName: a label that cannot be a class name.
    """

    action: str
    image_id: str = ""
    pixel_hash: str = ""
    label: str = ""
    soft_label: Mapping[str, float] | None = None
    other: str = ""
    path: str = ""
    reason: str = ""
    who: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise DecisionError(f"The action must be one of {', '.join(ACTIONS)}", received=self.action)
        if not self.key:
            raise DecisionError("A decision needs a key", received=repr(self.key))
        if self.action in VERDICTS and not (self.image_id or self.pixel_hash):
            raise DecisionError(f"A {self.action} decision needs the image it is about", received="no image")
        if self.action in PAIRS and not (self.pixel_hash and self.other):
            raise DecisionError(
                f"A {self.action} decision needs the pixel hashes of both pictures",
                received=f"{self.pixel_hash!r} and {self.other!r}",
            )
        if self.action == "relabel" and not self.label.strip():
            raise DecisionError("A relabel decision needs the new label", received=repr(self.label))
        if self.label:
            object.__setattr__(self, "label", class_name(self.label))
        if self.action == "ambiguous":
            object.__setattr__(self, "soft_label", normalized_soft_label(self.soft_label))
        try:
            json.dumps(self.shown)
        except (TypeError, ValueError) as error:
            raise DecisionError("What was shown cannot be written as JSON", received=error) from error

    @property
    def subject(self) -> str:
        """What a later decision with the same subject supersedes; a note supersedes nothing."""
        return subject(self.action, self.image_id, self.pixel_hash, self.other, self.key)


def subject(action: str, image_id: str, pixel_hash: str, other: str, key: str) -> str:
    """`Decision.subject` of these fields."""
    if action in VERDICTS:
        return f"image:{image_id}" if image_id else f"picture:{pixel_hash}"
    if action in PAIRS:
        return "pair:" + "|".join(sorted((pixel_hash, other)))
    return f"note:{key}"


def class_name(name: str) -> str:
    """Canonical spelling of a class, refused if it could not be a folder's name."""
    return canonical_emotion(check_name(name, "class"))


def as_recorded(action: str, label: str, given: str) -> tuple[str, str]:
    """The action and class that are recorded: giving an image the label it has, in any spelling, keeps it.

    >>> as_recorded("relabel", "Happiness", "happy"), as_recorded("relabel", "sadness", "happy")
    (('keep', ''), ('relabel', 'sad'))
    """
    if action != "relabel" or not label:
        return action, label
    clean = class_name(label)
    return ("keep", "") if clean == given else (action, clean)


def normalized_soft_label(probabilities: Mapping[str, float] | None) -> dict[str, float]:
    """Probabilities per class under canonical names, scaled to sum to 1, zeros left out.

    Raises:
        DecisionError: none given, a negative or non-finite one, or all zero.
    """
    if not probabilities:
        raise DecisionError(
            "An ambiguous decision needs a probability per class", received=repr(probabilities)
        )
    summed: dict[str, float] = {}
    for name, value in probabilities.items():
        if not (math.isfinite(value) and value >= 0):
            raise DecisionError("A probability must be a number of at least 0", received=f"{name}: {value}")
        if value > 0:
            clean = class_name(name)
            summed[clean] = summed.get(clean, 0.0) + float(value)
    total = sum(summed.values())
    if total <= 0:
        raise DecisionError(
            "The probabilities of an ambiguous decision are all zero", received=dict(probabilities)
        )
    return {name: value / total for name, value in summed.items()}


def probabilities(row: Mapping[str, Any], classes: Sequence[str]) -> dict[str, float]:
    """Class -> probability, from the `p_<class>` columns of a ranking's row."""
    return {name: float(row[f"p_{name}"]) for name in classes if f"p_{name}" in row}


def proposed_soft_label(row: Mapping[str, Any], classes: Sequence[str]) -> dict[str, float]:
    """The soft label offered for an image: shares of people's votes where it has any, else the probabilities."""
    votes = row.get("votes")
    if votes is not None and sum(votes) > 0:
        return {name: float(n) / float(sum(votes)) for name, n in zip(classes, votes, strict=True)}
    return probabilities(row, classes)


def image_decision(
    row: Mapping[str, Any],
    action: str,
    *,
    label: str = "",
    soft: Mapping[str, float] | None = None,
    reason: str = "",
    who: str = "",
    shown: Mapping[str, Any] | None = None,
) -> Decision:
    """A verdict or a note on one image, with what the reviewer saw.

    Args:
        row: of the manifest, or of a ranking with the `pixel_hash` of the image.
        action: one of `VERDICTS`, or note.
        label: the right class, with relabel. Giving an image the label it has is a `keep`.
        soft: probability per class, with ambiguous; the `proposed_soft_label` of a ranked image if None.
        reason: why, in words; what the ranking says of a ranked image if empty.
        who: the reviewer.
        shown: more of what was on screen: version, method, blind, self_check, final.
    """
    given = str(row["label"])
    action, label = as_recorded(action, label, given)
    seen: dict[str, Any] = {"label": given}
    if action in VERDICTS and "score" in row:
        classes = [str(name)[2:] for name in row if str(name).startswith("p_")]
        soft = soft or proposed_soft_label(row, classes)
        reason = reason or str(row.get("why", ""))
        seen |= {
            "suggested": str(row["suggested"]),
            "score": round(float(row["score"]), 4),
            "probabilities": {name: round(p, 4) for name, p in probabilities(row, classes).items()},
        }
    return Decision(
        action,
        image_id=str(row["image_id"]),
        pixel_hash=str(row["pixel_hash"]),
        path=str(row["path"]),
        label=label,
        soft_label=soft if action == "ambiguous" else None,
        reason=reason,
        who=who,
        shown={**seen, **(shown or {})},
    )
