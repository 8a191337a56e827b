"""The generated parts of docs/cli.md: usage, words and options of every verb, as the command line itself has them.

`--json`, which every verb has, is described once, by hand.

    PYTHONPATH=. python tests/helpers/reference.py        # from the checkout: writes them anew
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from fer_core.cli import PROGRAM, cli

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
BLOCK = re.compile(r"<!-- verb: (.+?) -->\n(.*?)<!-- end -->", re.DOTALL)


def contexts(context: click.Context | None = None) -> Iterator[click.Context]:
    """Every command below the program, groups too, in the order of help."""
    above = context or click.Context(cli, info_name=PROGRAM)
    assert isinstance(above.command, click.Group)
    for name in above.command.list_commands(above):
        inner = click.Context(above.command.commands[name], info_name=name, parent=above)
        yield inner
        if isinstance(inner.command, click.Group):
            yield from contexts(inner)


def path_of(context: click.Context) -> str:
    """`describe`, `review set`."""
    names = []
    at: click.Context | None = context
    while at is not None and at.parent is not None:
        names.append(str(at.info_name))
        at = at.parent
    return " ".join(reversed(names))


def verbs() -> dict[str, click.Command]:
    """Path -> command of everything that can be run: groups are left out."""
    return {path_of(c): c.command for c in contexts() if not isinstance(c.command, click.Group)}


def blocks() -> dict[str, str]:
    """Path -> what docs/cli.md has to say between its marks."""
    return {path_of(context): _block(context) for context in contexts()}


def _block(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = ["```", usage, "```", "", " ".join((command.help or "").split()), ""]
    records = [
        option.get_help_record(context)
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and option.name != "as_json"
    ]
    if records:
        lines += ["| option | |", "| --- | --- |"]
        lines += [f"| `{_cell(name)}` | {_cell(words)} |" for name, words in filter(None, records)]
        lines += [""]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def refreshed(text: str) -> str:
    """The page with every block as it should be; one of a verb that is gone is emptied."""
    known = blocks()
    return BLOCK.sub(lambda m: f"<!-- verb: {m[1]} -->\n{known.get(m[1], '')}<!-- end -->", text)


if __name__ == "__main__":
    DOCS.write_text(refreshed(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
