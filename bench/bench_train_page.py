"""The Train page with 20 runs of 200 epochs, one of them at work.

Claim: a refresh takes under 300 ms of server time, also when an epoch has just ended, and an epoch is seen in the browser
within a second of its end. Trials: 3 fresh processes with 8 draws each for the server's time (the median counts; a server
imports `streamlit_app` when it starts, so each process does so outside the clock); 12 epochs for the browser's. The runs
are synthetic, and so is the process at work: this measures the page, not the training. Both wall and processor seconds are
printed, because others may be using the machine.

    python bench/bench_train_page.py [--no-browser]
"""

from __future__ import annotations

import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "e2e")]
RUNS, EPOCHS, TRIALS, SEEN = 20, 200, 3, 12
NAMES = ("happy", "surprise", "neutral", "sad")
LIMIT_REFRESH, LIMIT_SEEN = 0.3, 1.0
PAGE = """
import json, os, sys, time
import streamlit_app
from streamlit.testing.v1 import AppTest
from bench_train_page import row
from fer_core.runs import store
from fer_core.base.jsonl import append_line
from fer_core.ui.train import detail
from fer_core.base.workspace import current
spent = {}
def clocked(name, function):
    def inner(*args):
        began, cpu = time.perf_counter(), time.process_time()
        try:
            return function(*args)
        finally:
            spent[name] = (time.perf_counter() - began, time.process_time() - cpu)
    return inner
detail._show = clocked("run", detail._show)
app = AppTest.from_file(os.path.join(sys.argv[1], "streamlit_app.py"), default_timeout=300)
app.switch_page("pages/models/train.py")
times = {"first draw": [], "whole page again": [], "refresh, nothing new": [], "refresh, an epoch has ended": []}
def draw():
    began, cpu = time.perf_counter(), time.process_time()
    app.run()
    assert not app.exception and not app.error, (app.exception, app.error)
    return time.perf_counter() - began, time.process_time() - cpu
times["first draw"].append(draw())
run = store.list_runs(current())[0]
for number in range(4):
    times["whole page again"].append(draw())
    times["refresh, nothing new"].append(spent["run"])
    append_line(run.folder / "metrics.jsonl", row(len(run.epochs_since()[0]) + 1, 0.8))
    draw()
    times["refresh, an epoch has ended"].append(spent["run"])
print("TIMES" + json.dumps(times))
"""


def row(epoch: int, top: float) -> dict[str, Any]:
    """One line of `metrics.jsonl`."""
    val = top - (top - 0.3) * math.exp(-epoch / 25) + 0.004 * math.sin(epoch)
    train = val + 0.03
    return {
        "epoch": epoch, "loss": 2 * (1 - train), "accuracy": train, "val_loss": 2 * (1 - val), "val_accuracy": val,
        "learning_rate": 1e-3, "seconds": 17.0, "images_per_second": 1000.0, "eta_seconds": 17.0,
        "val_recall": dict.fromkeys(NAMES, val), "cpu_percent": 196.0, "rss_mb": 1400.0,
    }  # fmt: skip


def build(home: Path) -> Path:
    """The workspace; returns the folder of the run at work, whose process is this one."""
    from fer_core.base.atomic import write_json
    from fer_core.base.jsonl import append_line
    from fer_core.base.workspace import Workspace
    from fer_core.data.sample.make import make_sample
    from fer_core.jobs.process import this_process
    from fer_core.recipes.recipe import load, override
    from fer_core.runs.store import create_run
    from fer_core.splits.stratify import save_plan, stratify

    workspace = Workspace(home)
    dataset = make_sample(workspace, count=240)
    save_plan(dataset, stratify(dataset.manifest()))
    manifest = dataset.manifest()
    some = manifest[manifest["split"] == "val"].head(24)
    worst = [
        {"image_id": str(i), "label": "sad", "said": "happy", "probability": 0.9} for i in some["image_id"]
    ]
    for number in range(RUNS):
        recipe = override(load("compact"), {"training.epochs": 2 * EPOCHS, "training.seed": number})
        run = create_run(workspace, "sample", dataset.head, recipe, version_number=2, classes=NAMES,
                         parameters=557_180, device="CPU, 2 cores", backend="tensorflow")  # fmt: skip
        for epoch in range(1, EPOCHS + 1):
            append_line(run.folder / "metrics.jsonl", row(epoch, 0.7 + number / 100))
        (run.folder / "log.txt").write_text("an epoch has ended\n" * EPOCHS)
        write_json(run.folder / "worst.json", {"epoch": EPOCHS, "images": worst})
        run.update(state="finished")
    run.update(state="running")
    write_json(run.folder / "process.json", {**this_process(), "host": socket.gethostname()})
    where = {"epoch": EPOCHS + 1, "epochs": 2 * EPOCHS, "step": 1, "steps": 2, "images_per_second": 1000.0}
    now_ = {"done": 2 * EPOCHS + 1, "total": 4 * EPOCHS, "what": "training", "eta_s": 60.0, "details": where}
    write_json(run.folder / "progress.json", now_)
    return run.folder


def server_times(home: Path) -> dict[str, list[tuple[float, float]]]:
    """What -> (wall, processor) seconds, over all trials."""
    env = {**os.environ, "FER_HOME": str(home), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'bench'}"}
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(TRIALS):
        done = subprocess.run(
            [sys.executable, "-c", PAGE, str(ROOT)], cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        told = [line for line in done.stdout.splitlines() if line.startswith("TIMES")]
        if not told:
            raise SystemExit(done.stderr[-3000:])
        for name, values in json.loads(told[0].removeprefix("TIMES")).items():
            found.setdefault(name, []).extend(map(tuple, values))
    return found


def seen_after(home: Path, folder: Path) -> list[float]:
    """Seconds from the end of an epoch to its row in the browser's table."""
    from driver import CHROMIUM, FLAGS, App, Screen, free_port
    from playwright.sync_api import sync_playwright

    from fer_core.base.jsonl import append_line, read_lines

    app, waits = App(home, free_port()), []
    app.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            screen = Screen(browser.new_page(viewport={"width": 1440, "height": 900}), app.url)
            screen.page.set_default_timeout(120_000)
            screen.page.goto(f"{app.url}/train?dataset=sample")
            table = screen.page.get_by_role("table", name="Epochs")
            table.wait_for()
            done = len(read_lines(folder / "metrics.jsonl")[0])
            for epoch in range(done + 1, done + 1 + SEEN):
                screen.page.wait_for_timeout(
                    900 + 137 * (epoch % 5)
                )  # at another moment between two looks each time
                append_line(folder / "metrics.jsonl", row(epoch, 0.8))
                ended = time.monotonic()
                table.get_by_role("cell", name=str(epoch), exact=True).first.wait_for()
                waits.append(time.monotonic() - ended)
            browser.close()
    finally:
        app.stop()
    return waits


def main() -> int:
    """Print the figures; 1 where a bar is missed."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        working = build(home)
        print(f"{RUNS} runs of {EPOCHS} epochs, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        for name, values in server_times(home).items():
            wall, cpu = (statistics.median(v[i] for v in values) for i in (0, 1))
            held = cpu < LIMIT_REFRESH or name == "first draw"
            good &= held
            bar = f"  bar 300 ms: {'held' if held else 'MISSED'}" if name != "first draw" else ""
            print(f"{name:30s} {1000 * wall:7.0f} ms wall {1000 * cpu:7.0f} ms processor{bar}")
        if "--no-browser" not in sys.argv:
            waits = seen_after(home, working)
            usual = statistics.median(waits)
            good &= usual <= LIMIT_SEEN
            print(
                f"an epoch is seen after {usual:.2f} s (median of {len(waits)}; {min(waits):.2f} to {max(waits):.2f})"
                f"  bar {LIMIT_SEEN:.0f} s: {'held' if usual <= LIMIT_SEEN else 'MISSED'}"
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
