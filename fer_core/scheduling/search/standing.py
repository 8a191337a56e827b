"""How far a search is: read from its journal and its runs, by whoever looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from fer_core.base.workspace import Workspace
from fer_core.runs.run import ACTIVE, Run, best_epoch, score
from fer_core.runs.store import list_runs
from fer_core.scheduling.search import halving
from fer_core.scheduling.search.plan import BEST, FRESH, SearchPlan, find
from fer_core.scheduling.search.space import Choice

if TYPE_CHECKING:
    from fer_core.scheduling.search.journal import SearchJournal

Phase = Literal["trials", "halving", "fresh seeds", "ended", "failed"]


@dataclass(frozen=True)
class SearchTrial:
    """A trial, or a run of the winner with a fresh seed.

    Attributes:
        number: from 0.
        values: of the fields that are varied.
        run: None before it is made.
        epochs: it has trained.
        scores: the best validation score up to each rung it has reached (0..1).
        failed: why it cannot go on; "" where it can.
        state: of its run, or "waiting".
        seconds: it trained.
    """

    number: int
    values: Mapping[str, Choice]
    run: Run | None
    epochs: int = 0
    scores: tuple[float, ...] = ()
    failed: str = ""
    state: str = "waiting"
    seconds: float = 0.0

    @property
    def at_work(self) -> bool:
        """Whether its run waits or works."""
        return self.state in ACTIVE

    @property
    def score(self) -> float | None:
        """At the last rung it has reached."""
        return self.scores[-1] if self.scores else None


@dataclass(frozen=True)
class Optimism:
    """What the winner's score in the search promises too much: the best of many is partly luck.

    Attributes:
        best: its score in the search.
        fresh: its scores with fresh seeds.
    """

    best: float
    fresh: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.fresh))

    @property
    def sd(self) -> float | None:
        """Sample standard deviation; None of one."""
        return float(np.std(self.fresh, ddof=1)) if len(self.fresh) > 1 else None

    @property
    def optimism(self) -> float:
        """Best in the search minus the mean with fresh seeds."""
        return self.best - self.mean


@dataclass(frozen=True)
class SearchStanding:
    """A search as it stands.

    Attributes:
        plan: what was asked for.
        phase: what it is at.
        trials: those drawn so far.
        fresh: the winner's runs with fresh seeds.
        targets: number of a trial -> rung up to which it is to be trained.
        leader: number of the trial that is ahead.
        importance: share of the differences that each field explains; {} while too few trials are known.
        result: once fresh seeds have ended.
    """

    plan: SearchPlan
    phase: Phase
    trials: tuple[SearchTrial, ...]
    fresh: tuple[SearchTrial, ...]
    targets: Mapping[int, int]
    leader: int | None
    importance: Mapping[str, float]
    result: Optimism | None

    @property
    def left(self) -> int:
        """Trials that are still to be drawn, where the budget lasts."""
        return self.plan.trials - len(self.trials) if self.phase == "trials" else 0

    @property
    def progress(self) -> tuple[int, int]:
        """Runs that are through and runs in all, those with fresh seeds included."""
        through = sum(bool(trial.failed) or bool(trial.scores) for trial in (*self.trials, *self.fresh))
        return through, len(self.trials) + self.left + FRESH


def trial_of_run(
    number: int, values: Mapping[str, Choice], run: Run | None, rungs: Iterable[int], failed: str = ""
) -> SearchTrial:
    """A trial as its run's files have it."""
    if run is None:
        return SearchTrial(number, values, None, failed=failed, state="failed" if failed else "waiting")
    state, rows = run.state, [row for row in run.epochs_since()[0] if not row.get("partial")]
    written = run.info
    if written.get("state") == "failed":  # by its own word; a process that is gone is started anew
        failed = written.get("reason") or "The run failed"
    at = list(rungs)
    done = state == "finished"
    reached = [
        score(best_epoch(rows[:epochs]))
        for epochs in at
        if rows and (done or (len(rows) >= epochs and epochs < at[-1]))
    ]
    seconds = sum(row.get("seconds", 0.0) for row in rows)
    return SearchTrial(number, values, run, len(rows), tuple(reached), failed, state, seconds)


def _journal(folder: Path) -> SearchJournal:
    """Optuna is loaded where there is a search, not wherever one could be begun: it takes half of a page's first draw."""
    from fer_core.scheduling.search.journal import SearchJournal

    return SearchJournal(folder)


def read(workspace: Workspace, name: str) -> SearchStanding:
    """How far the search of that name is.

    Raises:
        NotFound: there is none.
        RunError: its journal is damaged.
    """
    journal = _journal(find(workspace, name))
    plan, runs = journal.plan, runs_of(workspace, name)
    trials = tuple(
        trial_of_run(
            trial.number,
            trial.params,
            runs.get(("trial", trial.number)),
            plan.rungs,
            journal.failure_of(trial.number),
        )
        for trial in journal.trials
    )
    return standing_of(
        workspace,
        plan,
        trials,
        tuple(
            trial_of_run(number, {}, runs.get(("fresh", number)), plan.rungs[-1:])
            for number in range(FRESH)
            if ("fresh", number) in runs
        ),
        journal.closed,
        _importance(find(workspace, name), sum(trial.state.is_finished() for trial in journal.trials)),
    )


@lru_cache(maxsize=32)
def _importance(folder: Path, told: int) -> Mapping[str, float]:
    """Of a search that was told of so many trials: a page asks every other second, and the answer stays."""
    return _journal(folder).importance()


def plan_of(workspace: Workspace, name: str) -> SearchPlan:
    """What the search of that name was asked for, without a look at its runs.

    Raises:
        NotFound: there is none.
        RunError: its journal is damaged.
    """
    return _journal(find(workspace, name)).plan


def standing_of(
    workspace: Workspace,
    plan: SearchPlan,
    trials: tuple[SearchTrial, ...],
    fresh: tuple[SearchTrial, ...],
    closed: bool,
    importance: Mapping[str, float] | None = None,
) -> SearchStanding:
    """A standing, put together."""
    scores = {trial.number: trial.scores for trial in trials}
    failed = {trial.number for trial in trials if trial.failed}
    targets = halving.targets(scores, failed, len(plan.rungs), closed)
    sound = {number: reached for number, reached in scores.items() if number not in failed}
    leader = halving.leader(sound)
    over = [trial for trial in trials if trial.failed or len(trial.scores) > targets[trial.number]]
    phase: Phase = "trials"
    if closed and len(over) == len(trials):
        phase = "fresh seeds" if leader is not None else "failed"
    elif closed:
        phase = "halving" if any(targets.values()) else "trials"
    ended = [trial for trial in fresh if trial.failed or trial.state == "finished"]
    known = tuple(trial.scores[-1] for trial in ended if trial.scores and not trial.failed)
    result = None
    if phase == "fresh seeds" and len(ended) == FRESH:
        phase = "ended" if known and (find(workspace, plan.name) / BEST).is_file() else phase
        if known and leader is not None:
            result = Optimism(scores[leader][-1], known)
        phase = phase if known else "failed"
    return SearchStanding(plan, phase, trials, fresh, targets, leader, importance or {}, result)


def runs_of(workspace: Workspace, name: str) -> dict[tuple[str, int], Run]:
    """The runs of a search: of `("trial", 3)`, or `("fresh", 0)`; of several, the one made first."""
    found: dict[tuple[str, int], Run] = {}
    for run in list_runs(workspace):
        info = run.info
        if info.get("search") == name:
            for kind, number in (("trial", info.get("trial")), ("fresh", info.get("fresh"))):
                if number is not None:
                    found[kind, number] = run
    return found
