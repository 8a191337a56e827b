"""How long the explorer takes to draw, in server time: on a real set, and on manifests of 100,000 and 1,000,000 rows.

Claims, each a bar that is stated beside what was measured:
- 18,414 images: the first draw under 1.5 s, the next ones under 0.3 s;
- 100,000 rows: opening (files warm, a running server that has not seen them) and first draw under 1 s, interactions
  under 0.3 s (p95);
- 1,000,000 rows: no interaction over 2 s.

A server imports `streamlit_app` when it starts, before anybody can visit; so does each trial, outside the clock.
An interaction is a whole run of the page after a change: a filter, another order, a page, a face opened, another
view. The synthetic manifests share the pictures of the built-in sample, so that they need no disk of their own; every
image has an id, a path and pixel hash of its own but for 4 % copies.
Trials: 3 fresh processes per size. CPU seconds stand beside wall seconds, since other work on the machine counts in
the latter. The real set needs FER_TEST_DATA and is skipped without it; `--rows N` measures one synthetic size only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
TRIALS = 3
ONE = """
import json, sys, time
import streamlit_app
from streamlit.testing.v1 import AppTest
from fer_core.explore.filter import Selection
app = AppTest.from_file("streamlit_app.py", default_timeout=300)
app.switch_page("pages/data/explore.py")
app.query_params["dataset"] = sys.argv[1]
times = []
def draw(what):
    wall, cpu = time.perf_counter(), time.process_time()
    app.run()
    times.append((what, time.perf_counter() - wall, time.process_time() - cpu))
    assert not app.exception and not app.error, what
draw("first draw")
draw("draw again")
def state(): return app.session_state["exp-state"]
def choose(selection, what, **more):
    state().selection = selection
    for name, value in more.items(): setattr(state(), name, value)
    draw(what)
app.session_state["view"] = "Faces"
draw("view Faces")
choose(Selection(any_of={"label": ("sad",)}), "filter by class")
choose(Selection(any_of={"split": ("val",), "label": ("happy",)}), "filter by class and split")
choose(Selection().with_range("brightness", .3, .5), "filter by brightness")
choose(Selection(text="77"), "search the path")
choose(Selection(flags=("copy_across_splits",)), "filter by flag")
choose(Selection(order="-sharpness"), "order by sharpness")
choose(Selection(order="path"), "order by path")
choose(Selection(seed=3), "shuffle")
for page in range(1, 6): choose(Selection(seed=3), "next page", page=page)
ids = json.loads(sys.argv[2])
for one in ids: choose(Selection(seed=3), "open a face", face=one)
choose(Selection(seed=3), "find similar", like=ids[0])
choose(Selection(), "filter away", like="", face="")
app.session_state["view"] = "Measures"; draw("view Measures")
app.session_state["measure"] = "sharpness"; draw("another measure")
app.session_state["view"] = "Averages"; draw("view Averages")
app.session_state["view"] = "Overview"; draw("view Overview")
print("TIMES" + json.dumps(times))
"""


def synthetic(home: Path, rows: int) -> list[str]:
    """A dataset of many rows in a workspace: the sample's first version, blown up; some image ids of it."""
    from fer_core.base.atomic import read_json, write_json
    from fer_core.base.workspace import Workspace, now
    from fer_core.data.dataset import Dataset
    from fer_core.data.datasets import list_datasets
    from fer_core.data.sample.make import make_sample
    from fer_core.data.versions import Version, count_images, write_version

    workspace = Workspace(home)
    dataset = Dataset(workspace, "sample")
    if not any(found.name == "sample" for found in list_datasets(workspace)):
        dataset = make_sample(workspace, count=600)
    base = dataset.manifest().query("error == ''")
    take = np.arange(rows) % len(base)
    table = base.iloc[take].reset_index(drop=True)
    draw = np.random.default_rng(0)
    table["image_id"] = pd.Series([f"{i:016x}" for i in range(rows)], dtype="str")
    table["path"] = (
        table["split"] + "/" + table["label"] + "/" + pd.Series(map(str, range(rows)), dtype="str") + ".png"
    )
    own = np.arange(rows)
    copies = draw.random(rows) < 0.04
    own[copies] = draw.integers(0, rows, copies.sum())
    table["pixel_hash"] = pd.Series([f"{i:032x}" for i in own], dtype="str")
    table["phash"] = draw.integers(0, 2**63, rows, dtype=np.uint64)
    for name in ("brightness", "contrast", "sharpness"):
        table[name] = (table[name] + draw.normal(0, 0.01, rows)).astype("float32")
    made = f"{rows:016x}"
    write_version(dataset.folder, Version(made, 2, None, "import", {}, count_images(table), now()), table)
    about = read_json(dataset.folder / "dataset.json")
    write_json(dataset.folder / "dataset.json", about | {"head": made})
    return [f"{i:016x}" for i in draw.integers(0, rows, 4)]


def trial(home: Path, dataset: str, ids: list[str]) -> list[tuple[str, float, float]]:
    """One fresh process that visits: what, wall and CPU seconds of each draw."""
    env = {**os.environ, "FER_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ONE, dataset, json.dumps(ids)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return [(str(w), float(a), float(b)) for w, a, b in json.loads(done.stdout.split("TIMES")[1])]


def report(title: str, trials: list[list[tuple[str, float, float]]], first_bar: float, bar: float) -> None:
    """First draws and interactions against their bars, and the slowest interactions by name."""
    first = [t[0] for t in trials]
    later = [step for t in trials for step in t[1:]]
    wall, cpu = np.array([s[1] for s in later]), np.array([s[2] for s in later])
    middle = sorted(first, key=lambda s: s[1])[len(first) // 2]
    print(f"{title}")
    print(
        f"  open and first draw: {middle[1]:.2f} s wall, {middle[2]:.2f} s CPU (bar {first_bar:g} s: "
        f"{middle[1] / first_bar:.2f} of it by wall, {middle[2] / first_bar:.2f} by CPU)"
    )
    print(
        f"  {len(later)} interactions: median {np.median(wall):.3f} s, p95 {np.quantile(wall, 0.95):.3f} s, slowest "
        f"{wall.max():.3f} s wall; p95 {np.quantile(cpu, 0.95):.3f} s, slowest {cpu.max():.3f} s CPU (bar {bar:g} s)"
    )
    names = dict.fromkeys(s[0] for s in later)
    typical = {n: float(np.median([s[1] for s in later if s[0] == n])) for n in names}
    worst = sorted(typical.items(), key=lambda pair: -pair[1])[:5]
    print("  slowest kinds: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in worst))


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--rows", type=int, default=0, help="one synthetic size only")
    chosen = options.parse_args()
    data = os.environ.get("FER_TEST_DATA")
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        if data and not chosen.rows:
            env = {**os.environ, "FER_HOME": place, "PYTHONPATH": str(ROOT)}
            archive = Path(data) / "capstone4" / "Facial_emotion_images.zip"
            command = [sys.executable, "-m", "fer_core", "import", str(archive), "--name", "capstone4"]
            subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
            check = [sys.executable, "-m", "fer_core", "check", "capstone4"]
            subprocess.run(check, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
            files = pd.read_parquet(
                next(home.glob("data/capstone4/versions/*/manifest.parquet")), columns=["image_id"]
            )
            ids = files["image_id"].sample(4, random_state=0).tolist()
            report("18,414 images", [trial(home, "capstone4", ids) for _ in range(TRIALS)], 1.5, 0.3)
        elif not chosen.rows:
            print("the real set is skipped: FER_TEST_DATA is not set")
        for rows, first, bar in ((100_000, 1.0, 0.3), (1_000_000, 10.0, 2.0)):
            if chosen.rows in (0, rows):
                ids = synthetic(home, rows)
                report(f"{rows:,} rows", [trial(home, "sample", ids) for _ in range(TRIALS)], first, bar)


if __name__ == "__main__":
    main()
