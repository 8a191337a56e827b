"""The detectors there are, which of them can be used here, and how to get the others.

detector = detectors.get("haar", workspace)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from fer_core.errors import NotFound
from fer_core.inference import mtcnn, yunet
from fer_core.inference.faces import Detector
from fer_core.inference.haar import HaarDetector
from fer_core.workspace import Workspace

DEFAULT = "haar"


@dataclass(frozen=True)
class Kind:
    """One way to find faces.

    Attributes:
        name: as given to `--detector`.
        title: for people.
        about: what it is good at, one sentence.
        here: whether it can be used in a workspace without any download.
        make: opens it; raises ModelFileError where it cannot be had.
    """

    name: str
    title: str
    about: str
    here: Callable[[Workspace], bool]
    make: Callable[[Workspace], Detector]


@cache
def default_detector() -> Detector:
    """The detector used where none is named; one per process."""
    return HaarDetector()


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "haar",
            "OpenCV Haar cascade",
            "Frontal faces; nothing to install.",
            lambda _: True,
            lambda _: default_detector(),
        ),
        Kind(
            "yunet",
            "YuNet",
            "Small, tilted and turned faces, with eyes to align by; one file of 228 KiB, downloaded once.",
            lambda workspace: yunet.path(workspace).is_file(),
            lambda workspace: yunet.YuNetDetector(yunet.fetch(workspace)),
        ),
        Kind(
            "mtcnn",
            "MTCNN",
            "Tilted and turned faces, with eyes to align by; an optional extra of 2 MB.",
            lambda _: mtcnn.installed(),
            lambda _: mtcnn.MtcnnDetector(),
        ),
    )
}


def get(name: str, workspace: Workspace) -> Detector:
    """Open a detector.

    Raises:
        NotFound: there is none of that name.
        ModelFileError: its file or package is not here and cannot be had.
    """
    if name not in KINDS:
        raise NotFound("Detector not found", received=name, hint=f"Known: {', '.join(KINDS)}")
    return KINDS[name].make(workspace)
