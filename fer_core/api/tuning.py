"""Searches over fields of a recipe, as the front door hands them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from fer_core.api import html
from fer_core.scheduling import search

if TYPE_CHECKING:
    from fer_core.recipes.recipe import Recipe
    from fer_core.scheduling.rate_finder import RateCurve
    from fer_core.scheduling.search import SearchStanding


@dataclass(frozen=True)
class FoundRecipe:
    """What a search found.

    Attributes:
        standing: the search of the library: its trials, importance of fields, and `result` with the optimism.
    """

    standing: SearchStanding

    @property
    def recipe(self) -> Recipe:
        """The recipe that won, as `train` takes it."""
        return search.recipe_of(self.standing)

    @property
    def table(self) -> pd.DataFrame:
        """One row per trial: trial, its values, epochs, and its validation score at the last rung it reached."""
        return pd.DataFrame(
            [
                {"trial": trial.number, **trial.values, "epochs": trial.epochs, "score": trial.score}
                for trial in self.standing.trials
            ]
        )

    def __repr__(self) -> str:
        return "\n".join(search.lineage(self.standing))

    def _repr_html_(self) -> str:
        return html.card(self.standing.plan.name, "; ".join(search.lineage(self.standing)), self.table)


@dataclass(frozen=True)
class FoundRate:
    """A learning rate, and what it was read off.

    Attributes:
        curve: of the library: rates, losses, where the loss falls most steeply and where it is lowest.
    """

    curve: RateCurve

    @property
    def proposed(self) -> float | None:
        """The rate to begin with; None where the loss did not fall at any."""
        return self.curve["proposed"]

    @property
    def table(self) -> pd.DataFrame:
        """One row per step: rate, loss, smoothed."""
        columns = {
            "rate": self.curve["rates"],
            "loss": self.curve["losses"],
            "smoothed": self.curve["smoothed"],
        }
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        if self.proposed is None:
            return "The loss did not clearly fall at any rate"
        return f"Learning rate {self.proposed:.2g}, of {len(self.curve['rates'])} that were tried"

    def _repr_html_(self) -> str:
        return html.card("Learning rate", repr(self), self.table)
