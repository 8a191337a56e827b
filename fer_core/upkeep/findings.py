"""What an examination of the workspace finds, file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from fer_core.base.atomic import make_folder, replace
from fer_core.base.checksums import FileState, file_state
from fer_core.base.errors import FerError
from fer_core.base.workspace import Workspace
from fer_core.jobs.reporter import ProgressFn

Kind = Literal["dataset", "version", "journal", "pixels", "quality", "run", "model", "queue", "job"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SET_ASIDE = ".damaged"
"""The folder of a workspace that holds what was set aside."""

Repair = Callable[[], str]
"""Mends one thing; a sentence says what was done. Raises `FerError` where it cannot."""


@dataclass(frozen=True)
class Finding:
    """One thing that is damaged or gone.

    Attributes:
        kind: of artefact.
        path: from the workspace's root.
        state: "damaged" or "gone".
        harm: what cannot be done or known for it.
        remedy: what to do.
        repair: what `fer doctor --repair` does; None where only a backup helps.
    """

    kind: Kind
    path: str
    state: FileState
    harm: str
    remedy: str
    repair: Repair | None = None

    def record(self) -> dict[str, str | bool]:
        """As JSON has it; `repairable` is whether `--repair` does something about it."""
        return {
            "kind": self.kind,
            "path": self.path,
            "state": self.state,
            "harm": self.harm,
            "remedy": self.remedy,
            "repairable": self.repair is not None,
        }


@dataclass
class Examination:
    """What is known so far.

    Attributes:
        workspace: which is looked at.
        counts: kind -> how many files are whole, damaged, gone and not checked.
        findings: in the order in which they were met.
        progress: told of each file that is looked at.
    """

    workspace: Workspace
    progress: ProgressFn | None = None
    counts: dict[Kind, Counter[FileState]] = field(
        default_factory=lambda: {kind: Counter() for kind in KINDS}
    )
    findings: list[Finding] = field(default_factory=list)

    def look(
        self,
        kind: Kind,
        path: Path,
        harm: str,
        remedy: str,
        repair: Repair | None = None,
        sound: Callable[[Path], bool] = lambda path: True,
    ) -> FileState:
        """Compare a file with what was written, and ask whether it is `sound`, which may raise OSError or ValueError."""
        try:
            found = file_state(path)
            if found in ("whole", "not checked") and not sound(path):
                found = "damaged"
        except (FerError, OSError, ValueError, TypeError, KeyError):
            found = "damaged"
        self.add(kind, path, found, harm, remedy, repair)
        return found

    def add(
        self, kind: Kind, path: Path, found: FileState, harm: str, remedy: str, repair: Repair | None = None
    ) -> None:
        """Count a file, and keep a finding where it is damaged or gone."""
        self.counts[kind][found] += 1
        name = path.relative_to(self.workspace.root).as_posix()
        if self.progress:
            self.progress(sum(sum(c.values()) for c in self.counts.values()), 0, f"files checked, {name}")
        if found in ("damaged", "gone"):
            self.findings.append(Finding(kind, name, found, harm, remedy, repair))


def set_aside(workspace: Workspace, path: Path) -> str:
    """Move something out of the way, into the workspace's folder for that; a sentence says where it is now."""
    target = place_aside(workspace, path)
    replace(path, target)
    return f"Set aside as {target.relative_to(workspace.root).as_posix()}"


def place_aside(workspace: Workspace, path: Path) -> Path:
    """Where to set something aside: in a new folder of its own."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    target = workspace.root / SET_ASIDE / stamp / path.relative_to(workspace.root)
    make_folder(target.parent)
    return target
