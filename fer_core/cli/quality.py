"""Verbs about what is wrong and its repair: duplicates, mislabels, review, stratify, certify."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fer_core.cli.common import dataset, emit, job_option, json_option, name_argument, text_table, version_option, work
from fer_core.errors import DecisionError

KINDS = ("exact", "near", "mirrored")


@click.command("duplicates")
@name_argument
@version_option
@click.option("--kind", default="exact", show_default=True, help="Comma separated: exact, near, mirrored.")
@click.option("--distance", default=4, show_default=True, help="Largest pHash distance of near copies; even.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), default=None, help="Write the groups, one row per image.")
@json_option
def duplicates(name: str, version: str | None, kind: str, distance: int, csv_file: Path | None, as_json: bool) -> None:
    """Copies, and the leaks they make between splits."""
    import pandas as pd

    from fer_core.quality.duplicates import find_exact, find_near

    kinds = [k.strip() for k in kind.split(",")]
    if unknown := [k for k in kinds if k not in KINDS]:
        raise click.BadParameter(f"must be of {', '.join(KINDS)}. Received: {', '.join(unknown)}", param_hint="--kind")
    found = dataset(name)
    manifest = found.manifest(version)
    groups = {"exact": find_exact(manifest)}
    if "near" in kinds or "mirrored" in kinds:
        groups["near"] = find_near(manifest, found.pixels(), distance=distance, mirrored="mirrored" in kinds)
    if csv_file:
        pd.concat([g.table for g in groups.values()]).to_csv(csv_file, index=False)
    result = {key: g.summary() for key, g in groups.items()}
    if as_json:
        emit(result)
        return
    for key, summary in result.items():
        leaks = ", ".join(f"{pair} {n:,}" for pair, n in summary["cross_split"].items())
        click.echo(
            f"{key}: {summary['groups']:,} groups, {summary['extra_copies']:,} extra copies; across splits: {leaks}; "
            f"{summary['conflicting_labels']:,} groups with conflicting labels"
        )


@click.command("mislabels")
@name_argument
@version_option
@click.option("--method", default="quick", show_default=True, help="quick: features and a linear model, out of fold.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), default=None, help="Write the ranking, worst first.")
@click.option("--top", default=15, show_default=True, help="Rows to print.")
@json_option
@job_option
def mislabels(
    name: str, version: str | None, method: str, csv_file: Path | None, top: int, as_json: bool, job: Path | None
) -> None:
    """Rank the labels by how likely they are wrong, worst first."""
    from fer_core.quality import mislabels as ranking

    found = dataset(name)
    chosen = found.version(version)
    with work(job) as (progress, result):
        table = ranking.load(found, chosen.id, method)
        if table is None:
            table = ranking.rank(found.manifest(chosen.id), found.pixels(), method=method, progress=progress)
            ranking.save(found, chosen.id, method, table)
        result |= {"name": name, "version": chosen.id, "method": method, "images": len(table)} | ranking.summary(table)
    columns = ["image_id", "path", "split", "label", "suggested", "score"]
    if csv_file:
        table[columns].to_csv(csv_file, index=False)
    if as_json:
        emit(result | {"worst": table[columns].head(top).to_dict("records")})
    elif job is None:
        rows = [[row[c] for c in columns[1:]] for row in table.head(top).to_dict("records")]
        click.echo(f"{result['likely_wrong']:,} of {len(table):,} labels are likely wrong ({method})")
        click.echo(text_table(columns[1:], rows))


@click.group("review")
def review() -> None:
    """Record, list, undo and apply decisions. They are kept in the dataset's journal; no file is touched."""


@review.command("set")
@name_argument
@click.argument("image_id")
@click.argument("action", type=click.Choice(["relabel", "keep", "delete", "ambiguous", "note"]))
@click.option("--label", default=None, help="The right label, with relabel.")
@click.option("--why", default="", help="Reason, kept with the decision.")
@click.option("--who", default="", help="Name of the reviewer.")
def review_set(name: str, image_id: str, action: str, label: str | None, why: str, who: str) -> None:
    """Decide on one image."""
    found = dataset(name)
    manifest = found.manifest()
    rows = manifest[manifest["image_id"] == image_id]
    if rows.empty:
        raise DecisionError("There is no such image in this dataset", received=image_id, hint="`mislabels --csv` lists the ids")
    if action == "relabel" and not label:
        raise DecisionError("A relabel needs --label")
    row = rows.iloc[0]
    number = found.journal().add(
        action, image_id=image_id, pixel_hash=row["pixel_hash"], label=label, reason=why, who=who, shown={"label": row["label"]}
    )
    click.echo(f"decision {number}: {action} {image_id}{' -> ' + label if label else ''}")


@review.command("undo")
@name_argument
@click.option("--who", default="", help="Undo this reviewer's last decision.")
def review_undo(name: str, who: str) -> None:
    """Take back the last decision."""
    undone = dataset(name).journal().undo(who=who)
    click.echo("nothing to undo" if undone is None else f"decision {undone} undone")


@review.command("status")
@name_argument
@json_option
def review_status(name: str, as_json: bool) -> None:
    """What has been decided, and what is not yet in a version."""
    from fer_core.review import apply

    result = apply.preview(dataset(name))
    if as_json:
        emit(result)
    else:
        click.echo(", ".join(f"{key}: {value:,}" for key, value in result.items() if isinstance(value, int)))


@review.command("apply")
@name_argument
@click.option("--note", default="", help="Kept with the new version.")
@json_option
def review_apply(name: str, note: str, as_json: bool) -> None:
    """Make a new version in which the decisions hold."""
    from fer_core.review import apply

    version = apply.apply_journal(dataset(name), note=note)
    result = {"version": version.id, "number": version.number, "parent": version.parent, **version.counts}
    if as_json:
        emit(result)
    else:
        click.echo(f"version {version.number} ({version.id})")


@review.command("export")
@name_argument
@click.argument("file", type=click.Path(path_type=Path))
def review_export(name: str, file: Path) -> None:
    """Write the decisions as a patch that can be replayed on another copy of the images."""
    from fer_core.review import patches

    count = patches.export_patch(dataset(name), file)
    click.echo(f"{count:,} decisions written to {file}")


@review.command("import")
@name_argument
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def review_import(name: str, file: Path, as_json: bool) -> None:
    """Take over the decisions of a patch file."""
    from fer_core.review import patches

    result = patches.import_patch(dataset(name), file)
    if as_json:
        emit(result)
    else:
        click.echo(", ".join(f"{key}: {value:,}" for key, value in result.items() if isinstance(value, int)))


@click.command("stratify")
@name_argument
@version_option
@click.option("--ratios", default="80/10/10", show_default=True, help="train/val/test, in percent.")
@click.option("--seed", default=42, show_default=True)
@json_option
def stratify(name: str, version: str | None, ratios: str, seed: int, as_json: bool) -> None:
    """New splits as a new version: classes balanced, equal pictures kept on one side."""
    from fer_core.splits import stratify as splitter

    found = dataset(name)
    chosen = found.version(version)
    plan = splitter.stratify(found.manifest(chosen.id), ratios=splitter.parse_ratios(ratios), seed=seed)
    saved = splitter.save_plan(found, plan)
    counts: dict[str, dict[str, int]] = {
        str(s): {str(c): int(n) for c, n in row.items()} for s, row in plan.counts_after.iterrows()
    }
    result: dict[str, Any] = {
        "version": saved.id,
        "number": saved.number,
        "splits": {split: sum(row.values()) for split, row in counts.items()},
        "counts": counts,
        "group_violations": plan.group_violations,
        "moved": plan.moved,
        "warnings": list(plan.warnings),
    }
    if as_json:
        emit(result)
        return
    click.echo(f"version {saved.number} ({saved.id}): {plan.moved:,} images moved, {plan.group_violations} groups broken")
    names = [str(c) for c in plan.counts_after.columns]
    click.echo(text_table(("split", *names, "all"), [(s, *row.values(), sum(row.values())) for s, row in counts.items()]))
    for warning in plan.warnings:
        click.echo(f"  note: {warning}")


@click.command("certify")
@name_argument
@version_option
@click.option("--distance", default=4, show_default=True, help="pHash distance up to which near copies are looked for.")
@json_option
def certify(name: str, version: str | None, distance: int, as_json: bool) -> None:
    """Check every cross-split pair again; exit status 1 when copies lie on two sides."""
    from fer_core.splits import certificate

    found = dataset(name)
    result = certificate.certify(found, found.version(version).id, distance=distance)
    if as_json:
        emit(result)
    else:
        click.echo(f"{'holds' if result['holds'] else 'DOES NOT HOLD'}: {result['pairs_checked']:,} cross-split pairs checked")
    if not result["holds"]:
        raise click.exceptions.Exit(1)


COMMANDS: list[click.Command] = [duplicates, mislabels, review, stratify, certify]
