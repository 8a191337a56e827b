"""Verbs that look behind a figure of the leaderboard: slices, across, judge."""

from __future__ import annotations

import click

from fer_core.cli.comparing import across, slices

COMMANDS: list[click.Command] = [slices.slices, across.across]
