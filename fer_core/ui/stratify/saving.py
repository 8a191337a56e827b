"""Saving what the page planned: a job, so that it says how far it is, can be stopped, and goes on when the page is left."""

from __future__ import annotations

from functools import partial

import streamlit as st

from fer_core import jobs
from fer_core.base.errors import NotFound
from fer_core.data.datasets import open_dataset
from fer_core.jobs.tasks import Merge, Separate, Stratify
from fer_core.splits.merge.propose import MergeProposal
from fer_core.splits.plan import SplitPlan
from fer_core.ui.components import version_text
from fer_core.ui.shell import job_progress, next_step, page

SaveTask = Stratify | Separate | Merge
_JOB = "strat-saving"
"""Where the session keeps the id of the job whose end it waits for."""


def of_split(scope: page.Scope, plan: SplitPlan) -> Stratify:
    """What makes the same splits again."""
    said = plan.options
    ratios = "/".join(f"{share:.15g}" for share in said.get("given_ratios", ()))
    return Stratify(
        scope.dataset.name,
        scope.version.id,
        said["distance"],
        **({"ratios": ratios} if ratios else {"folds": said["folds"]}),
        seed=plan.seed,
        balance=",".join(plan.balance),
        together=said["together"],
        subject_column=said["column"] or "none",
        subject_pattern=said["pattern"],
        keep_test=said["keep_test"],
        cap=said["cap"],
    )


def of_merge(scope: page.Scope, proposal: MergeProposal) -> Merge:
    """What adds the same images again."""
    plan, said = proposal.plan, proposal.plan.options
    fill = said["fill"]
    if not isinstance(fill, str):
        fill = ",".join(f"{name}={number}" for name, number in fill.items())
    known = set(plan.table.index)
    changed = {
        theirs: ours
        for theirs, ours in said["mapping"].items()
        if ours != (theirs if theirs in known else "")
    }
    return Merge(
        scope.dataset.name, proposal.other.name, scope.version.id, proposal.version, fill, plan.into,
        tuple(f"{theirs}={ours}" for theirs, ours in changed.items()), said["seed"], certify=True,
    )  # fmt: skip


def of_leaks(scope: page.Scope) -> Separate:
    """What drops the same images again."""
    return Separate(scope.dataset.name, scope.version.id, certify=True)


def card(scope: page.Scope, task: SaveTask | None, number: int) -> None:
    """The button that saves a plan as a version (None: there is nothing to save), or how far a save is.

    Args:
        scope: of the page.
        task: what is saved.
        number: of the new version.
    """
    job = _job(scope)
    if job_progress.job_card(job, on_end=partial(_ended, scope)):
        return
    if job is not None:
        if job.state == "finished":  # while another page was shown
            _ended(scope, job)
            st.rerun()
        if job.state == "stopped":
            st.html('<p class="fer-muted">Stopped. No version was made; save again to start over.</p>')
    if st.button(
        f"Save as version {number}",
        type="primary",
        icon=":material/save:",
        width="stretch",
        disabled=task is None,
    ):
        assert task is not None
        st.session_state[_JOB] = jobs.start(scope.workspace, task).id
        st.rerun()


def _job(scope: page.Scope) -> jobs.Job | None:
    """The save of this dataset that this visit waits for, or that somebody started and that still works."""
    try:
        known = jobs.get(scope.workspace, str(st.session_state[_JOB]))
    except (KeyError, NotFound):
        known = None
    if known is None or not _of(known, scope):
        working = (job for job in jobs.recent(scope.workspace) if _of(job, scope) and job.state == "running")
        known = next(working, None)
        if known is not None:
            st.session_state[_JOB] = known.id
    return known


def _of(job: jobs.Job, scope: page.Scope) -> bool:
    task = job.task
    return isinstance(task, Stratify | Separate | Merge) and task.dataset == scope.dataset.name


def _ended(scope: page.Scope, job: jobs.Job) -> None:
    """Show what was made; why none was stays until the next save."""
    if job.state != "finished":
        return
    st.session_state.pop(_JOB, None)
    dataset = open_dataset(scope.workspace, scope.dataset.name)
    saved = dataset.version(str(job.result["version"]))
    page.select(dataset.name, None if saved.id == dataset.head else saved.id)
    words = f"{version_text.operation(saved)}, {version_text.made_by(saved)}".rstrip(", ")
    next_step.made(dataset.name, saved.id, f"Version {saved.number} is ready: {words}")
