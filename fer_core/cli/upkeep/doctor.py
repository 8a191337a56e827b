"""The verb that says what is damaged: doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.base.errors import JobError
from fer_core.cli.common import workspace
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.upkeep.doctor import Mended
    from fer_core.upkeep.findings import Examination


@click.command("doctor")
@click.option(
    "--repair", "mend", is_flag=True, help="Make again what can be, set aside what cannot; delete nothing."
)
@job_option
@reports
def doctor(mend: bool, job: Path | None) -> Report:
    """Compare every file of the workspace with what was written, and say what is damaged and what to do.

    Files of older versions have no checksums: they are told as not checked. Exit status 1 where something is damaged.
    """
    from fer_core.upkeep.doctor import examine, interrupted, repair

    home = workspace()
    before = interrupted(home)
    with work(job) as task:
        found = examine(home, task.progress)
        mended: list[Mended] = []
        try:
            if mend:
                repair(found, mended)
            if mended:
                found = examine(home, task.progress)
        except BaseException:  # who is stopped says what was done, and what is left
            done = {each.path for each in mended if each.done}
            found.findings = [finding for finding in found.findings if finding.path not in done]
            task.result = _document(found, mended, before)
            raise
        task.result = document = _document(found, mended, before)
    kinds = [(kind, count) for kind, count in found.counts.items() if count.total()]
    lines = [
        table(
            ("kind", "whole", "damaged", "gone", "not checked"),
            [(kind, c["whole"], c["damaged"], c["gone"], c["not checked"]) for kind, c in kinds],
        )
        if kinds
        else "There is nothing in this workspace."
    ]
    lines += [f"\nA repair was interrupted. {path}: {words}" for path, words in before.items()]
    lines += [f"\n{each.path}: {each.words}" for each in mended]
    lines += [f"\n{f.path} is {f.state}. {f.harm}.\n  {f.remedy}." for f in found.findings]
    if kinds and not found.findings:
        lines.append("\nNothing is damaged, as far as it can be checked.")
    bad = len(found.findings)
    error = JobError(f"{bad:,} {'file is' if bad == 1 else 'files are'} damaged or gone") if bad else None
    return Report(document, "\n".join(lines), error)


def _document(found: Examination, mended: list[Mended], before: dict[str, str]) -> dict[str, object]:
    return {
        "checked": {kind: dict(count) for kind, count in found.counts.items() if count.total()},
        "findings": [finding.record() for finding in found.findings],
        "repaired": [each._asdict() for each in mended],
        "interrupted": [{"path": path, "words": words} for path, words in before.items()],
    }
