"""Who is drawn: build, hair and gray tones, chosen once per face."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cache

from fer_core.data.sample.drawing.pen import Point, circle

HAIR_STYLES: dict[str, int] = {
    "crop": 15,
    "parted": 15,
    "long": 15,
    "fringe": 11,
    "curly": 12,
    "bun": 8,
    "bob": 12,
    "bald": 6,
    "beanie": 6,
}
"""Hair styles and how often each occurs."""

_BEARDS = {"": 68, "full": 12, "stubble": 13, "moustache": 7}
_GLASSES = {"": 80, "round": 11, "square": 9}
_SKINS = (106, 116, 130, 146, 164, 178, 188, 196)


@dataclass(frozen=True)
class Person:
    """Lengths in units of half a head's width; tones are gray levels 0..255."""

    width: float
    crown: float  # from the middle of the face to the top of the head
    chin: float
    jaw: float  # how much the chin is narrower than the temples
    skin: int
    hair: int
    style: str
    glasses: str
    beard: str
    makeup: bool

    def tone(self, change: int) -> int:
        """Skin, lighter or darker."""
        return max(0, min(255, self.skin + change))


def person(rng: random.Random) -> Person:
    """Somebody new."""
    skin = rng.choice(_SKINS) + rng.randint(-6, 6)
    kind = rng.random()
    hair = (
        rng.randint(18, 56) if kind < 0.68 else rng.randint(70, 108) if kind < 0.88 else rng.randint(205, 222)
    )
    if skin < 140:
        hair = min(hair, 42)
    elif hair > 200:  # fair hair beside fair skin needs some difference to be seen
        skin = min(skin, 182)
    style = _choose(rng, HAIR_STYLES)
    bearded = style in ("crop", "parted", "bald", "beanie", "curly")
    return Person(
        width=rng.uniform(0.9, 1.04),
        crown=rng.uniform(1.12, 1.24),
        chin=rng.uniform(1.14, 1.34),
        jaw=rng.uniform(0.16, 0.42),
        skin=skin,
        hair=hair,
        style=style,
        glasses=_choose(rng, _GLASSES),
        beard=_choose(rng, _BEARDS) if bearded else "",
        makeup=style in ("long", "bun", "bob", "fringe") and rng.random() < 0.6,
    )


def _choose(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def head(person: Person, grow: float = 1.0) -> list[Point]:
    """Outline of the head, the jaw narrower than the temples."""
    points = []
    for side, s in _squarish():
        x = person.width * side
        y = s * (person.chin if s > 0 else person.crown)
        if s > 0:
            x *= 1 - person.jaw * s * s
        points.append((x * grow, y * grow))
    return points


@cache
def _squarish() -> tuple[Point, ...]:
    """A circle with fuller sides, 48 points."""
    return tuple((math.copysign(abs(c) ** 0.85, c), s) for c, s in circle(48))
