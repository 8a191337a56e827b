"""Arguments and options that verbs share. Importing this is quick: the library comes in when a verb runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.base.atomic import write_atomic
from fer_core.base.csv_text import csv_text
from fer_core.base.errors import SourceError
from fer_core.base.parsing import expand_home
from fer_core.base.workspace import Workspace, current
from fer_core.duplicates.reach import DISTANCE, MAX_DISTANCE

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.review.journal import Journal


def _named(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuse "", which an unset variable of a script becomes and which must not mean the newest version."""
    if value is not None and not value.strip():
        raise click.BadParameter("it is empty.", ctx, param)
    return value


name_argument = click.argument("name")
version_option = click.option(
    "--version",
    metavar="VERSION",
    default=None,
    callback=_named,
    help="Id, start of an id, or number such as v3; the newest where none is named.",
)

no_compare_option = click.option(
    "--no-compare",
    is_flag=True,
    help="Leave the comparison of all pictures, which finds near copies, for later.",
)

settings_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a field of the recipe; may be repeated.",
)


class TargetFile(click.ParamType[Path]):
    """A file to be written, checked before the work begins: its folder is there and it is no folder itself."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = expand_home(Path(value))
        if path.is_dir():
            self.fail(f"{str(value)!r} is a folder.", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r}.", param, ctx)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            self.fail(f"{str(value)!r} cannot be written.", param, ctx)
        return path


def reach_option(default: int, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--distance N` with a default of its own."""
    return click.option(
        "--distance",
        type=click.IntRange(0, MAX_DISTANCE),
        metavar="N",
        default=default,
        show_default=True,
        help=help,
    )


distance_option = reach_option(
    DISTANCE, "Bits by which the hashes of near copies may differ; their pixels decide."
)


def csv_option(help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--csv FILE` of a verb that can write a table."""
    return click.option("--csv", "csv_file", type=TargetFile(), metavar="FILE", default=None, help=help)


def workspace() -> Workspace:
    """The workspace in use.

    Raises:
        SourceError: `FER_HOME` names a file.
    """
    found = current()
    if found.root.exists() and not found.root.is_dir():
        raise SourceError("FER_HOME is not a folder", received=found.root)
    return found


def dataset(name: str) -> Dataset:
    """The dataset of that name in the current workspace; what of it is damaged but not needed is said on stderr."""
    from fer_core.data.datasets import open_dataset

    found = open_dataset(workspace(), name)
    for sentence in found.damaged:
        click.echo(f"note: {sentence}", err=True)
    return found


def label(version: Version) -> str:
    """A version for people: number and id."""
    return f"v{version.number} ({version.id})"


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write a table, whole or not at all; a device or pipe is written as it is."""
    text = csv_text(rows)
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
    else:
        write_atomic(path.resolve(), text)


_WHOLE = 200  # characters of a first sentence: never cut


class Verbs(click.Group):
    """A group whose commands are listed as they were added, under the heading each was added with."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.headings: dict[str, list[str]] = {}

    def add(self, heading: str, commands: list[click.Command]) -> None:
        """Add commands under a heading."""
        for command in commands:
            self.add_command(command)
            self.headings.setdefault(heading, []).append(str(command.name))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.commands), default=0)
        for heading, names in (self.headings or {"Actions": list(self.commands)}).items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(name.ljust(width), self.commands[name].get_short_help_str(_WHOLE)) for name in names]
                )


name_of = click.make_pass_decorator(str)
"""Hands the dataset's name, an argument of the group, to an action."""


def journal_of(found: Dataset) -> Journal:
    """Where the decisions about a dataset are kept."""
    from fer_core.review.journal import Journal

    return Journal(found.journal_path)
