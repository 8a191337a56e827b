"""The journal under two writers and under `kill -9`: every acknowledged decision is there, none twice.

    python bench/bench_journal.py [--decisions 2000] [--kills 30]

First two processes record so many decisions each, at once. Then a process that serves two writers is killed at random
moments, started again, and asked to repeat what it did not acknowledge, as a browser would; after the last kill it
finishes. The peer is a CSV file that is appended to and synced, which has no undo, no index and no locking.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fer_core.review.journal import Journal

_WRITER = """
import sys, threading
from pathlib import Path
from fer_core.review.journal import Journal
journal, lock = Journal(Path(sys.argv[1])), threading.Lock()
def work(who, start, stop):
    for n in range(start, stop):
        journal.add("relabel", image_id=f"{who}-{n}", label="sad", who=who, key=f"{who}-{n}")
        with lock:
            print(who, n, flush=True)
threads = []
for part in sys.argv[2:]:
    who, start, stop = part.split(":")
    threads.append(threading.Thread(target=work, args=(who, int(start), int(stop))))
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def start(path: Path, *parts: str) -> subprocess.Popen[str]:
    """A process that records `who:start:stop`, each part in a thread, and says each decision that is on the disk."""
    command = [sys.executable, "-c", _WRITER, str(path), *parts]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def acknowledged(process: subprocess.Popen[str], known: dict[str, int]) -> None:
    """Read what a process said until its end."""
    assert process.stdout is not None
    # What follows the last line break was not said in full.
    for line in process.stdout.read().split("\n")[:-1]:
        who, number = line.split()
        known[who] = max(known[who], int(number))
    process.wait()


def check(path: Path, known: dict[str, int], total: int | None = None) -> None:
    """Every acknowledged decision is there, none twice, and the file is sound."""
    keys = Journal(path).decisions(active_only=False)["key"]
    assert keys.is_unique, "a decision is there twice"
    held = set(keys)
    for who, last in known.items():
        missing = {f"{who}-{n}" for n in range(last + 1)} - held
        assert not missing, f"{len(missing)} acknowledged decisions of {who} are lost"
    assert total is None or len(keys) == total
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--decisions", type=int, default=2000)
    options.add_argument("--kills", type=int, default=30)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "two.sqlite"
        known = {"Ada": -1, "Ben": -1}
        began = time.perf_counter()
        both = [start(path, f"{who}:0:{given.decisions}") for who in known]
        for process in both:
            acknowledged(process, known)
        seconds = time.perf_counter() - began
        check(path, known, 2 * given.decisions)
        print(
            f"2 writers x {given.decisions:,} at once: all there, none twice, {2 * given.decisions / seconds:,.0f}/s"
        )

        path, dice = Path(folder) / "killed.sqlite", random.Random(0)
        known, kills = {"Ada": -1, "Ben": -1}, 0
        while min(known.values()) < given.decisions - 1:
            # From the last acknowledged one: the client that got no answer sends the same decision again.
            parts = [f"{who}:{max(last, 0)}:{given.decisions}" for who, last in known.items()]
            process = start(path, *parts)
            if kills < given.kills:
                assert process.stdout is not None
                who, number = process.stdout.readline().split()
                known[who] = max(known[who], int(number))
                time.sleep(dice.uniform(0, 0.12))
                process.kill()
                kills += 1
            acknowledged(process, known)
            check(path, known)
        check(path, known, 2 * given.decisions)
        print(
            f"kill -9 {kills} times while writing: all {2 * given.decisions:,} there, none twice, journal sound"
        )

        journal, ours, theirs = Journal(Path(folder) / "one.sqlite"), [], []
        with open(Path(folder) / "peer.csv", "a") as peer:
            for n in range(300):
                began = time.perf_counter()
                journal.add("keep", image_id=str(n))
                ours.append(time.perf_counter() - began)
                began = time.perf_counter()
                peer.write(f"{n},keep\n")
                peer.flush()
                os.fsync(peer.fileno())
                theirs.append(time.perf_counter() - began)
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"one decision {a * 1000:.2f} ms, peer (CSV, synced) {b * 1000:.2f} ms: ratio {a / b:.2f}")


if __name__ == "__main__":
    main()
