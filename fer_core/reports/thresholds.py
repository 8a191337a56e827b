"""From which probability on a model is right as often as wanted: what it holds now, and what validation says of other wishes."""

from __future__ import annotations

import pandas as pd

from fer_core.base.errors import FerError
from fer_core.evaluation.calibration import direction, fit_temperature, scaled, threshold_for, views_of
from fer_core.evaluation.curves import risk_coverage
from fer_core.evaluation.metrics import calibration_error, read
from fer_core.inference.metadata import ModelMetadata
from fer_core.inference.predictor import Predictor
from fer_core.reports.document import (
    Code,
    DocumentBlock,
    InlineLine,
    Table,
    count,
    decimal,
    line,
    number,
    share,
    text,
)
from fer_core.reports.templating import command
from fer_core.runs.run import Run

WANTED = (0.8, 0.85, 0.9, 0.95, 0.99)
"""Shares of right answers among those given that somebody may want."""


def held(run: Run) -> ModelMetadata | None:
    """What the exported model of a run says of itself; None where there is none that can be read."""
    try:
        return Predictor.load(run.folder).metadata
    except FerError:
        return None


def blocks(run: Run, key: str) -> list[DocumentBlock]:
    """What the model holds, how sure it is, and a threshold for each wanted precision, from its own val part.

    Args:
        run: the run.
        key: of its numbers.
    """
    said: list[DocumentBlock] = [text(*_now(run, key))]
    try:
        table = run.predictions("val")
        _, truth, p = read(table)
    except (FerError, ValueError, OSError):  # gone or damaged
        return [
            *said,
            text("Its answers on val are not stored, so no threshold can be told for a wanted precision."),
        ]
    temperature = fit_temperature(truth, p)
    scaled_p = scaled(p, temperature)
    curve = risk_coverage(truth, scaled_p)
    rows: list[tuple[InlineLine, ...]] = []
    for wanted in WANTED:
        found = threshold_for(curve, wanted) or {}
        name = f"{key}.at.{wanted:g}"
        rows.append(
            (line(share(f"{name}.wanted", wanted)), line(decimal(f"{name}.threshold", found.get("threshold"), "never reached")),
             line(share(f"{name}.coverage", found.get("coverage"), "–")), line(share(f"{name}.precision",
                 found.get("precision"), "–")))
        )  # fmt: skip
    return [
        *said,
        *_views(table, key),
        text("Fitted on the ", count(f"{key}.images", len(truth)), " val images of its own version, the temperature is ",
             number(f"{key}.fitted", temperature, ".2f"), ": as trained it is ", direction(temperature),
             ". The calibration error is ", decimal(f"{key}.ece", calibration_error(truth, p)), " as trained and ",
             decimal(f"{key}.ece_fitted", calibration_error(truth, scaled_p)), " at that temperature. Below a threshold it "
             "says “uncertain”:"),
        Table(("right answers wanted", "threshold", "images answered", "of these right"), tuple(rows), (0, 1, 2, 3)),
        text("A threshold holds together with this temperature alone, which need not be the one the model holds now. To write "
             "both into it: ", Code(command("calibrate", run.id, "--precision", "WANTED"))),
    ]  # fmt: skip


def _views(table: pd.DataFrame, key: str) -> list[DocumentBlock]:
    """What is to be said of stored answers that are means over several views."""
    views = views_of(table)
    if views == 1:
        return []
    return [
        text("These answers are means over ", count(f"{key}.views", views), " views of each image. The model itself answers for "
             "one view and is surer than that: what follows, the share of right answers too, is not what it keeps to."),
    ]  # fmt: skip


def _now(run: Run, key: str) -> InlineLine:
    found = held(run)
    if found is None:
        return line("There is no exported model that can be read.")
    return line(
        "The model that answers holds temperature ", number(f"{key}.temperature", found.temperature, ".2f"), " and threshold ",
        number(f"{key}.threshold", found.threshold, ".2f"), ".",
    )  # fmt: skip
