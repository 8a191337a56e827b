"""The journal of a search: an Optuna study in a file of lines, asked for trials and told what they reached.

Which values a trial gets follows from its number, the seed and the cohorts before it, so that a search that was killed
goes on as if nothing had happened.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.trial import FrozenTrial, TrialState

from fer_core.base.errors import RunError
from fer_core.base.locks import locked
from fer_core.scheduling.search.plan import JOURNAL, SearchPlan
from fer_core.scheduling.search.space import Choice, VariedField

optuna.logging.set_verbosity(optuna.logging.ERROR)
ENOUGH = 6
"""Trials below which nothing is said of which field mattered."""
_STUDY, _PLAN, _CLOSED, _REASON = "search", "plan", "closed", "reason"
_STRIDE = 9973  # between the seeds of two trials' draws


class _JournalLock(BaseJournalFileLock):
    """Ends with the process that holds it; Optuna's own locks stay when it is killed."""

    def __init__(self, path: Path) -> None:
        self._path, self._held = path, ExitStack()

    def acquire(self) -> bool:
        self._held.enter_context(locked(self._path))
        return True

    def release(self) -> None:
        self._held.close()


class SearchJournal:
    """A search's journal, opened.

    Args:
        folder: of the search.

    Raises:
        RunError: it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / JOURNAL
        backend = JournalFileBackend(str(path), lock_obj=_JournalLock(folder / ".journal.lock"))
        try:
            self._study = optuna.load_study(study_name=_STUDY, storage=JournalStorage(backend))
            self.plan = _plan(self._study.user_attrs[_PLAN])
        except (KeyError, ValueError, TypeError) as error:
            raise RunError("The journal of the search is damaged", received=path, hint=str(error)) from error

    @staticmethod
    def write(folder: Path, plan: SearchPlan) -> None:
        """Begin the journal of a search in a folder."""
        backend = JournalFileBackend(str(folder / JOURNAL), lock_obj=_JournalLock(folder / ".journal.lock"))
        study = optuna.create_study(study_name=_STUDY, storage=JournalStorage(backend), direction="maximize")
        study.set_user_attr(_PLAN, plan.record())

    @staticmethod
    def mend(folder: Path) -> None:
        """Cut off a last line that a killed writer left unfinished."""
        path = folder / JOURNAL
        with locked(folder / ".journal.lock"):
            data = path.read_bytes()
            if (whole := data.rfind(b"\n") + 1) < len(data):
                os.truncate(path, whole)

    @property
    def trials(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    @property
    def closed(self) -> bool:
        """Whether no trial is added any more."""
        return bool(self._study.user_attrs.get(_CLOSED)) or len(self.trials) >= self.plan.trials

    def close(self) -> None:
        """Add no trial any more."""
        self._study.set_user_attr(_CLOSED, True)

    def may_ask(self) -> bool:
        """Whether the next trial can be drawn: TPE waits for what the cohorts before have reached."""
        trials = self.trials
        if self.closed:
            return False
        begin = len(trials) // self.plan.cohort * self.plan.cohort
        return self.plan.sampler != "tpe" or all(trial.state.is_finished() for trial in trials[:begin])

    def ask(self) -> int:
        """Draw the next trial; its number."""
        number = len(self.trials)
        self._study.sampler = self._sampler(number, 0)
        trial = self._study.ask()
        self.complete(trial.number)
        return trial.number

    def complete(self, number: int) -> dict[str, Choice]:
        """The values of a trial; those that a killed searcher had not drawn yet are drawn."""
        known = self.trials[number]
        if known.state.is_finished() or all(each.field in known.params for each in self.plan.space):
            return dict(known.params)
        self._study.sampler = self._sampler(number, 0)
        trial = optuna.Trial(self._study, known._trial_id)
        for place, each in enumerate(self.plan.space):
            self._study.sampler = self._sampler(number, place)  # the values before may be drawn already
            _draw(trial, each)
        return dict(trial.params)

    def tell(self, number: int, score: float | None) -> None:
        """What a trial reached after the first rung; None where it failed."""
        state = TrialState.FAIL if score is None else TrialState.COMPLETE
        self._study.tell(number, score, state=state)

    def note_failure(self, number: int, reason: str) -> None:
        """Why a trial has no run."""
        self._attribute(number, _REASON, reason)

    def failure_of(self, number: int) -> str:
        return str(self.trials[number].user_attrs.get(_REASON, ""))

    def importance(self) -> dict[str, float]:
        """How much of the differences after the first rung each field explains, the largest first; they sum to 1.

        By fANOVA (Hutter et al. 2014). Empty below `ENOUGH` trials, and where all reached the same.
        """
        done = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        if len(done) < ENOUGH or len({trial.value for trial in done}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {field: float(share) for field, share in found.items()}

    def _attribute(self, number: int, key: str, value: str) -> None:
        self._study._storage.set_trial_user_attr(self.trials[number]._trial_id, key, value)

    def _sampler(self, number: int, place: int) -> BaseSampler:
        seed = (self.plan.recipe.training.seed + 1 + number) * _STRIDE + place
        if self.plan.sampler == "random":
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, multivariate=False, n_startup_trials=2 * self.plan.cohort)


def cohorts(plan: SearchPlan, asked: int, closed: bool) -> Iterator[range]:
    """Numbers of the trials of each cohort that is whole."""
    for begin in range(0, asked, plan.cohort):
        end = min(begin + plan.cohort, asked)
        if end - begin == plan.cohort or closed:
            yield range(begin, end)


def _plan(record: Any) -> SearchPlan:
    return SearchPlan(**{**record, "varied": tuple(record["varied"]), "rungs": tuple(record["rungs"])})


def _draw(trial: optuna.Trial, field: VariedField) -> None:
    if field.choices:
        trial.suggest_categorical(field.field, list(field.choices))
    elif field.whole:
        trial.suggest_int(field.field, int(field.low), int(field.high), log=field.log)
    else:
        trial.suggest_float(field.field, field.low, field.high, log=field.log)
