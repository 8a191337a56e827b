"""What one key press of a reviewer means, wherever it was pressed: a browser, a notebook, the command line.

A press names the images and the verdict; what it records follows from the ranking or the manifest, here: giving an image
the label it has is a keep, names are canonical, an ambiguous image without a soft label gets the one that was offered.
Presses come in small batches, and again where a browser is not sure that they arrived; each counts once.

    receipt = record_presses(journal, [KeyPress(new_id, "keep", (image,))], mislabels.lookup.finder(dataset))
    receipt.refused                                 # what is not on the disk, and why
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pandas as pd

from fer_core.base.errors import DecisionError, FerError, NotFound
from fer_core.review import copies
from fer_core.review.decisions import VERDICTS, Decision, image_decision
from fer_core.review.journal import Journal
from fer_core.review.others import earlier_opinions, opinions_sentence
from fer_core.review.store import JournalStep

SETTLE, APART, UNDO, NOTE = "settle", "apart", "undo", "note"
ACTIONS = (*VERDICTS, NOTE, SETTLE, APART, UNDO)
GROUPS = (SETTLE, APART)
"""Actions about a group of copies; the others are about each image by itself."""
ReviewedRow = Mapping[str, Any]


@dataclass(frozen=True)
class KeyPress:
    """One press of a key.

    Attributes:
        id: made where it was pressed; the same id is recorded once.
        action: one of `ACTIONS`.
        images: image ids: one, those selected on a grid, or those of a group of copies.
        label: the right class, with relabel.
        soft: probability per class, with ambiguous; what was offered if empty.
        keep: image id of the copy that stays, with settle.
        reason: why, in words; of a settled group why that copy stays.
        undoes: id of the press that is taken back, with undo.
        ticket: as the face was handed out with; tells a self-check.
        who: the reviewer.
        version, method: of the ranking on screen.
        blind, final, grid: how it was decided, see `verdicts` and `audit`.
        alone: the face was shown as one that nobody had decided.
        age: seconds since it was pressed.
    """

    id: str
    action: str
    images: tuple[str, ...] = ()
    label: str = ""
    soft: Mapping[str, float] | None = None
    keep: str = ""
    reason: str = ""
    undoes: str = ""
    ticket: str = ""
    who: str = ""
    version: str = ""
    method: str = ""
    blind: bool = False
    final: bool = False
    grid: bool = False
    alone: bool = False
    age: float = 0.0

    def __post_init__(self) -> None:
        if not self.id or self.action not in ACTIONS:
            raise DecisionError(f"The action must be one of {', '.join(ACTIONS)}", received=self.action)
        if self.action == UNDO and not self.undoes:
            raise DecisionError("An undo needs the press that it takes back", received="none")
        if self.action != UNDO and not self.images:
            raise DecisionError(f"A {self.action} needs the images it is about", received="none")


def parse(value: Mapping[str, Any]) -> KeyPress:
    """A press from JSON, as a browser sends it.

    Raises:
        DecisionError: a field that is missing or of another kind; unknown fields are not looked at.
    """
    kinds = {
        "images": list, "soft": dict, "blind": bool, "final": bool, "grid": bool, "alone": bool,
        "age": (int, float)
    }  # fmt: skip
    known = {each.name: value[each.name] for each in fields(KeyPress) if value.get(each.name) is not None}
    for name, given in known.items():
        if not isinstance(given, kinds.get(name, str)):  # type: ignore[arg-type]
            raise DecisionError(f"A decision of the browser has a bad {name}", received=repr(given)[:80])
    if not {"id", "action"} <= known.keys():
        raise DecisionError("A decision of the browser lacks its id or action", received=sorted(known))
    known["images"] = tuple(str(image) for image in known.get("images", ()))
    return KeyPress(**known)


def press_decisions(
    press: KeyPress, rows: Mapping[str, ReviewedRow], check_of: str = ""
) -> tuple[Decision, ...]:
    """What a press records.

    Args:
        press: not an undo.
        rows: image id -> its row of the ranking with `pixel_hash`, or of the manifest where it is not ranked; all rows of
            the manifest for a group.
        check_of: key of the earlier decision that this one repeats, in a self-check.

    Raises:
        NotFound: an image without a row.
        DecisionError: as `Decision`.
    """
    missing = [image for image in press.images if image not in rows]
    if missing:
        raise NotFound("There is no such image in this version", received=missing[0])
    found = [rows[image] for image in press.images]
    if press.action in GROUPS:
        return _keyed(press, _group(press, pd.DataFrame(found)))
    return _keyed(press, [_image_decision(press, row, check_of) for row in found])


def _keyed(press: KeyPress, made: list[Decision]) -> tuple[Decision, ...]:
    """The key of a single decision is the id of its press; of several it is the batch."""
    if len(made) == 1:
        return (replace(made[0], key=press.id),)
    return tuple(replace(one, key=f"{press.id}-{number}") for number, one in enumerate(made))


def _image_decision(press: KeyPress, row: ReviewedRow, check_of: str) -> Decision:
    shown: dict[str, Any] = {"version": press.version} if press.version else {}
    shown |= {"method": press.method} if press.method else {}
    shown |= {name: True for name in ("blind", "final", "grid") if getattr(press, name)}
    shown |= {"self_check": check_of} if check_of else {}
    return image_decision(
        row,
        press.action,
        label=press.label,
        soft=press.soft,
        reason=press.reason,
        who=press.who,
        shown=shown,
    )


def _group(press: KeyPress, group: pd.DataFrame) -> list[Decision]:
    if press.action == APART:
        return copies.reject_decisions(group, press.who)
    if press.keep not in press.images:
        raise DecisionError("The copy that stays must be one of the group", received=press.keep or "none")
    dropped = tuple(image for image in press.images if image != press.keep)
    return copies.settle_decisions(group, copies.KeepProposal(press.keep, dropped, press.reason), press.who)


def ticket(image_id: str, check_of: str = "") -> str:
    """What a face is handed out with. One that is shown again for a self-check has another, and looks the same."""
    text = f"check\0{check_of}" if check_of else f"face\0{image_id}"
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


Find = Callable[[KeyPress], Mapping[str, ReviewedRow]]
"""The rows that a press is about, image id -> row; `mislabels.lookup.finder` makes one."""


@dataclass(frozen=True)
class Receipt:
    """What became of presses.

    Attributes:
        saved: ids of those that are on the disk, now or since before.
        refused: id -> why it was not recorded; sending it again would change nothing.
        problem: why nothing was recorded this time, "" if something was: send all again.
        met: id -> what somebody else had said meanwhile of a face that was shown as one nobody had decided; no self-check.
    """

    saved: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    met: Mapping[str, str] = field(default_factory=dict)


def record_presses(journal: Journal, presses: Iterable[KeyPress], find: Find) -> Receipt:
    """Record presses in their order, each once however often it is sent; on the disk when this returns.

    Args:
        journal: of the dataset.
        presses: of one reviewer, oldest first.
        find: the rows that a press is about, image id -> row, see `key_press.decisions`.
    """
    steps, refused, alone = [], {}, set()
    try:
        for press in presses:
            try:
                steps.append(_step(journal, press, find))
                alone |= {press.id} if press.alone and not _asked_again(press) else set()
            except FerError as error:
                refused[press.id] = str(error)
        refused |= journal.take(steps)
        saved = tuple(step.id for step in steps if step.id not in refused)
        met = {
            name: words
            for name in saved
            if name in alone and (words := opinions_sentence(earlier_opinions(journal, [name])))
        }
    except (DecisionError, OSError) as error:
        return Receipt(problem=str(error))
    return Receipt(saved, refused, met=met)


def _step(journal: Journal, press: KeyPress, find: Find) -> JournalStep:
    if press.action == UNDO:
        return JournalStep(press.id, undoes=press.undoes, who=press.who, age=press.age)
    made = press_decisions(press, find(press), _check_of(journal, press))
    return JournalStep(press.id, made, who=press.who, age=press.age)


def _asked_again(press: KeyPress) -> bool:
    """Whether the face was handed out as a self-check: telling what others said would give it away."""
    return bool(press.ticket) and len(press.images) == 1 and press.ticket != ticket(press.images[0])


def _check_of(journal: Journal, press: KeyPress) -> str:
    """Key of the reviewer's own decision that the press repeats, told by its ticket; "" for an ordinary one."""
    if not _asked_again(press):
        return ""
    earlier = journal.history(press.images[0])
    mine = earlier.loc[earlier["who"] == journal.known_as(press.who), "key"]
    return next((key for key in mine if ticket(press.images[0], key) == press.ticket), "")
