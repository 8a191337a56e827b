"""The comparison that follows an import, so that whoever looks next sees what is copied and what leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_core import jobs
from fer_core.duplicates import reach
from fer_core.duplicates.scan_store import compared_pairs, stored_pairs
from fer_core.duplicates.search import DEFAULT_KINDS
from fer_core.jobs.tasks import FindCopies

if TYPE_CHECKING:
    from fer_core.data.dataset import Dataset
    from fer_core.jobs.reporter import ProgressFn


def compare_newest(dataset: Dataset, progress: ProgressFn | None = None) -> jobs.Job | None:
    """Compare the pictures of the newest version: at once where that takes a moment, else as a job.

    Returns:
        The job that is at it and outlives this process; None where everything is compared.

    Raises:
        FerError: it cannot be compared, or no job can be started.
    """
    if stored_pairs(dataset, dataset.head) is not None:
        return None
    if dataset.manifest()["pixel_hash"].nunique() <= reach.AT_ONCE_UP_TO:
        compared_pairs(dataset, dataset.head, progress=progress)
        return None
    task = FindCopies(dataset.name, dataset.head, ",".join(DEFAULT_KINDS), reach.DISTANCE)
    job = jobs.latest(dataset.workspace, task)
    return job if job is not None and job.state == "running" else jobs.start(dataset.workspace, task)
