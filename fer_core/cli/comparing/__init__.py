"""Verbs that look behind a figure of the leaderboard: slices, across, journey."""

from __future__ import annotations

import click

from fer_core.cli.comparing import across, journey, slices

COMMANDS: list[click.Command] = [slices.slices, across.across, journey.journey]
