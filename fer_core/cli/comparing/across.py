"""The verb across: runs on datasets they have not learned from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_core.cli.common import workspace
from fer_core.cli.compare import split_option
from fer_core.cli.report import Report, reports, table
from fer_core.cli.work import job_option, work

if TYPE_CHECKING:
    from fer_core.evaluation.across.matrix import MatrixCell


@click.command("across")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option(
    "--on", "datasets", metavar="DATASET", multiple=True, help="One for each dataset; all of them without it."
)
@split_option
@job_option
@reports
def across(runs: tuple[str, ...], datasets: tuple[str, ...], split: str, job: Path | None) -> Report:
    """Judge runs on other datasets of the workspace, and tell what each drop in accuracy consists of.

    Classes are matched by their names; images of other classes are left out, and pictures the run has learned from, found by
    the scan that finds copies everywhere. The drop is split into the mix of classes, the quality of the pictures (brightness,
    contrast, sharpness, size) and the rest, by weighting the images at home (Kitagawa 1955; Cai et al. 2023).
    """
    from fer_core.data.datasets import list_datasets, open_dataset
    from fer_core.evaluation.across import matrix
    from fer_core.runs import store

    home = workspace()
    wanted = [open_dataset(home, name) for name in datasets] or list_datasets(home)
    cells: list[MatrixCell] = []
    with work(job) as task:
        for name in runs:
            run = store.get(home, name)
            cells += matrix.row(run, wanted, split, ask=True, via="cli", progress=task.progress)
        task.result = {"split": split, "cells": [cell.record() for cell in cells]}
    header = (
        "run",
        "dataset",
        "accuracy",
        "95 %",
        "images",
        "learned",
        "other class",
        "class mix",
        "quality",
        "rest",
    )
    return Report(task.result, "\n".join([table(header, [_line(cell) for cell in cells]), *_problems(cells)]))


def _line(cell: MatrixCell) -> list[object]:
    name = f"{cell.dataset} (home)" if cell.home else cell.dataset
    if cell.accuracy is None or cell.interval is None:
        return [cell.run, name, "–", "", None, None, None, "", "", ""]
    low, high = cell.interval
    parts = cell.parts
    told = [] if parts is None else [parts.class_mix, parts.quality, parts.rest]
    points = ["–" if value is None else f"{-100 * value:+.1f}" for value in told]
    return [cell.run, name, f"{cell.accuracy:.3f}", f"[{low:.3f}, {high:.3f}]", cell.images, cell.seen, cell.other,
            *(points or ["", "", ""])]  # fmt: skip


def _problems(cells: list[MatrixCell]) -> list[str]:
    told = [
        f"{cell.run} on {cell.dataset}: {words}"
        for cell in cells
        for words in (cell.problem, cell.note)
        if words
    ]
    told += [
        f"{cell.run} on {cell.dataset}: the drop is from {cell.parts.home:.3f} ({cell.parts.home_images:,} pictures of the "
        f"classes in common) to {cell.parts.away:.3f} ({cell.parts.away_images:,} pictures), copies counted once"
        for cell in cells
        if cell.parts is not None
    ]
    few = [
        f"{cell.run} on {cell.dataset}: too few images at home look like those there ({cell.parts.effective:.0f} of weight): "
        f"quality and rest together {-100 * cell.parts.together:+.1f} points"
        for cell in cells
        if cell.parts is not None and cell.parts.quality is None
    ]
    return told + few
