"""Which decisions a version already contains, read from the versions it descends from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

OPERATION = "review"
"""`operation` of a version that was made by applying decisions."""


class VersionLike(Protocol):
    """What is read of a version."""

    @property
    def id(self) -> str: ...
    @property
    def parent(self) -> str | None: ...
    @property
    def operation(self) -> str: ...
    @property
    def parameters(self) -> dict[str, Any]: ...


AnyVersion = TypeVar("AnyVersion", bound=VersionLike)
Applied = Mapping[str, str]
"""A decision that a version contains: image id -> id of a version in which it was still as before."""


def lineage(versions: Iterable[AnyVersion], head: str) -> list[AnyVersion]:
    """The version `head` and all it descends from, oldest first."""
    known = {version.id: version for version in versions}
    path: list[AnyVersion] = []
    name: str | None = head
    while name in known and known[name] not in path:
        path.append(known[name])
        name = known[name].parent
    return path[::-1]


def applied_decisions(path: Iterable[VersionLike]) -> dict[str, Applied]:
    """Decision key -> where it was applied, in the order of application, without those taken back later.

    Args:
        path: from `lineage`.
    """
    state: dict[str, dict[str, str]] = {}
    for version in path:
        if version.operation != OPERATION or version.parent is None:
            continue
        original: dict[str, str] = {}
        for key in version.parameters.get("reverted", {}):
            for image in state.get(key, {}):
                original.setdefault(image, first_before(state, image))
        for key in version.parameters.get("reverted", {}):
            state.pop(key, None)
        for key, images in version.parameters.get("applied", {}).items():
            # What takes the place of an undone decision was made of the image as it was before that one.
            state[key] = {image: original.get(image, version.parent) for image in images}
    return dict(state)


def first_before(contained: Mapping[str, Applied], image: str) -> str:
    """The version in which an image was as before the first of the decisions applied to it."""
    return next(before[image] for before in contained.values() if image in before)
