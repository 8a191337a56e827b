"""The files of a dataset, wherever they come from: its own source, and those of datasets merged into it.

with dataset.files() as files:
    data = files.read("main", "train/happy/1.png")
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from fer_core.base.errors import NotFound
from fer_core.data.readers import Reader, open_reader

MAIN = "main"
"""Name of a dataset's first source: always the same, so that files keep their ids under any dataset name."""


class SourceFiles:
    """Reads files of several sources, each opened at its first file; `read` may be called from several threads.

    Args:
        paths: folder or archive of each source, by name.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)
        self._open: dict[str, Reader] = {}
        self._lock = threading.Lock()

    def read(self, source: str, path: str) -> bytes:
        """The bytes of one file.

        Raises:
            NotFound: the source is unknown or gone, or no longer holds the file.
            SourceError: the file is there but cannot be read.
        """
        with self._lock:
            if source not in self._open:
                self._open[source] = open_reader(locate_source(self._paths, source))
        return self._open[source].read(path)

    def close(self) -> None:
        """Let go of open archives."""
        for reader in self._open.values():
            reader.close()
        self._open.clear()


def locate_source(paths: Mapping[str, Path], source: str) -> Path:
    """The folder or archive of a source.

    Raises:
        NotFound: no such source, or it is gone.
    """
    if source not in paths:
        raise NotFound("The dataset knows no such source", received=source, hint=f"Known: {', '.join(paths)}")
    if not paths[source].exists():
        whose = (
            "The source of this dataset"
            if source == MAIN
            else f"The source {source}, merged into this dataset,"
        )
        raise NotFound(
            f"{whose} is no longer there",
            received=paths[source],
            hint="Put it back to see the files; small pictures, labels and versions work without it",
        )
    return paths[source]


def read_source_file(path: Path, name: str) -> bytes:
    """One file of a source; the last two sources stay open, since listing an archive takes longer than a file."""
    return _kept_open(path, path.stat().st_mtime_ns).read(name)


@lru_cache(maxsize=2)
def _kept_open(source: Path, changed: int) -> Reader:
    return open_reader(source)
