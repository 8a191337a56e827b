"""From the class names of a source to the classes of a dataset.

>>> parse_names(["Happiness=happy", "NF="])
{'Happiness': 'happy', 'NF': ''}
>>> propose(["0", "1", "7"])["7"], propose(["Joy", "bored"])
('contempt', {'Joy': 'happy', 'bored': 'bored'})
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from fer_core.base.emotions import canonical_emotion
from fer_core.base.errors import SourceError

NUMBERINGS: dict[str, dict[str, str]] = {
    name: {str(first + i): emotion for i, emotion in enumerate(order.split())}
    for name, first, order in (
        ("fer2013", 0, "anger disgust fear happy sad surprise neutral"),
        ("affectnet", 0, "neutral happy sad surprise fear disgust anger contempt"),
        ("rafdb", 1, "surprise fear disgust happy sad anger neutral"),
    )
}
"""What numbers stand for in public sets: name of the numbering -> {number: emotion}."""
NUMBERINGS["affectnet"] |= {"8": "", "9": "", "10": ""}  # none, uncertain, no face: left out


def parse_names(pairs: Iterable[str]) -> dict[str, str]:
    """Name -> ours, from words such as "happiness=happy"; nothing after "=" leaves the class out.

    Raises:
        SourceError: a word without "=", without a name before it, or a name given twice.
    """
    names: dict[str, str] = {}
    for pair in pairs:
        theirs, equal, ours = (part.strip() for part in pair.partition("="))
        if not equal or not theirs:
            hint = f"Write THEIRS=OURS, or a numbering: {', '.join(NUMBERINGS)}"
            raise SourceError("This does not say which class becomes which", received=repr(pair), hint=hint)
        if theirs.casefold() in (name.casefold() for name in names):
            raise SourceError("A class is mapped twice", received=theirs)
        names[theirs] = canonical_emotion(ours)
    return names


def guess_numbering(found: Collection[str]) -> str:
    """The numbering that numbers as class names probably follow; "" where they are no numbers.

    0 to 6 is read as FER2013's, since AffectNet's has 7 too; it is a guess, for a person to confirm.
    """
    numbers = {name.strip() for name in found}
    if not numbers or not all(name.isdecimal() for name in numbers):
        return ""
    order = ("rafdb", "fer2013") if "0" not in numbers else ("fer2013", "affectnet")
    return next((n for n in order if numbers <= {k for k, ours in NUMBERINGS[n].items() if ours}), "")


def propose(found: Collection[str]) -> dict[str, str]:
    """For each class name of a source the class it probably is; an unknown name stays as it is."""
    numbering = NUMBERINGS.get(guess_numbering(found), {})
    return {name: numbering.get(name.strip()) or canonical_emotion(name) for name in found}
