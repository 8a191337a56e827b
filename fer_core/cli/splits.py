"""Verbs about splits: stratify, certify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fer_core.cli.common import dataset, label, name_argument, version_option
from fer_core.cli.data import count_table
from fer_core.cli.report import Report, reports, table
from fer_core.errors import JobError

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset

GROUPS = ("exact", "near", "mirrored")


@click.command("stratify")
@name_argument
@version_option
@click.option(
    "--ratios",
    metavar="A/B/C",
    default="80/10/10",
    show_default=True,
    help="Shares of train, val and test in percent.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=42,
    show_default=True,
    help="Decides which images go where.",
)
@click.option(
    "--together",
    type=click.Choice(GROUPS),
    default="exact",
    show_default=True,
    help="Copies that stay on one side: exact ones always; near, or near and mirrored ones, too.",
)
@reports
def stratify(name: str, version: str | None, ratios: str, seed: int, together: str) -> Report:
    """Make new splits, copies on one side, as a new version."""
    from fer_core.splits import stratify as splitter

    found = dataset(name)
    chosen = found.version(version)
    shares = splitter.parse_ratios(ratios)
    manifest = found.manifest(chosen.id)
    groups = _near(found, manifest, together == "mirrored") if together != "exact" else None
    plan = splitter.stratify(manifest, shares, seed, splitter.EXACT if groups is None else groups)
    saved = splitter.save_plan(found, plan)
    result = {
        "name": name,
        "version": saved.id,
        "number": saved.number,
        "parent": chosen.id,
        "splits": saved.counts["splits"],
        "counts": saved.counts["counts"],
        "group_violations": plan.group_violations,
        "groups": plan.groups,
        "moved": plan.moved,
        "warnings": plan.warnings,
    }
    lines = [
        f"{name}: version {label(saved)} from {label(chosen)}, {plan.moved:,} images moved, "
        f"{plan.groups:,} groups of copies kept together, {plan.group_violations} broken",
        "",
        count_table(saved.counts),
        *(f"note: {warning}" for warning in plan.warnings),
    ]
    return Report(result, "\n".join(lines))


def _near(found: Dataset, manifest: pd.DataFrame, mirrored: bool) -> pd.Series | None:
    """Group ids of near copies; None where there are none."""
    from fer_core.splits.near import near_groups

    groups = near_groups(manifest, found.pixels(), mirrored=mirrored)
    return groups if len(groups) else None


@click.command("certify")
@name_argument
@version_option
@click.option(
    "--distance",
    type=click.IntRange(0, 16),
    metavar="N",
    default=4,
    show_default=True,
    help="Bits by which the hashes of near copies may differ.",
)
@click.option(
    "--mirrored/--no-mirrored", default=True, show_default=True, help="Look for mirrored copies too."
)
@reports
def certify(name: str, version: str | None, distance: int, mirrored: bool) -> Report:
    """Check every pair of images in different splits for copies.

    The certificate is kept with the version. The status is 1 when copies lie on two sides.
    """
    from fer_core.splits import certificate

    found = dataset(name)
    chosen = found.version(version)
    result = certificate.certify(found, chosen.id, distance=distance, mirrored=mirrored)
    kinds = ("exact", "near", "mirrored")
    rows = [(pair, n["checked"], *(n[kind] for kind in kinds)) for pair, n in result["table"].items()]
    rows.append(("all", result["pairs_checked"], *(result[kind] for kind in kinds)))
    lines = [
        f"{name}, version {label(chosen)}: pairs of images across splits, checked by {result['method']}",
        "",
        table(("splits", "pairs checked", *kinds), rows),
        *(f"{e['kind']}: {e['first']} and {e['second']}" for e in result["examples"][:5]),
    ]
    copies = sum(result[kind] or 0 for kind in kinds)
    words = f"The splits are not apart: {copies:,} pairs of copies across them"
    error = None if result["holds"] else JobError(words)
    return Report(result, "\n".join(lines), error)


COMMANDS: list[click.Command] = [stratify, certify]
