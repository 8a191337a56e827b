"""The worker that tries published weights, or has Keras download them; see `models.published`."""

from __future__ import annotations

import sys
from pathlib import Path

from fer_core.jobs.reporter import ProgressFn
from fer_core.jobs.worker import serve
from fer_core.models import registry
from fer_core.models.published import WeightsRequest
from fer_core.recipes.model_spec import TransferSpec
from fer_core.training.failures import failure_message


def work(folder: Path, asked: WeightsRequest, report: ProgressFn) -> dict[str, object]:
    """Build the backbone with its weights."""
    report(0, 0, "building the network with its weights")
    spec = {"backbone": asked["backbone"], "backbone_size": asked["size"], "weights_file": asked["file"]}
    registry.build(TransferSpec.model_validate({**spec, "head": [{"units": 2}]}), 2)
    return {}


if __name__ == "__main__":
    sys.exit(serve(work, failure_message))
