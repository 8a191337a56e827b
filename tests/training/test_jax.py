"""The other backend, where it is installed: a run paused, resumed and exported, and a batch that two devices share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, pathlib, signal, sys
sys.path[:0] = [{helpers!r}, {root!r}]
signal.signal = lambda *_: None
from tiny_faces import tiny_dataset, tiny_recipe
from fer_core.runs import predictions, store
from fer_core.workers import train
dataset = tiny_dataset(pathlib.Path({home!r}))
def work(run):
    train.main([str(run.folder)])
    return dict(state=run.state, reason=run.info.get("reason", ""), backend=run.info.get("backend"),
                losses=[row["loss"] for row in run.epochs_since()[0]], splits=predictions.stored_splits(run.folder),
                files=[p.name for p in run.folder.iterdir()])
def new(**settings):
    return store.create_run(dataset.workspace, "tiny", dataset.head, tiny_recipe(training__epochs=2, **settings))
run = new(optimizer__ema=0.9)
(run.folder / "pause").touch()
found = [work(run)]
(run.folder / "pause").unlink()
found.append(work(run))
found.append(work(new(training__devices=2, training__batch_size=16)))
print("FOUND" + json.dumps(found))
"""


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
def test_a_run_by_jax_is_paused_resumed_exported_and_shared_by_devices(tmp_path: Path) -> None:
    script = SCRIPT.format(helpers=str(ROOT / "tests" / "helpers"), root=str(ROOT), home=str(tmp_path))
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    out = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=280,
    )
    (line,) = [line for line in out.stdout.splitlines() if line.startswith("FOUND")]
    paused, resumed, shared = json.loads(line.removeprefix("FOUND"))
    assert (paused["state"], len(paused["losses"])) == ("paused", 1), paused["reason"]
    assert (resumed["state"], resumed["backend"]) == ("finished", "jax"), resumed["reason"]
    assert resumed["losses"][0] == paused["losses"][0]
    assert {"best.keras", "model.onnx"} <= set(resumed["files"])
    assert "val" in resumed["splits"]
    assert shared["state"] == "finished", shared["reason"]
