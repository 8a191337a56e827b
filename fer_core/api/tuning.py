"""A search over fields of a recipe, as the front door hands it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from fer_core.api import html
from fer_core.scheduling import search

if TYPE_CHECKING:
    from fer_core.recipes.recipe import Recipe
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
