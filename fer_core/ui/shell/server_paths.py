"""Paths on the server that visitors type: only below the folders that whoever started the app allows.

`FER_ROOTS` names them, separated as in `PATH`. Without it, they are the home and the workspace, and none where other machines
are let in.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from fer_core.base.errors import NotAllowed
from fer_core.base.parsing import expand_home
from fer_core.base.workspace import current
from fer_core.data.dataset import Dataset
from fer_core.ui.shell.http_guard import is_open


def allowed(path: str) -> Path:
    """The path, with `~` resolved; nothing is said of what lies outside, not even whether it is there.

    Raises:
        NotAllowed: it leads outside, also through a link.
    """
    found, whole = Path(path), None
    with suppress(
        OSError, RuntimeError, ValueError
    ):  # a loop of links, nobody's home, or a name no file can have
        found = found.expanduser()
        whole = found.resolve()
    roots = _roots()
    if whole is None or not any(whole.is_relative_to(root) for root in roots):
        where = ", ".join(map(str, roots)) or "no folder"
        raise NotAllowed(
            "This path may not be read through the page",
            received=path,
            hint=f"Allowed is {where}; whoever starts the app names others in FER_ROOTS, or use the command line",
        )
    return found


def out_of_reach(dataset: Dataset) -> str:
    """Why pages show nothing of the files that an import recorded, in a sentence; "" where they may.

    They may below the workspace and `FER_ROOTS`; without `FER_ROOTS`, and where no other machine is let in, anywhere: whoever
    imported them sits there.
    """
    if os.environ.get("FER_ROOTS") is None and not is_open():
        return ""
    places = [dataset.workspace.root.resolve(), *_roots()]
    sources = [path.resolve() for path in dataset.sources.values()]
    if all(any(source.is_relative_to(place) for place in places) for source in sources):
        return ""
    return "The image files lie outside the folders that pages may read (FER_ROOTS): 48 gray pixels are shown, no file is read."


def _roots() -> list[Path]:
    named = os.environ.get("FER_ROOTS")
    if named is not None:
        return [expand_home(Path(each)).resolve() for each in named.split(os.pathsep) if each]
    return [] if is_open() else [Path.home().resolve(), current().root]
