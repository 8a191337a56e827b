"""The verb map: faces in two dimensions, alike ones together."""

from __future__ import annotations

from pathlib import Path

import click

from fer_core.cli.common import csv_option, dataset, label, name_argument, version_option, write_csv
from fer_core.cli.report import Report, reports
from fer_core.cli.work import job_option, work

METHODS = ("pca", "tsne")


@click.command("map")
@name_argument
@version_option
@click.option(
    "--features",
    metavar="FEATURES",
    default="emotions",
    show_default=True,
    help="What faces are described by: pixels, hog, emotions (what the model that ships sees) or run:RUN.",
)
@click.option("--method", type=click.Choice(METHODS), default="tsne", show_default=True, help="The layout.")
@click.option(
    "--sample",
    type=click.IntRange(100, 30_000),
    metavar="N",
    default=5000,
    show_default=True,
    help="Faces that t-SNE lays out itself; the others are put among their neighbours.",
)
@csv_option("Write the places, one row per image.")
@job_option
@reports
def make_map(
    name: str,
    version: str | None,
    features: str,
    method: str,
    sample: int,
    csv_file: Path | None,
    job: Path | None,
) -> Report:
    """Put the faces on a map on which faces alike lie together.

    The map is kept with the dataset, and Explore shows it. Of more than 30,000 images a sample is put on it, every
    class and split in proportion.
    """
    from fer_core.explore import embedding_store
    from fer_core.explore.facts import ImageFacts

    with work(job) as task:
        found = dataset(name)
        chosen = found.version(version)
        facts = ImageFacts(found, chosen.id)
        table = embedding_store.compute_map(facts, features, method, sample=sample, progress=task.progress)
        embedding_store.save_map(facts, features, method, table)
        explained = table.attrs["explained"]
        task.result = {
            "name": name,
            "version": chosen.id,
            "features": features,
            "method": method,
            "images": int(table.attrs["images"]),
            "on_the_map": len(table),
            "laid_out": int(table["laid"].sum()),
            "explained": explained if explained == explained else None,
        }
    if csv_file:
        write_csv(table[["image_id", "x", "y", "laid"]], csv_file)
    words = f"{len(table):,} faces of {name}, version {label(chosen)}, are on the map: {method} of {features}"
    return Report(task.result, words)


COMMANDS: list[click.Command] = [make_map]
