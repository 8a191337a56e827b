"""The verb agreement: how far reviewers agree with each other and with themselves."""

from __future__ import annotations

from typing import Any

import click

from fer_core.cli.common import dataset, name_argument
from fer_core.cli.journal import journal_of
from fer_core.cli.report import Report, reports, table


@click.command("agreement")
@name_argument
@reports
def agreement(name: str) -> Report:
    """How far reviewers agree: Cohen's or Fleiss' kappa, overall and per class.

    Each reviewer's last verdict on an image counts; a final say does not.
    """
    from fer_core.review import agreement as measure

    found = measure.report(journal_of(dataset(name)).decisions(active_only=False))
    return Report({"name": name} | found, _text(found))


def _text(found: dict[str, Any]) -> str:
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
        rows = [[_who(r["who"]), r["checks"], r["agreed"], _kappa(r["kappa"])] for r in found["self_checks"]]
        parts.append(table(["with themselves", "checks", "alike", "kappa"], rows))
    if found["disagreements"]:
        parts.append(f"{found['disagreements']:,} disagreements are open.")
    return "\n\n".join(parts)


def _who(name: str) -> str:
    return name or "(no name)"


def _kappa(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


COMMANDS: list[click.Command] = [agreement]
