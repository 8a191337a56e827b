"""How help lists verbs: in the order a person needs them, under headings, each with its whole first sentence."""

from __future__ import annotations

import click

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
