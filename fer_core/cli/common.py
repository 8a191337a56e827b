"""Arguments and options that verbs share. Importing this is quick: the library comes in when a verb runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.errors import SourceError
from fer_core.workspace import Workspace, current, write_atomic

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version


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


class TargetFile(click.ParamType[Path]):
    """A file to be written, checked before the work begins: its folder is there and it is no folder itself."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value).expanduser()
        if path.is_dir():
            self.fail(f"{str(value)!r} is a folder.", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r}.", param, ctx)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            self.fail(f"{str(value)!r} cannot be written.", param, ctx)
        return path


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
    """The dataset of that name in the current workspace."""
    from fer_core.data.datasets import open_dataset

    return open_dataset(workspace(), name)


def label(version: Version) -> str:
    """A version for people: number and id."""
    return f"v{version.number} ({version.id})"


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write a table, whole or not at all; a device or pipe is written as it is."""
    text = rows.to_csv(index=False)
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
    else:
        write_atomic(path.resolve(), text)
