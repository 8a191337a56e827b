"""What a run would take before it is started: parameters, time and memory, measured by a few steps on this device."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_core.data.dataset import Dataset
from fer_core.errors import RunError
from fer_core.runs.process import environment
from fer_core.training.recipe import Recipe, override, to_toml
from fer_core.workspace import read_json, write_json

_LIMIT = 600.0  # seconds


def estimate(
    dataset: Dataset, version: str | None, recipe: Recipe, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Train a few steps in a process of its own, and throw them away.

    Returns:
        As `training.probe.measure`, with dataset, version, recipe and epochs.

    Raises:
        RunError: it cannot be trained; the message says why.
        RecipeError: a setting that is not valid.
    """
    chosen = dataset.version(version)
    changed = override(recipe, settings or {})
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "probe.json"
        about = {"root": str(dataset.workspace.root), "dataset": dataset.name, "version": chosen.id}
        write_json(asked, about | {"recipe": to_toml(changed)})
        command = [sys.executable, "-m", "fer_core.training.probe", str(asked)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_LIMIT, env=environment(), check=False
            )
        except subprocess.TimeoutExpired as error:
            hint = "A smaller batch_size or model.backbone_size is faster"
            raise RunError(
                "Ten steps take longer than ten minutes here", received=changed.name, hint=hint
            ) from error
        out = asked.with_suffix(".out")
        answer: dict[str, Any] = read_json(out) if out.is_file() else {}
    if "parameters" not in answer:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise RunError(
            "This cannot be trained here", received=answer.get("error") or f"exit {done.returncode}: {last}"
        )
    named = {"dataset": dataset.name, "version": chosen.id, "recipe": changed.name}
    return {**named, "epochs": changed.training.epochs, **answer}
