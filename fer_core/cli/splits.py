"""Verbs about splits: stratify, certify."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from fer_core.cli.common import dataset, label, name_argument, version_option
from fer_core.cli.data import count_table
from fer_core.cli.report import Report, reports, table
from fer_core.errors import JobError

if TYPE_CHECKING:
    import pandas as pd

    from fer_core.data.dataset import Dataset
    from fer_core.data.versions import Version
    from fer_core.splits.plan import Plan

TOGETHER = ("exact", "near", "mirrored")
_Verb = Callable[..., Any]


def seed_option(verb: _Verb) -> _Verb:
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        metavar="N",
        default=42,
        show_default=True,
        help="Decides which images go where.",
    )(verb)


def distance_option(verb: _Verb) -> _Verb:
    return click.option(
        "--distance",
        type=click.IntRange(0, 16),
        metavar="N",
        default=4,
        show_default=True,
        help="Bits by which the hashes of near copies may differ.",
    )(verb)


def pattern_option(words: str) -> Callable[[_Verb], _Verb]:
    return click.option("--subject-pattern", metavar="REGEX", default=None, help=words)


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
@seed_option
@click.option(
    "--balance",
    metavar="COLUMNS",
    default="class",
    show_default=True,
    help="What to balance, separated by commas: class, source, brightness, mode.",
)
@click.option(
    "--together",
    type=click.Choice(TOGETHER),
    default="mirrored",
    show_default=True,
    help="Copies that stay on one side: exact ones always; near, or near and mirrored ones, too.",
)
@distance_option
@click.option(
    "--subject-column",
    metavar="COLUMN",
    default=None,
    help="Keep images of equal value on one side: subject, group.",
)
@pattern_option(r"Keep files of one subject on one side, read from their names, as in '(\w+)_\d+'.")
@click.option("--keep-test", is_flag=True, help="Leave the test split exactly as it is.")
@click.option(
    "--cap",
    type=click.IntRange(min=1),
    metavar="N",
    default=None,
    help="At most N images of a class; the rest is set aside.",
)
@click.option(
    "--folds",
    type=click.IntRange(2, 20),
    metavar="K",
    default=None,
    help="K folds instead of train, val and test; each also becomes a version to train on.",
)
@reports
def stratify(
    name: str,
    version: str | None,
    ratios: str,
    seed: int,
    balance: str,
    together: str,
    distance: int,
    subject_column: str | None,
    subject_pattern: str | None,
    keep_test: bool,
    cap: int | None,
    folds: int | None,
) -> Report:
    """Make new splits, copies on one side, as a new version.

    Every pair of images in different splits is then checked for copies, and the certificate is kept with the version.
    """
    from fer_core.splits import certificate, strata
    from fer_core.splits import stratify as splitter

    shares = splitter.parse_ratios(ratios)
    columns = [column.strip() for column in balance.split(",") if column.strip()]
    strata.check(columns)
    found = dataset(name)
    chosen = found.version(version)
    manifest = found.manifest(chosen.id)
    groups = _groups(found, chosen, manifest, together, distance, subject_column, subject_pattern)
    plan = (
        splitter.stratify_folds(manifest, folds, seed, groups, balance=columns, keep_test=keep_test, cap=cap)
        if folds
        else splitter.stratify(manifest, shares, seed, groups, balance=columns, keep_test=keep_test, cap=cap)
    )
    saved, each = splitter.save_folds(found, plan) if folds else (splitter.save_plan(found, plan), [])
    checked = certificate.certify(found, saved.id, distance=distance)
    proof = {key: checked[key] for key in ("exact", "near", "mirrored", "pairs_checked", "holds")}
    result = {
        "name": name,
        "version": saved.id,
        "number": saved.number,
        "parent": chosen.id,
        "splits": saved.counts["splits"],
        "counts": saved.counts["counts"],
        "group_violations": plan.group_violations,
        "groups": plan.groups,
        "together": plan.grouped_by,
        "moved": plan.moved,
        "set_aside": len(plan.aside),
        "evenness": {key: round(row["worst"], 4) for key, row in plan.evenness.iterrows()},
        "certificate": proof,
        "folds": [{"fold": v.parameters["fold"], "version": v.id, "number": v.number} for v in each],
        "warnings": plan.warnings,
    }
    return Report(result, "\n".join(_told(name, plan, saved, chosen, each, proof)))


def _groups(
    found: Dataset,
    chosen: Version,
    manifest: pd.DataFrame,
    together: str,
    distance: int,
    column: str | None,
    pattern: str | None,
) -> list[str | pd.Series]:
    """What is kept together besides equal pixels."""
    from fer_core.splits.near import kept_near_groups
    from fer_core.splits.subjects import from_pattern

    groups: list[str | pd.Series] = [column] if column else []
    if pattern:
        groups.append(from_pattern(manifest, pattern))
    if together != "exact":
        near = kept_near_groups(found, chosen.id, distance, together == "mirrored")
        groups += [] if near is None else [near]
    return groups


def _told(
    name: str, plan: Plan, saved: Version, chosen: Version, each: list[Version], proof: dict[str, Any]
) -> list[str]:
    lines = [
        f"{name}: version {label(saved)} from {label(chosen)}, {plan.moved:,} images moved, "
        f"{plan.groups:,} groups of copies kept together, {plan.group_violations} broken",
        "",
        count_table(saved.counts),
        "",
        f"certificate: {'holds' if proof['holds'] else 'does not hold'}, {proof['pairs_checked']:,} pairs checked",
    ]
    if each:
        lines.append(f"folds to train on: {', '.join(label(version) for version in each)}")
    if len(plan.aside):
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in plan.aside["reason"].value_counts().items())
        lines.append(f"set aside: {reasons}")
    return [*lines, *(f"note: {warning}" for warning in plan.warnings)]


@click.command("certify")
@name_argument
@version_option
@distance_option
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
