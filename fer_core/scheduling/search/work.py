"""A search at work: it draws trials, trains them as far as halving says, and judges the winner anew.

Every step follows from the journal and the runs, so whoever carries it on, after whatever ended, takes the same steps.
Validation alone is looked at; the test split stays as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from fer_core.base.errors import FerError, RunError
from fer_core.base.locks import LockHeld, locked
from fer_core.base.workspace import Workspace
from fer_core.runs.run import ACTIVE, Run
from fer_core.scheduling import queue, resume, start
from fer_core.scheduling.search import halving, winner
from fer_core.scheduling.search.plan import FRESH, MOST_TRIALS, find
from fer_core.scheduling.search.standing import (
    SearchStanding,
    SearchTrial,
    runs_of,
    standing_of,
    trial_of_run,
)

TellFn = Callable[[SearchStanding], None]
_EVERY = 0.5  # seconds between looks: of short trials, looking takes processor time that they would train in
_CHANCES = 3  # a run whose process vanishes so often, while its search looks on, has failed


def carry_on(workspace: Workspace, name: str, tell: TellFn = lambda standing: None) -> SearchStanding:
    """Carry a search on to its end. What interrupts it pauses its runs; a process that is killed leaves them to themselves.

    Args:
        workspace: where it is.
        name: of the search.
        tell: called with the standing after every look.

    Raises:
        NotFound: there is no such search.
        RunError: another process carries it on, its journal is damaged, or all its trials failed.
    """
    folder = find(workspace, name)
    try:
        with locked(folder / ".lock", wait=False):
            return _Searcher(workspace, name).work(tell)
    except LockHeld as error:
        raise RunError("Another process carries this search on", received=name) from error


class _Searcher:
    def __init__(self, workspace: Workspace, name: str) -> None:
        from fer_core.scheduling.search.journal import SearchJournal

        folder = find(workspace, name)
        SearchJournal.mend(folder)
        self._workspace, self._folder = workspace, folder
        self._journal = SearchJournal(folder)
        self._plan = self._journal.plan
        self._runs = runs_of(workspace, name)
        self._lost: dict[str, int] = {}
        self._known: dict[tuple[str, int], SearchTrial] = {}

    def work(self, tell: TellFn) -> SearchStanding:
        try:
            while True:
                standing = self._step()
                tell(standing)
                if standing.phase == "ended":
                    return standing
                if standing.phase == "failed":
                    reasons = [t.failed for t in (*standing.fresh, *standing.trials) if t.failed]
                    raise RunError(
                        "Every run of the search failed", received=self._plan.name, hint=reasons[0]
                    )
                time.sleep(_EVERY)
        except BaseException:
            self._pause_all()
            raise

    def _step(self) -> SearchStanding:
        queue.advance(self._workspace)
        standing = self._look()
        self._tell(standing)
        room = queue.slots() - sum(trial.at_work for trial in (*standing.trials, *standing.fresh))
        for trial in standing.trials:
            if room > 0 and self._goes_on(trial, standing.targets[trial.number]):
                room -= self._train(trial, standing.targets[trial.number])
        while room > 0 and self._journal.may_ask():
            if self._spent(standing):
                self._journal.close()
                break
            number = self._journal.ask()
            room -= self._train(SearchTrial(number, self._journal.complete(number), None), 0)
            standing = self._look()
        if standing.phase == "fresh seeds":
            self._judge(standing, room)
            standing = self._look()
        return standing

    def _look(self) -> SearchStanding:
        trials = tuple(
            self._seen("trial", trial.number, self._journal.failure_of(trial.number))
            for trial in self._journal.trials
        )
        fresh = tuple(self._seen("fresh", n) for n in range(FRESH) if ("fresh", n) in self._runs)
        return standing_of(self._workspace, self._plan, trials, fresh, self._journal.closed)

    def _seen(self, kind: str, number: int, failed: str = "") -> SearchTrial:
        """A trial; one that rests is read again only once it was sent on."""
        key = (kind, number)
        if key not in self._known:
            rungs = self._plan.rungs if kind == "trial" else self._plan.rungs[-1:]
            values = self._journal.complete(number) if kind == "trial" else {}
            found = trial_of_run(number, values, self._runs.get(key), rungs, failed)
            if found.run and self._lost.get(found.run.id, 0) >= _CHANCES and not found.at_work:
                found = trial_of_run(
                    number, values, None, rungs, found.run.status()[1] or "Its process ended"
                )
            if found.at_work or (found.run is None and not found.failed):
                return found
            self._known[key] = found
        return self._known[key]

    def _goes_on(self, trial: SearchTrial, target: int) -> bool:
        return not trial.failed and not trial.at_work and len(trial.scores) <= target

    def _train(self, trial: SearchTrial, target: int) -> int:
        """Send a trial on to a rung; how many slots that takes."""
        after = self._plan.rungs[target]
        if trial.run is not None:
            return self._resume(trial.run, ("trial", trial.number), after)
        plan, seed = self._plan, self._plan.seed_of(trial.number)
        fields: dict[str, object] = {
            "trial": trial.number,
            "member": f"trial {trial.number}",
            "pause_after": after,
        }
        try:
            made = start.start(
                self._workspace, plan.dataset, plan.version, plan.recipe, {**trial.values, "training.seed": seed},
                search=plan.name, **fields,
            )  # fmt: skip
        except FerError as error:  # fields that do not go together
            self._journal.note_failure(trial.number, str(error))
            return 0
        self._runs["trial", trial.number] = made
        return 1

    def _resume(self, run: Run, key: tuple[str, int], after: int | None) -> int:
        if run.state == "lost" or (run.state == "failed" and run.info.get("state") != "failed"):
            self._lost[run.id] = self._lost.get(run.id, 0) + 1
        self._known.pop(key, None)
        resume.resume(run, after)
        return 1

    def _tell(self, standing: SearchStanding) -> None:
        """Tell the journal of cohorts that have reached the first rung, all at once: TPE learns from them."""
        from fer_core.scheduling.search.journal import cohorts

        drawn = self._journal.trials
        for cohort in cohorts(self._plan, len(drawn), self._journal.closed):
            members = [standing.trials[number] for number in cohort]
            if all(trial.scores or trial.failed for trial in members):
                for trial in members:
                    if not drawn[trial.number].state.is_finished():
                        self._journal.tell(trial.number, trial.scores[0] if trial.scores else None)

    def _spent(self, standing: SearchStanding) -> bool:
        """Whether the budget is for the trials there are, with what halving will still train of them."""
        budget, trials = self._plan.budget_hours, standing.trials
        epochs = sum(trial.epochs for trial in trials)
        if budget is None or not epochs:
            return False
        seconds = sum(trial.seconds for trial in trials)
        to_come = halving.epochs_to_come(len(trials), self._plan.rungs)
        return seconds + to_come * seconds / epochs >= 3600 * budget

    def _judge(self, standing: SearchStanding, room: int) -> None:
        """Train the winner with fresh seeds; write its recipe once they have ended."""
        best = standing.trials[standing.leader or 0]
        for number in range(FRESH):
            found = next((each for each in standing.fresh if each.number == number), None)
            if found is None and room > 0:
                self._runs["fresh", number] = self._start_fresh(best, number)
                room -= 1
            elif (
                found
                and found.run
                and room > 0
                and not found.failed
                and not found.at_work
                and not found.scores
            ):
                room -= self._resume(found.run, ("fresh", number), None)
        if standing.result is not None:
            winner.write(self._folder, standing)

    def _start_fresh(self, best: SearchTrial, number: int) -> Run:
        plan = self._plan
        settings: dict[str, object] = {**best.values, "training.seed": plan.seed_of(MOST_TRIALS + number)}
        return start.start(
            self._workspace, plan.dataset, plan.version, plan.recipe, settings,
            search=plan.name, fresh=number, member=f"fresh seed {number + 1}",
        )  # fmt: skip

    def _pause_all(self) -> None:
        for run in self._runs.values():
            if run.state == "queued":
                start.stop(run)
            elif run.state in ACTIVE:
                resume.pause(run)
