"""Where everything lives: `data/` and `models/` under one root.

The root is the folder named by `FER_HOME`, else the checkout this package lies in. Nothing is ever written
outside it. Files that others read are written whole or not at all (`write_atomic`).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer_core.errors import BadName

_FORBIDDEN = set('/\\:*?"<>|')
MAX_NAME = 64


@dataclass(frozen=True)
class Workspace:
    """The folders of one workspace. Creating the object touches no disk."""

    root: Path

    @property
    def data(self) -> Path:
        """One folder per dataset."""
        return self.root / "data"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def runs(self) -> Path:
        """One folder per training run."""
        return self.root / "models" / "runs"

    @property
    def exports(self) -> Path:
        """Zips written by the app for downloading; safe to delete."""
        return self.root / ".exports"

    @property
    def jobs(self) -> Path:
        """One folder per background job (imports, rankings): progress, log and result."""
        return self.root / ".jobs"


def current() -> Workspace:
    """The workspace named by `FER_HOME`, else the folder that holds `fer_core`."""
    home = os.environ.get("FER_HOME")
    root = Path(home).expanduser() if home else Path(__file__).resolve().parent.parent
    return Workspace(root.resolve())


def check_name(name: str, what: str = "dataset") -> str:
    """`name` in Unicode NFC if it can be a folder's name on any system.

    Raises:
        BadName: empty, too long, a leading dot, or a character such as `/` in it.
    """
    clean = unicodedata.normalize("NFC", name).strip()
    hint = f"Use 1 to {MAX_NAME} letters, digits, spaces, '.', '_' or '-', and do not start with a dot"
    bad = not clean or len(clean) > MAX_NAME or clean.startswith(".") or clean.endswith(".")
    if bad or any(c in _FORBIDDEN or unicodedata.category(c).startswith("C") for c in clean):
        raise BadName(f"This cannot be a {what} name", received=repr(name), hint=hint)
    return clean


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old one or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """`write_atomic` of a JSON document (UTF-8, two-space indent)."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Parse a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Fill a folder aside and move it to `target` at the end; on any error nothing is left behind.

    Example:
        with new_folder(workspace.data / "faces") as folder:
            (folder / "dataset.json").write_text("{}")
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
