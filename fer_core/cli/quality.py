"""Verbs that find what is wrong: duplicates, mislabels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.common import csv_option, dataset, label, name_argument, version_option, write_csv
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.jobs import ProgressFn

KINDS = ("exact", "near", "mirrored")
METHODS = ("quick",)
RANKING_COLUMNS = ["image_id", "path", "split", "label", "suggested", "score"]


class Kinds(click.ParamType[tuple[str, ...]]):
    """Kinds of copies, separated by commas."""

    name = "kinds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        kinds = tuple(part.strip() for part in str(value).split(","))
        unknown = [kind for kind in kinds if kind not in KINDS]
        if unknown:
            self.fail(f"{', '.join(map(repr, unknown))} is none of {', '.join(KINDS)}.", param, ctx)
        return kinds


@click.command("duplicates")
@name_argument
@version_option
@click.option(
    "--kind",
    "kinds",
    type=Kinds(),
    default="exact",
    show_default=True,
    metavar="KIND[,KIND]",
    help="exact, near, mirrored. Exact copies are always counted.",
)
@click.option(
    "--distance",
    type=click.IntRange(0, 16),
    metavar="N",
    default=4,
    show_default=True,
    help="Bits by which the hashes of near and mirrored copies may differ.",
)
@csv_option(help="Write the groups, one row per image.")
@reports
def duplicates(
    name: str, version: str | None, kinds: tuple[str, ...], distance: int, csv_file: Path | None
) -> Report:
    """Find copies, and the leaks they make between splits."""
    found = dataset(name)
    chosen = found.version(version)
    tables = _copies(found, chosen, kinds, distance)
    if csv_file:
        write_csv(_numbered(tables), csv_file)
    from fer_core.quality.duplicates import Groups

    result = {kind: Groups(rows).summary() for kind, rows in tables.items()}
    crossings = sorted({pair for summary in result.values() for pair in summary["cross_split"]})
    rows = [
        (
            kind,
            s["groups"],
            s["extra_copies"],
            *(s["cross_split"].get(p, 0) for p in crossings),
            s["conflicting_labels"],
        )
        for kind, s in result.items()
    ]
    head = f"{name}, version {label(chosen)}: groups of copies, and how many of them two splits share\n\n"
    text = head + table(("kind", "groups", "extra copies", *crossings, "labels differ"), rows)
    return Report({"name": name, "version": chosen.id, **result}, text)


def _copies(
    found: Dataset, version: Version, kinds: tuple[str, ...], distance: int
) -> dict[str, pd.DataFrame]:
    """Kind -> table of groups. A group with near and mirrored copies counts under both."""
    from fer_core.quality.duplicates import find_exact, find_near

    manifest = found.manifest(version.id)
    result = {"exact": find_exact(manifest).table}
    wanted = [kind for kind in ("near", "mirrored") if kind in kinds]
    if wanted:
        rows = find_near(manifest, found.pixels(), distance, mirrored="mirrored" in kinds).table
        for kind in wanted:
            result[kind] = rows[rows["group"].isin(rows.loc[rows["kind"] == kind, "group"])]
    return result


def _numbered(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All groups in one table, every group once and with a number of its own."""
    import pandas as pd

    near = [rows for kind, rows in tables.items() if kind != "exact"]
    parts = [tables["exact"], pd.concat(near).drop_duplicates()] if near else [tables["exact"]]
    whole = pd.concat(parts, keys=range(len(parts)), names=["part"]).reset_index("part")
    return whole.assign(group=whole.groupby(["part", "group"]).ngroup()).drop(columns="part")


@click.command("mislabels")
@name_argument
@version_option
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="quick",
    show_default=True,
    help="What judges the labels; quick is a small model, out of fold, about a second per thousand images.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    metavar="N",
    default=15,
    show_default=True,
    help="How many of the worst to show.",
)
@csv_option(help="Write the ranking, one row per image, worst first.")
@job_option
@reports
def mislabels(
    name: str, version: str | None, method: str, top: int, csv_file: Path | None, job: Path | None
) -> Report:
    """Rank the labels by how likely they are wrong.

    The ranking is kept with the dataset; asking again is quick. A score is 0 to 1, low is bad.
    """
    with work(job) as task:
        from fer_core.quality import mislabels as ranking

        found = dataset(name)
        chosen = found.version(version)
        rows = ranked(found, chosen, method, task.progress)
        if csv_file:
            write_csv(rows[RANKING_COLUMNS], csv_file)
        about = {"name": name, "version": chosen.id, "method": method, "images": len(rows)}
        task.result = about | ranking.summary(rows)
    worst = rows[RANKING_COLUMNS].head(top).to_dict("records")
    lines = [
        f"{task.result['likely_wrong']:,} of {len(rows):,} labels of {name}, version {label(chosen)}, "
        f"are likely wrong by method {method}."
    ]
    if worst:
        lines += ["", table(RANKING_COLUMNS, [list(row.values()) for row in worst])]
    return Report({**task.result, "worst": worst}, "\n".join(lines))


def ranked(found: Dataset, version: Version, method: str, progress: ProgressFn) -> pd.DataFrame:
    """The ranking kept with the dataset, made first where there is none."""
    from fer_core.quality import mislabels as ranking

    rows = ranking.load(found, version.id, method)
    if rows is None:
        rows = ranking.rank(found.manifest(version.id), found.pixels(), method=method, progress=progress)
        ranking.save(found, version.id, method, rows)
    return rows


COMMANDS: list[click.Command] = [duplicates, mislabels]
