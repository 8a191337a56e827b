"""What an import says of itself: how the source was read, what was left out by kind, which classes are no emotion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fer_core.data.readers.base import MISSING, NO_EMOTION, OTHER, UNLABELLED, UNREADABLE

if TYPE_CHECKING:
    from fer_core.data.importing.unknown_classes import UnknownClass
    from fer_core.data.records import DatasetNumbers

KINDS: dict[str, tuple[str, str, str]] = {
    UNLABELLED: ("unlabelled", "picture", "that no folder or list gives a class"),
    UNREADABLE: ("unreadable", "file", "that cannot be read"),
    MISSING: ("not there", "name", "in a list without a file"),
    NO_EMOTION: (
        "left out of the classes",
        "picture",
        "that the set itself gives no emotion: kept, without a class",
    ),
    OTHER: ("other files", "file", "of another kind than pictures"),
}
"""Kind of what is left out -> its name, and what one of them is, in two parts; most important first."""
OTHERWISE = "--as none reads its folders and lists only"
_EXAMPLES = 3
_CLASSES = 10


def import_report(found: DatasetNumbers) -> list[str]:
    """A line for how the source was read, for each unknown class, and for each kind of thing that was left out."""
    return [
        *understood_lines(found["understood"]),
        *unknown_lines(found["unknown_classes"]),
        *left_out_lines(found["problems"]),
        *(f"left out: {n:,} {name}" for name, n in found["skipped"].items()),
    ]


def read_as(understood: Mapping[str, Any]) -> str:
    """As which public set a source was read, how, and what was chosen; "" for none."""
    if not understood.get("delivery"):
        return ""
    how = f": {understood['how']}" if understood["how"] else ""
    chosen = ", ".join(f"{name}={value or 'all'}" for name, value in understood.get("choices", {}).items())
    return f"{understood['delivery']}{how}{f'; {chosen}' if chosen else ''}"


def understood_lines(understood: Mapping[str, Any], otherwise: str = OTHERWISE) -> list[str]:
    """What a source was recognised as, how to read it otherwise, and which lists were used."""
    lines = []
    if own := read_as(understood):
        lines.append(f"read as {own}{f'; {otherwise}' if otherwise and understood['delivery_key'] else ''}")
    if understood.get("lists"):
        used = ", ".join(f"{name} ({n:,})" for name, n in understood["lists"].items())
        lines.append(f"labels from {used}")
    return [*lines, *understood.get("notes", [])]


def unknown_lines(classes: Sequence[UnknownClass]) -> list[str]:
    """Classes that are no emotion by their name, and what they probably are."""
    lines = []
    for one in classes[:_CLASSES]:
        images = f"{one['images']:,} image{'s' if one['images'] != 1 else ''}"
        likely = f"; {one['likely']}? --map '{one['name']}={one['likely']}'" if one["likely"] else ""
        lines.append(f"class {one['name']} ({images}) is not known as an emotion{likely}")
    more = len(classes) - _CLASSES
    return [*lines, f"and {more:,} more classes that are not known"] if more > 0 else lines


def left_out_lines(
    problems: Iterable[Mapping[str, str]], all_of_them: str = "--json lists them all"
) -> list[str]:
    """One line a kind, with up to three files whose reasons differ, and where all of them are."""
    by_kind: dict[str, list[Mapping[str, str]]] = {kind: [] for kind in KINDS}
    for problem in problems:
        by_kind.setdefault(problem.get("kind") or UNREADABLE, []).append(problem)
    lines = []
    for kind, own in by_kind.items():
        if not own:
            continue
        if kind == NO_EMOTION:
            counted = Counter(p["reason"] for p in own)
            lines.append(
                f"{_what(kind, len(own))} ({', '.join(f'{reason}: {n:,}' for reason, n in counted.items())})"
            )
            continue
        reasons = {p["reason"]: p["path"] for p in reversed(own)}
        shown = [f"{path}: {reason}" for reason, path in reversed(reasons.items())][:_EXAMPLES]
        more = f"; and {len(own) - len(shown):,} more, {all_of_them}" if len(own) > len(shown) else ""
        lines.append(f"{_what(kind, len(own))} ({'; '.join(shown)}{more})")
    return lines


def _what(kind: str, count: int) -> str:
    """A kind and how many there are, in words."""
    name, one, which = KINDS.get(kind, (kind, "file", ""))
    return f"{name}: {count:,} {one}{'' if count == 1 else 's'} {which}".rstrip()
