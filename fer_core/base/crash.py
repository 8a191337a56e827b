"""Crash reports for developers: what failed, where, and with which versions.

    path = crash.write_report(workspace.root, error, page="Train")      # .crashes/20261130-104200-1f2e3d4c.json

A report holds no picture, no value of a variable and nothing of the environment. Messages can quote user data (a name, a
cell of a table), so only the type of an error is kept, and of a `FerError` its message without what was received.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import sys
import traceback
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from fer_core.base.errors import FerError

FOLDER = ".crashes"
"""Below a workspace's root."""
_KEPT = 50
_LONGEST = 500  # characters of a text
_PACKAGES = ("streamlit", "keras", "tensorflow", "onnxruntime", "numpy", "pandas", "pyarrow", "pillow")


def write_report(root: Path, error: BaseException, **about: str) -> Path | None:
    """Write the report of an error and remove all but the latest 50.

    Args:
        root: of the workspace.
        error: what was raised, with its traceback.
        about: what was going on: a page, a verb, a run, a dataset.

    Returns:
        Its path; None if it could not be written.
    """
    report = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "about": {name: value[:_LONGEST] for name, value in about.items() if value},
        "errors": [_described(each) for each in _chain(error)],
        "versions": {
            "fer": str(getattr(sys.modules["fer_core"], "__version__", "")),
            "python": platform.python_version(),
            **_packages(),
        },
        "system": f"{platform.system()} {platform.release()}, {os.cpu_count()} processors",
    }
    folder = root / FOLDER
    path = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace"
        )
        for old in sorted(folder.glob("*.json"))[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return None
    return path


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it came from, the first one last."""
    found: list[BaseException] = []
    while error is not None and error not in found and len(found) < 10:
        found.append(error)
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None:
            break
        error = before
    return found


def _described(error: BaseException) -> dict[str, object]:
    lines = traceback.extract_tb(error.__traceback__)
    own = str(Path(__file__).parents[2])
    return {
        "kind": type(error).__name__,
        "message": error.message[:_LONGEST] if isinstance(error, FerError) else "",
        "trace": [
            f"{line.filename.removeprefix(own).lstrip('/')}:{line.lineno} {line.name}" for line in lines
        ],
    }


def _packages() -> dict[str, str]:
    """Of those that are loaded: asking for others would take time, and they are not at fault."""
    loaded = {name: name in sys.modules or name == "pillow" for name in _PACKAGES}
    found = {}
    for name in (name for name in _PACKAGES if loaded[name]):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
