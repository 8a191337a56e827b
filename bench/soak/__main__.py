"""Run the parts of the soak for so many minutes, add to the figures of before, print the table."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from bench.soak import damage, killed, killed_app, killed_runs, mutated, served
from bench.soak.figures import Figures

PARTS: dict[str, tuple[float, Callable[[Figures, Path, float], None]]] = {
    "killed": (0.2, killed.before_each_operation),
    "killed while reviewing": (0.05, killed.reviewing),
    "killed while serving": (0.1, killed_app.serving),
    "killed while searching": (0.1, killed_runs.searching),
    "killed while training": (0.15, killed_runs.training),
    "mutated": (0.2, mutated.inputs),
    "damaged": (0.1, damage.every_file),
    "used": (0.1, served.used),
    "sessions": (0.1, served.sessions),
}
"""Part -> its share of the time, and what does it until a moment, or until it is enough."""


def main() -> int:
    """0 where no promise was broken."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=15)
    options.add_argument(
        "--home", type=Path, default=Path(".soak"), help="figures, and the workspaces that are tried"
    )
    options.add_argument("--only", choices=list(PARTS), action="append")
    options.add_argument("--table", action="store_true", help="print what is known and do nothing")
    given = options.parse_args()
    home = given.home.resolve()
    figures = Figures(home / "figures")
    chosen = {name: PARTS[name] for name in given.only or PARTS}
    whole = sum(share for share, _ in chosen.values())
    for name, (share, part) in {} if given.table else chosen.items():
        began = time.monotonic()
        try:
            part(figures, home / name.replace(" ", "-"), began + 60 * given.minutes * share / whole)
        except Exception:  # a part that falls is told, and the others go on
            figures.broke(name, traceback.format_exc(limit=-3))
        figures.add(name, seconds=round(time.monotonic() - began))
    sys.stdout.write(figures.table() + "\n")
    sys.stdout.write(json.dumps(figures.broken, indent=1) + "\n" if figures.broken else "")
    return int(bool(figures.broken))


if __name__ == "__main__":
    sys.exit(main())
