"""The verbs that copy the workspace and bring it back: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.cli.common import workspace
from fer_core.cli.report import Report, reports
from fer_core.cli.work import work

if TYPE_CHECKING:
    from fer_core.upkeep.backup import Copied


@click.command("backup")
@click.argument("to", type=click.Path(path_type=Path))
@reports
def backup(to: Path) -> Report:
    """Copy datasets, decisions, runs and models to a new folder TO, while the app runs.

    Sources outside the workspace are not copied: they are named.
    """
    from fer_core.upkeep.backup import backup

    with work(None) as task:
        made = backup(workspace(), to, task.progress)
    return _report(made, f"Copied to {to}")


@click.command("restore")
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path))
@reports
def restore(source: Path) -> Report:
    """Bring a backup into the workspace; nothing that is there is replaced.

    All of the backup is checked before anything is written. After an interruption, the same call goes on.
    """
    from fer_core.upkeep.backup import restore

    with work(None) as task:
        made = restore(workspace(), source, task.progress)
    return _report(made, f"Restored from {source}")


def _report(made: Copied, what: str) -> Report:
    lines = [f"{what}: {made.files:,} files, {made.bytes:,} bytes."]
    lines += [f"The source of {name} is not among it: {path}" for name, path in made.outside.items()]
    return Report(made._asdict(), "\n".join(lines))
