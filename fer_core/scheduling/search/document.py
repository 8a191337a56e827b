"""A search as `fer tune --json` tells it."""

from __future__ import annotations

from typing import TypedDict

from fer_core.base.workspace import Workspace
from fer_core.scheduling.search.plan import BEST, find
from fer_core.scheduling.search.space import Choice
from fer_core.scheduling.search.standing import Phase, SearchStanding, SearchTrial


class TrialRecord(TypedDict):
    """A trial, JSON-ready; `scores` at the rungs it has reached."""

    trial: int
    values: dict[str, Choice]
    run: str | None
    state: str
    epochs: int
    scores: list[float]
    failed: str


class SearchRecord(TypedDict):
    """A search as it stands, JSON-ready; numbers that are not known yet are None.

    Attributes:
        best: trial that is ahead, and `best_score` its validation score.
        fresh_mean, fresh_sd: of the winner's validation score with fresh seeds.
        optimism: `best_score` minus `fresh_mean`.
        recipe: path of the recipe that was found.
    """

    search: str
    phase: Phase
    dataset: str
    version: str
    varied: list[str]
    sampler: str
    rungs: list[int]
    trials_left: int
    trials: list[TrialRecord]
    fresh: list[TrialRecord]
    best: int | None
    best_score: float | None
    fresh_mean: float | None
    fresh_sd: float | None
    optimism: float | None
    importance: dict[str, float]
    recipe: str | None


def document_of(workspace: Workspace, standing: SearchStanding) -> SearchRecord:
    """A standing as `fer tune --json` tells it."""
    plan, result = standing.plan, standing.result
    best = None if standing.leader is None else standing.trials[standing.leader]
    return {
        "search": plan.name,
        "phase": standing.phase,
        "dataset": plan.dataset,
        "version": plan.version,
        "varied": list(plan.varied),
        "sampler": plan.sampler,
        "rungs": list(plan.rungs),
        "trials_left": standing.left,
        "trials": [_record(trial) for trial in standing.trials],
        "fresh": [_record(trial) for trial in standing.fresh],
        "best": standing.leader,
        "best_score": best.score if best else None,
        "fresh_mean": result.mean if result else None,
        "fresh_sd": result.sd if result else None,
        "optimism": result.optimism if result else None,
        "importance": dict(standing.importance),
        "recipe": str(find(workspace, plan.name) / BEST) if standing.phase == "ended" else None,
    }


def _record(trial: SearchTrial) -> TrialRecord:
    return {
        "trial": trial.number,
        "values": dict(trial.values),
        "run": trial.run.id if trial.run else None,
        "state": trial.state,
        "epochs": trial.epochs,
        "scores": list(trial.scores),
        "failed": trial.failed,
    }
