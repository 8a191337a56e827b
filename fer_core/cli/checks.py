"""The verb check: dark, bright, blurry, blank, odd pictures."""

from __future__ import annotations

from pathlib import Path

import click

from fer_core.cli.common import csv_option, dataset, label, name_argument, version_option, write_csv
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work


@click.command("check")
@name_argument
@version_option
@csv_option("Write the scores and flags, one row per image.")
@job_option
@reports
def check(name: str, version: str | None, csv_file: Path | None, job: Path | None) -> Report:
    """Check every picture: dark, bright, blurry, low information, odd size, odd aspect ratio, gray among colour.

    Scores are 0 to 1, low is bad, in cleanvision's meaning. What is measured is kept; asking again is quick.
    """
    from fer_core.checks import checks

    with work(job) as task:
        found = dataset(name)
        chosen = found.version(version)
        scores = checks.run_checks(found, chosen.id, task.progress)
        rows = found.manifest(chosen.id).set_index("image_id")[["path", "split", "label"]]
        paths = {str(image): str(path) for image, path in rows["path"].items()}
        numbers = checks.summary(scores)
        found_by = {
            one: {**told, "worst": checks.worst_images(scores, one, paths)} for one, told in numbers.items()
        }
        result = {"name": name, "version": chosen.id, "images": len(scores), "checks": found_by}
        task.result = result
    if csv_file:
        about = rows.loc[scores.index]
        write_csv(about.join(scores).reset_index(), csv_file)
    shown = [(c.title, numbers[c.name]["flagged"], c.threshold, c.description) for c in checks.CHECKS]
    lines = [f"{name}, version {label(chosen)}: {len(scores):,} pictures checked", ""]
    lines.append(table(("check", "flagged", "below", "what is flagged"), shown))
    missing = max(told["missing"] for told in numbers.values())
    if missing:
        lines.append(f"{missing:,} pictures could not be measured: their files are gone")
    return Report(result, "\n".join(lines))


COMMANDS: list[click.Command] = [check]
