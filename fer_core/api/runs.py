"""Training runs, as the front door hands them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from fer_core.api import html
from fer_core.evaluation import leaderboard, scores
from fer_core.runs import store
from fer_core.runs.run import TABLE_COLUMNS, Run
from fer_core.scheduling import start

if TYPE_CHECKING:
    from fer_core.base.workspace import Workspace
    from fer_core.scheduling.start import EpochFn

_SHOWN = TABLE_COLUMNS[1:]


@dataclass(frozen=True)
class StartedRun:
    """A training run, at work or ended.

    Attributes:
        run: the run of the library, for everything that is not here.
    """

    run: Run

    @property
    def id(self) -> str:
        return self.run.id

    @property
    def state(self) -> str:
        """The true state: queued, running, finished, stopped, failed, lost, ..."""
        return self.run.state

    @property
    def metrics(self) -> pd.DataFrame:
        """One row per finished epoch."""
        return self.run.metrics()

    def wait(self, *, on_epoch: EpochFn | None = None, timeout: float | None = None) -> StartedRun:
        """Wait until it has ended; its state says how. An interrupt leaves it at work.

        Args:
            on_epoch: called with each epoch's numbers.
            timeout: seconds at most.

        Raises:
            RunError: it goes on after `timeout`.
        """
        start.wait(self.run, on_epoch=on_epoch, timeout=timeout)
        return self

    def stop(self) -> StartedRun:
        """Ask it to end; the best weights are kept and evaluated."""
        start.stop(self.run)
        return self

    def scores(self, split: str = "val") -> Any:
        """All scores of a split, with intervals. Reading "test" is recorded in the ledger.

        Raises:
            NotFound, RunError: it has no predictions for the split yet.
        """
        return scores.read_scores(self.run, split, via="python")

    def predictions(self, split: str = "val") -> pd.DataFrame:
        """image_id, label and p_<class> of every image of a split."""
        return scores.predictions(self.run, split)

    def __repr__(self) -> str:
        return f"<StartedRun {self.id}: {self.state}>"

    def _repr_html_(self) -> str:
        about = self.run.summary()
        rows = pd.DataFrame({"": pd.Series(dict(about), dtype=object)[list(_SHOWN)]})
        return html.card(self.id, about["reason"] or "", rows)


@dataclass(frozen=True)
class RunList:
    """The runs of a workspace, newest first: `len`, iteration, `runs["0001-compact"]`, `runs[0]`."""

    workspace: Workspace

    @property
    def table(self) -> pd.DataFrame:
        """The leaderboard as a table: one row per run, columns as `evaluation.leaderboard.rows`."""
        found = leaderboard.rows(self.workspace)
        columns = (
            list(found[0]) if found else ["run", "state", "recipe", "dataset", "version", "val_accuracy"]
        )
        return pd.DataFrame(found, columns=columns)

    def __len__(self) -> int:
        return len(store.list_runs(self.workspace))

    def __iter__(self) -> Iterator[StartedRun]:
        return (StartedRun(run) for run in store.list_runs(self.workspace))

    def __getitem__(self, wanted: int | str) -> StartedRun:
        """A run by place in the list, or by id, start of an id, or number as text."""
        if isinstance(wanted, int):
            return StartedRun(store.list_runs(self.workspace)[wanted])
        return StartedRun(store.get(self.workspace, wanted))

    def __repr__(self) -> str:
        return f"<RunList: {len(self):,} runs>"

    def _repr_html_(self) -> str:
        table = self.table
        return html.card("Runs", f"{len(table):,}", table[[c for c in TABLE_COLUMNS if c in table]])
