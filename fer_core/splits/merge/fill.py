"""How many images each class should gain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fer_core.base.errors import SplitError

BALANCED = "balanced"
"""Fill every class up to the size of the largest."""

_PART = re.compile(r"(.+?)\s*=\s*\+?(\d+)\s*(?:,|$)")
"""The first `class=number`, whose class may hold a comma."""

Fill = str | Mapping[str, int]
"""`BALANCED`, or images to add per class."""


def parse_fill(text: str) -> Fill:
    """`"surprise=150,sad=20"` as numbers, `"balanced"` as it is.

    Raises:
        SplitError: a part that is not class=number.
    """
    if text.strip() == BALANCED:
        return BALANCED
    result: dict[str, int] = {}
    rest = text.strip()
    while rest := rest.lstrip(", "):
        if (found := _PART.match(rest)) is None:
            part = rest.split(",")[0]
            raise SplitError(
                "A fill is class=number, several separated by commas, or balanced",
                received=part,
                hint="For example surprise=150,sad=20",
            )
        result[found[1]] = int(found[2])
        rest = rest[found.end() :]
    return result


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """`["fear=surprise", "contempt="]` as a mapping of class names; an empty right side leaves the class out.

    Raises:
        SplitError: a part without "=".
    """
    result = {}
    for pair in pairs:
        theirs, sign, ours = pair.partition("=")
        if not sign or not theirs.strip():
            raise SplitError("A class is mapped as theirs=ours", received=pair, hint="For example joy=happy")
        result[theirs.strip()] = ours.strip()
    return result


def images_to_add(fill: Fill, sizes: Mapping[str, int]) -> dict[str, int]:
    """Images to add to every class.

    Args:
        fill: `BALANCED`, or images to add per class.
        sizes: images each class has now.

    Raises:
        SplitError: a class that is not here, a negative number, or nothing to add at all.
    """
    if isinstance(fill, str):
        if fill != BALANCED:
            return images_to_add(parse_fill(fill), sizes)
        largest = max(sizes.values())
        wanted = {name: largest - size for name, size in sizes.items()}
    else:
        unknown = [name for name in fill if name not in sizes]
        if unknown:
            raise SplitError(
                "There is no such class to fill",
                received=", ".join(unknown),
                hint=f"Classes here: {', '.join(sizes)}",
            )
        if any(number < 0 for number in fill.values()):
            raise SplitError("A class cannot be filled by a negative number", received=dict(fill))
        wanted = {name: int(fill.get(name, 0)) for name in sizes}
    if not any(wanted.values()):
        raise SplitError(
            "There is nothing to fill", received=fill, hint="Ask for at least one image of a class"
        )
    return wanted
