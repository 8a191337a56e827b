"""Verbs about what several people say of a label: agreement (of reviewers) and relabel (by the votes that came along)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fer_core.cli.common import dataset, journal_of, label, name_argument, version_option
from fer_core.cli.report import Report, reports, table

if TYPE_CHECKING:
    from fer_core.review.agreement import AgreementReport


@click.command("agreement")
@name_argument
@reports
def agreement(name: str) -> Report:
    """How far reviewers agree: Cohen's or Fleiss' kappa, overall and per class.

    Each reviewer's last verdict on an image counts; a final say does not.
    """
    from fer_core.review.agreement import agreement_report

    found = agreement_report(journal_of(dataset(name)).decisions(active_only=False))
    return Report({"name": name} | found, _text(found))


def _text(found: AgreementReport) -> str:
    if not found["reviewers"]:
        return "Nobody has decided on a label yet."
    people = [[_who(r["who"]), f"{r['decisions']:,}", f"{r['blind']:,}"] for r in found["reviewers"]]
    parts = [table(["reviewer", "decisions", "blind"], people)]
    if found["pairs"]:
        pairs = [
            [
                f"{_who(p['first'])} and {_who(p['second'])}",
                f"{p['images']:,}",
                f"{p['agreed']:,}",
                _kappa(p["kappa"]),
            ]
            for p in found["pairs"]
        ]
        parts.append(table(["pair", "images", "alike", "kappa"], pairs))
    elif len(found["reviewers"]) > 1:
        parts.append("No two reviewers have an image in common.")
    if found["method"] == "fleiss" and found["images"]:
        parts.append(f"Fleiss' kappa of all on {found['images']:,} images: {_kappa(found['kappa'])}")
    if found["classes"]:
        rows = [[r["class"], f"{r['images']:,}", _kappa(r["kappa"])] for r in found["classes"]]
        parts.append(table(["class", "images", "kappa"], rows))
    if found["self_checks"]:
        rows = [
            [_who(r["who"]), f"{r['checks']:,}", f"{r['agreed']:,}", _kappa(r["kappa"])]
            for r in found["self_checks"]
        ]
        parts.append(table(["with themselves", "checks", "alike", "kappa"], rows))
    if found["disagreements"]:
        parts.append(f"{found['disagreements']:,} disagreements are open.")
    return "\n\n".join(parts)


def _who(name: str) -> str:
    return name or "(no name)"


def _kappa(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@click.command("relabel")
@name_argument
@version_option
@click.option(
    "--majority",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    default=0.5,
    show_default=True,
    help="Of the votes, more than which the label must have outside of train.",
)
@click.option("--hard", is_flag=True, help="No soft labels: images of train need the majority too.")
@reports
def relabel(name: str, version: str | None, majority: float, hard: bool) -> Report:
    """Label images by the votes people gave, as a version.

    Each image gets the emotion most voters chose; those of train keep the votes as a soft label to learn from. Left
    out is what most voters found unclear or no face, and outside of train what has no majority. Single votes are slips.
    """
    from fer_core.review.from_votes import apply_votes

    found = dataset(name)
    made, labels = apply_votes(found, version, majority=majority, soft=not hard)
    result = {
        "name": name,
        "version": made.id,
        "number": made.number,
        "images": made.counts["images"],
        "relabelled": labels.relabelled,
        "left_out": labels.left_out,
        "splits": made.images_per_split,
        "classes": made.counts["classes"],
    }
    left = ", ".join(f"{n:,} {why}" for why, n in labels.left_out.items()) or "none"
    return Report(
        result,
        f"{name}: version {label(made)}, {made.counts['images']:,} images, {labels.relabelled:,} relabelled\nleft out: {left}",
    )


COMMANDS: list[click.Command] = [agreement, relabel]
