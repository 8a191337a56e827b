"""Files that were dropped on a page: kept in the workspace under their own names until an import takes them over."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from fer_core.base.atomic import make_folder
from fer_core.base.workspace import Workspace, check_name


def keep(workspace: Workspace, upload: BinaryIO, name: str) -> Path:
    """Write an upload to the workspace in pieces, under its own name in a folder of its own.

    Raises:
        BadName: a name no file should have.
    """
    target = workspace.jobs / "uploads" / uuid.uuid4().hex[:12] / check_name(Path(name).name, "file")
    make_folder(target.parent)
    with open(target, "wb") as file:
        shutil.copyfileobj(upload, file, 1 << 20)
    return target


def discard(workspace: Workspace, paths: Iterable[str | Path]) -> None:
    """Delete those of these files that were dropped on a page, and the folder each had to itself."""
    top = (workspace.jobs / "uploads").resolve()
    for path in (Path(each).resolve() for each in paths if each):
        if path.is_relative_to(top):
            path.unlink(missing_ok=True)
            if path.parent != top:
                with suppress(OSError):
                    path.parent.rmdir()
