"""The detectors there are, which of them can be used here, and how to get the others.

detector = detectors.open_detector("blazeface", workspace)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from fer_core.base.errors import NotFound
from fer_core.base.workspace import Workspace
from fer_core.inference.detect import mtcnn, networks, yunet
from fer_core.inference.detect.blazeface import BlazeFaceDetector
from fer_core.inference.detect.boxes import Detector
from fer_core.inference.detect.haar import HaarDetector

DEFAULT = "blazeface"


@dataclass(frozen=True)
class DetectorKind:
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
    """The detector used where none is named; one per process.

    Raises:
        ModelFileError: its packages are missing.
    """
    return BlazeFaceDetector()


KINDS: dict[str, DetectorKind] = {
    kind.name: kind
    for kind in (
        DetectorKind(
            "blazeface",
            "BlazeFace",
            "Small, tilted, turned and dark faces, with eyes to align by; MediaPipe's networks, installed with the app.",
            lambda _: networks.installed(),
            lambda _: default_detector(),
        ),
        DetectorKind(
            "haar",
            "OpenCV Haar cascade",
            "Frontal, upright faces; no model file.",
            lambda _: True,
            lambda _: HaarDetector(),
        ),
        DetectorKind(
            "yunet",
            "YuNet",
            "Small, tilted and turned faces, with eyes to align by; one file of 228 KiB, downloaded once.",
            lambda workspace: yunet.path(workspace).is_file(),
            lambda workspace: yunet.YuNetDetector(yunet.fetch(workspace)),
        ),
        DetectorKind(
            "mtcnn",
            "MTCNN",
            "Tilted and turned faces, with eyes to align by; an optional extra of 2 MB.",
            lambda _: mtcnn.installed(),
            lambda _: mtcnn.MtcnnDetector(),
        ),
    )
}


def open_detector(name: str, workspace: Workspace) -> Detector:
    """Open a detector.

    Raises:
        NotFound: there is none of that name.
        ModelFileError: its file or package is not here and cannot be had.
    """
    if name not in KINDS:
        raise NotFound("Detector not found", received=name, hint=f"Known: {', '.join(KINDS)}")
    return KINDS[name].make(workspace)
