"""Wrong labels: from a key pressed to the next face on the screen, in a real browser, while the processors are kept busy.

Bar: 50 ms (p95) at ten keys a second, and every decision in the journal once. Met or missed is printed: with other work on the
machine beside its own the browser waits for a processor. On the four-class set with its 18,414 images, ranked already or
by `quick`; on the built-in sample where FER_TEST_DATA is not set. The time runs from the key event's own time stamp
to the second animation frame after it, in which the face drawn is another; the browser's own
measure of the same (Event Timing, key to next paint, in steps of 8 ms) stands beside it, and below it where the time goes.

    python bench/bench_review_page.py [--home FOLDER] [--keys 200] [--rate 10] [--idle]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests/e2e"), str(ROOT / "tests/helpers")]
LIMIT = 50.0
PARTS = ("before our script", "our script", "from it to the paint")
"""What Event Timing tells of a key that took 16 ms and more."""
WATCH = """() => {
  window.found = []; window.told = [];
  const host = [...document.querySelectorAll('*')].find((e) => e.shadowRoot?.querySelector('.review'));
  const face = () => host.shadowRoot.querySelector('figure.face').dataset.id;
  window.addEventListener('keydown', (event) => {
    const before = face(), from = event.timeStamp;
    const look = () => requestAnimationFrame(() => {
      if (face() === before) { look(); return; }
      requestAnimationFrame(() => window.found.push(performance.now() - from));
    });
    look();
  }, true);
  const parts = (e) => [e.duration, e.processingStart - e.startTime, e.processingEnd - e.processingStart,
    e.startTime + e.duration - e.processingEnd];
  new PerformanceObserver((list) => window.told.push(...list.getEntries().filter((e) => e.name === 'keydown').map(parts)))
    .observe({ type: 'event', durationThreshold: 16 });
}"""


def prepared(home: Path) -> str:
    """Name of a ranked dataset in the workspace, made where it is not there."""
    from fer_core import mislabels
    from fer_core.base.workspace import Workspace
    from fer_core.data.datasets import import_dataset, list_datasets, open_dataset
    from fer_core.data.sample.make import make_sample
    from fer_core.mislabels.judges import ranked

    workspace, data = Workspace(home), os.environ.get("FER_TEST_DATA")
    name = "capstone4" if data else "sample"
    if name in {found.name for found in list_datasets(workspace)}:
        dataset = open_dataset(workspace, name)
    elif data:
        dataset = import_dataset(workspace, Path(data) / "capstone4/Facial_emotion_images.zip", name)
    else:
        dataset = make_sample(workspace)
    if not mislabels.methods(dataset, dataset.head):
        ranked(dataset, dataset.head, "quick")
    return name


def measure(home: Path, name: str, keys: int, rate: float, idle: bool) -> bool:
    from driver import CHROMIUM, FLAGS, App, Screen, free_port
    from playwright.sync_api import sync_playwright
    from review_desk import all_saved, busy, ready, type_fast

    journal = home / "data" / name / "journal.sqlite"
    before = recorded(journal)
    app = App(home, free_port())
    app.start()
    try:
        with sync_playwright() as play, busy(0 if idle else os.cpu_count() or 1):
            browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            screen = Screen(browser.new_page(viewport={"width": 1440, "height": 900}), app.url)
            screen.page.set_default_timeout(120_000)
            screen.open(f"mislabels?dataset={name}&mis-kind=every+image")
            ready(screen)
            screen.page.evaluate(WATCH)
            reached = type_fast(screen, [("k", "1", "d", "2", "3")[n % 5] for n in range(keys)], rate)
            all_saved(screen, 120)
            screen.page.wait_for_timeout(300)
            found, told = screen.page.evaluate("[window.found, window.told]")
            browser.close()
    finally:
        app.stop()
    p50, p95 = np.percentile(found, [50, 95])
    # Keys answered within 16 ms are not told by the browser: they are below its threshold.
    own = sorted([8.0] * max(keys - len(told), 0) + [whole for whole, *_ in told])
    good = p95 <= LIMIT and recorded(journal) - before == keys == len(found)
    print(
        f"{name}, {keys} keys at {reached:.1f} a second, processors {'idle' if idle else 'busy'}: key to visible face "
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, most {max(found):.0f} ms; by the browser p50 {own[len(own) // 2]:.0f} ms, "
        f"p95 {own[int(0.95 * len(own))]:.0f} ms; {recorded(journal) - before} of {keys} in the journal "
        f"(bar {LIMIT:.0f} ms at p95: {'met' if good else 'MISSED'})"
    )
    for name, share in zip(PARTS, np.transpose(told)[1:], strict=True):
        print(f"  {name}: p50 {np.median(share):.1f} ms, p95 {np.percentile(share, 95):.1f} ms")
    return good


def recorded(journal: Path) -> int:
    """Entries in the file itself."""
    if not journal.exists():
        return 0
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
            return 0
        return int(connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, help="a workspace to keep, ranked once")
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10.0, help="keys a second")
    parser.add_argument("--idle", action="store_true", help="leave the processors alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = (options.home or Path(folder)).resolve()
        os.environ["FER_HOME"] = str(home)
        name = prepared(home)
        return 0 if measure(home, name, options.keys, options.rate, options.idle) else 1


if __name__ == "__main__":
    sys.exit(main())
