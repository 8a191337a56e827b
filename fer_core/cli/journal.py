"""How the actions of `review` get at the dataset's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.review.journal import Journal

name_of = click.make_pass_decorator(str)
"""Hands the dataset's name, an argument of the group, to an action."""


def journal_of(found: Dataset) -> Journal:
    """Where the decisions about a dataset are kept."""
    from fer_core.review.journal import Journal

    return Journal(found.journal_path)
