"""The worker that builds a network to say what it is made of; see `models.summary`."""

from __future__ import annotations

import sys
from pathlib import Path

from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import serve
from fer_core.models import registry
from fer_core.models.summary import NetworkSummary, SummaryRequest, summary_of_model
from fer_core.recipes.recipe import parse
from fer_core.training.failures import failure_message


def work(folder: Path, asked: SummaryRequest, report: ProgressFn) -> NetworkSummary:
    """Build the network."""
    report(0, 0, "building the network")
    return summary_of_model(registry.build_random(parse(asked["recipe"]).model, asked["classes"]))


if __name__ == "__main__":
    sys.exit(serve(work, failure_message))
