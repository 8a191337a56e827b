"""Verbs about the workspace as a whole: doctor, backup, restore."""

from __future__ import annotations

import click

from fer_core.cli.upkeep.backup import backup, restore
from fer_core.cli.upkeep.doctor import doctor

COMMANDS: list[click.Command] = [doctor, backup, restore]
