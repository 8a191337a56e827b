"""Where everything lives: `data/` and `models/` under one root.

The root is the folder named by `FER_HOME`, else the checkout this package lies in. Nothing is ever written
outside it. Files that others read are written whole or not at all (`base.atomic`).
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fer_core.base.errors import BadName
from fer_core.base.parsing import expand_home

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
    root = expand_home(Path(home)) if home else Path(__file__).resolve().parents[2]
    return Workspace(root.resolve())


def keep_private() -> None:
    """Let only this user read what this process and its children write from now on: files 0600, folders 0700."""
    os.umask(0o077)


def check_name(name: str, what: str = "dataset", *, new: bool = False) -> str:
    """`name` in Unicode NFC if it can be a folder's name on any system.

    Args:
        name: as given.
        what: what it is the name of.
        new: it is given now, so it may not begin with a dash either: verbs would take it for an option.

    Raises:
        BadName: empty, too long, a leading dot or dash, or a character such as `/` in it.
    """
    clean = unicodedata.normalize("NFC", name).strip()
    hint = (
        f"Use 1 to {MAX_NAME} letters, digits, spaces, '.', '_' or '-', and do not start with a dot or a dash"
    )
    bad = (
        not clean
        or len(clean) > MAX_NAME
        or clean.startswith((".", "-") if new else ".")
        or clean.endswith(".")
    )
    if bad or any(c in _FORBIDDEN or unicodedata.category(c).startswith("C") for c in clean):
        raise BadName(f"This cannot be a {what} name", received=repr(name), hint=hint)
    return clean


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
